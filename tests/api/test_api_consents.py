"""Consents over HTTP: recorded with their evidence, listed, withdrawn and never erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modemgw.consent.scopes import OptOutRules
from modemgw.gateway.settings import Pool
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NUMBER = "/v1/consents/%2B12025550100"
FORM = {
    "kind": "marketing",
    "source": "web form",
    "obtained_at": "2026-01-02T03:04:05.000Z",
    "wording": "Yes, text me offers.",
    "evidence": "form 4711",
}


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on either database, with a pool that is a brand."""
    settings = {
        "pools": {"sales": Pool("sales", frozenset())},
        "optouts": OptOutRules(pools=frozenset({"sales"}), brands={"sales": "acme"}),
    }
    async with open_house(tmp_path, database_url=database_url, gateway_settings=settings) as opened:
        yield opened


async def items(house: House, path: str) -> list[Any]:
    reply = await house.call("GET", path)
    assert reply.status == 200, reply
    found: list[Any] = reply.json["items"]
    return found


async def test_a_consent_is_kept_with_its_evidence_and_withdrawn_not_erased(house: House) -> None:
    """Who recorded it is told, too."""
    reply = await house.call("PUT", NUMBER, FORM)
    assert reply.status == 200, reply
    given = reply.json
    assert given == {**given, **FORM, "scope": "all", "state": "given", "ended_by": None}
    assert given["recorded_by"].startswith("key_")
    ended = await house.call("DELETE", f"{NUMBER}?reason=by%20letter")
    (gone,) = ended.json["items"]
    assert (gone["state"], gone["ended_by"], gone["evidence"]) == (
        "withdrawn",
        "request",
        "form 4711",
    )
    assert await items(house, NUMBER) == [gone]
    assert (await house.call("DELETE", NUMBER)).json == {"items": []}


async def test_a_consent_may_be_of_a_brand(house: House) -> None:
    """One that is configured; also in a list."""
    given = await house.call("PUT", NUMBER, {**FORM, "scope": "brand:acme"})
    assert (given.status, given.json["scope"]) == (200, "brand:acme")
    text = "number,kind,source,obtained_at,scope\n+12025550101,marketing,form,2026-01-02T03:04:05Z,"
    raw, headers = f"{text}brand:acme\n".encode(), {"Content-Type": "text/csv"}
    told = await house.call("POST", "/v1/consents/import", raw=raw, headers=headers)
    assert told.json["recorded"] == 1
    ended = await house.call("DELETE", f"{NUMBER}?scope=brand:acme")
    assert [item["scope"] for item in ended.json["items"]] == ["brand:acme"]


async def test_pages_go_on_behind_a_number_that_was_erased(house: House) -> None:
    """What it had withdrawn is listed under its hash."""
    for number in ("100", "101"):
        path = f"/v1/consents/%2B12025550{number}"
        await house.call("PUT", path, FORM)
        await house.call("DELETE", path)
        erased = await house.call("DELETE", f"/v1/persons/%2B12025550{number}?reason=asked")
        assert erased.status == 200, erased
    await house.call("PUT", NUMBER, FORM)
    seen, cursor = [], ""
    for _ in range(3):
        page = (await house.call("GET", f"/v1/consents?limit=1{cursor}")).json
        seen += [item["number"] for item in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert sorted(number[0] for number in seen) == ["#", "#", "+"]
    assert page["next"] is None


async def test_consents_are_listed_page_by_page(house: House) -> None:
    """By number, kind and scope; narrowed by kind and state."""
    await house.call("PUT", NUMBER, FORM)
    await house.call("PUT", NUMBER, {**FORM, "scope": "pool:sales"})
    await house.call("PUT", NUMBER, {**FORM, "kind": "transactional"})
    await house.call("PUT", "/v1/consents/%2B12025550101", FORM)
    await house.call("DELETE", f"{NUMBER}?kind=transactional")
    seen, cursor = [], ""
    while True:
        page = (await house.call("GET", f"/v1/consents?limit=1{cursor}")).json
        seen += [(item["number"][-1], item["kind"], item["scope"]) for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [
        ("0", "marketing", "all"),
        ("0", "marketing", "pool:sales"),
        ("0", "transactional", "all"),
        ("1", "marketing", "all"),
    ]
    assert len(await items(house, "/v1/consents?state=withdrawn")) == 1
    assert len(await items(house, "/v1/consents?kind=marketing&state=given")) == 3


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"source": ""}, "invalid", "source"),
        ({"kind": "spam"}, "invalid", "kind"),
        ({"obtained_at": "2999-01-01T00:00:00Z"}, "invalid", "obtained_at"),
        ({"scope": "pool:nowhere"}, "unknown-pool", "scope"),
        ({"scope": "brand:sales"}, "unknown-pool", "scope"),
        ({"wording": "x" * 4_001}, "invalid", "wording"),
    ],
)
async def test_what_cannot_be_a_consent_is_refused(
    house: House, change: dict[str, str], kind: str, field: str
) -> None:
    """By the field that is at fault, and nothing is recorded."""
    reply = await house.call("PUT", NUMBER, {**FORM, **change})
    assert (reply.status, reply.kind, reply.fields) == (422, kind, {field})
    assert await items(house, NUMBER) == []


async def test_somebody_is_asked_for_a_consent_by_text_once(house: House) -> None:
    """What is pending tells the text that asks; another question is refused for a while."""
    body = {"kind": "marketing", "source": "web form", "double": True, "language": "fr"}
    asked = (await house.call("PUT", NUMBER, body)).json
    assert (asked["state"], asked["message"]) == ("pending", None)
    assert asked["due_at"] is not None
    question = (await house.call("GET", f"/v1/messages/{asked['request']}")).json
    assert "OUI" in question["text"]
    assert await items(house, "/v1/consents?state=pending") == [asked]
    reply = await house.call("PUT", NUMBER, {**body, "kind": "transactional"})
    assert (reply.status, reply.kind) == (409, "asked-lately")
    reply = await house.call("PUT", "/v1/consents/%2B881612345678", body)
    assert (reply.status, reply.kind) == (422, "service-number")
    ended = (await house.call("DELETE", NUMBER)).json["items"]
    assert [(item["state"], item["due_at"]) for item in ended] == [("withdrawn", None)]


async def test_a_wrong_filter_or_cursor_is_told(house: House) -> None:
    """Each by its name."""
    for query, field in (("state=maybe", "state"), ("cursor=AAAA", "cursor"), ("kind=x", "kind")):
        reply = await house.call("GET", f"/v1/consents?{query}")
        assert (reply.status, reply.fields) == (422, {field})
