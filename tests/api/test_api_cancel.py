"""Canceling many texts over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.api import answers
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PATH = "/v1/messages/cancel"


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on each database."""
    async with open_house(tmp_path, database_url=database_url) as opened:
        yield opened


async def test_texts_that_wait_are_canceled_by_what_they_have_in_common(house: House) -> None:
    """The answer counts; the rest waits on."""
    for n in range(3):
        await house.send(text=f"n{n}", metadata={"campaign": "winter"}, reference=f"r{n}")
    spared = (await house.send(metadata={"campaign": "summer"})).json["id"]
    reply = await house.call("POST", PATH, {"metadata": {"campaign": "winter"}})
    assert (reply.status, reply.json) == (200, {"canceled": 3, "left": 0, "more": False})
    answers.Canceled.model_validate(reply.json)
    page = await house.call("GET", "/v1/messages?status=queued")
    assert [item["id"] for item in page.json["items"]] == [spared]
    reply = await house.call("POST", PATH, {"to": "(555) 000-1001", "kind": "transactional"})
    assert reply.json["canceled"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"pool": None}, ""),
        ({"colour": "red"}, "colour"),
        ({"to": "nobody"}, "to"),
        ({"line": "lin_1"}, "line"),
        ({"priority_below": 0}, "priority_below"),
        ({"metadata": {}}, "metadata"),
        ({"metadata": {'a"b': "c"}}, 'metadata.a"b'),
        ({"metadata": {"a": 5}}, "metadata.a"),
    ],
)
async def test_a_description_that_says_nothing_or_nonsense_cancels_nothing(
    house: House, body: dict[str, object], field: str
) -> None:
    """Nobody cancels everything by a typing error."""
    await house.send()
    reply = await house.call("POST", PATH, body)
    assert (reply.status, reply.fields) == (422, {field}), reply.json
    assert (await house.call("GET", "/v1/queue")).json["waiting"] == 1


async def test_a_key_cancels_its_own_texts_and_an_administrator_s_all(house: House) -> None:
    """A tool cannot clear another's campaign."""
    await house.make_key("crm", scopes=["send"])
    await house.make_key("shop", scopes=["send"])
    message = {"to": "+15550001001", "text": "x", "reference": "r"}
    for key in ("crm", "shop"):
        assert (await house.call("POST", "/v1/messages", message, key=key)).status == 201
    reply = await house.call("POST", PATH, {"reference": "r"}, key="crm")
    assert reply.json == {"canceled": 1, "left": 0, "more": False}
    reply = await house.call("POST", PATH, {"reference": "r"}, key="all")
    assert reply.json["canceled"] == 1
