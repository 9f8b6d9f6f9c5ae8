"""A person's data over HTTP, for those who may administrate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.api.person_shapes import Erased, Person
from modemgw.ids import new_id
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NUMBER = "+12025550101"
PATH = "/v1/persons/%2B12025550101"


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on either database, with a key that may send alone."""
    async with open_house(tmp_path, database_url=database_url) as opened:
        await opened.make_key("sender", scopes=["send", "read"])
        yield opened


async def test_a_person_is_shown_by_pages_and_erased(house: House) -> None:
    """With an opt-out that stays and can be read, listed and lifted as before."""
    for _ in range(3):
        await house.receive(id=new_id("msg"), sender=NUMBER)
    assert (await house.call("PUT", "/v1/optouts/%2B12025550101", {})).status == 200
    found, cursor = 0, ""
    while True:
        page = await house.call("GET", f"{PATH}?limit=2{cursor}")
        Person.model_validate(page.json)
        found += len(page.json["messages"])
        if page.json["next"] is None:
            break
        cursor = f"&cursor={page.json['next']}"
    assert (found, page.json["opt_outs"][0]["number"]) == (3, NUMBER)
    assert [entry["action"] for entry in page.json["audit"]] == ["opted_out"]
    erased = await house.call("DELETE", f"{PATH}?reason=asked")
    told = Erased.model_validate(erased.json)
    assert (told.messages, told.audit, told.opted_out) == (3, 1, True)
    assert (await house.send(to=NUMBER)).kind == "opted-out"
    assert (await house.call("GET", "/v1/optouts/%2B12025550101")).status == 200
    (listed,) = (await house.call("GET", "/v1/optouts")).json["items"]
    assert listed["number"].startswith("#")
    assert (await house.call("DELETE", "/v1/optouts/%2B12025550101?reason=form")).status == 204
    assert (await house.send(to=NUMBER)).status == 201


async def test_only_an_administrator_sees_or_erases_a_person(house: House) -> None:
    """And nobody erases without a reason."""
    for method, query in (("GET", ""), ("DELETE", "?reason=asked")):
        reply = await house.call(method, f"{PATH}{query}", key="sender")
        assert (reply.status, reply.kind) == (403, "missing-scope")
    reply = await house.call("DELETE", PATH)
    assert (reply.status, reply.fields) == (422, {"reason"})
    assert (await house.call("GET", "/v1/persons/nobody")).kind == "invalid-number"
