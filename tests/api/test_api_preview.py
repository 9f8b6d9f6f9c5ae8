"""A text may be looked at before it is sent, by the code that would take it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.clock import SystemClock
from modemgw.consent.gate import ANYWHERE, Policy
from modemgw.gateway.settings import Pool
from modemgw.store import tables
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sqlalchemy import Connection

ALICE = "+12025550111"
SMART = "“Don’t wait” – it’s\u00a0today…"
PLAIN = "\"Don't wait\" - it's today..."


class Night(SystemClock):
    """It is three in the morning in New York."""

    def __call__(self) -> float:
        return 1_781_074_800.0


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on either database, with one pool."""
    pools = MappingProxyType({"sales": Pool("sales", frozenset(), "marketing")})
    async with open_house(
        tmp_path, database_url=database_url, gateway_settings={"pools": pools}
    ) as opened:
        yield opened


async def preview(house: House, text: str = "Hello", **message: Any) -> dict[str, Any]:
    """What a preview tells."""
    body = {"to": ALICE, "text": text, **message}
    reply = await house.call("POST", "/v1/messages/preview", body)
    assert reply.status == 200, reply
    found: dict[str, Any] = reply.json
    return found


def _rows(connection: Connection) -> dict[str, int]:
    names = ("messages", "parts", "conversations", "audit", "events", "idempotency")
    all_tables = tables.metadata.tables
    return {name: len(connection.execute(all_tables[name].select()).all()) for name in names}


async def test_the_size_is_told_as_it_will_be(house: House) -> None:
    """Parts and encoding are those that the message then has."""
    for text in ("Hello", "a" * 161, "[€]" * 60, "Привет " * 30, SMART):
        size = (await preview(house, text))["size"]
        sent = (await house.send(to=ALICE, text=text)).json
        assert (size["encoding"], size["parts"]) == (sent["encoding"], sent["parts"])
        assert 0 <= size["left"] == size["capacity"] - size["used"]


async def test_what_forces_ucs2_is_named_with_its_places_and_a_replacement(house: House) -> None:
    """Quotation marks, a dash, an unusual space, an ellipsis."""
    seen = await preview(house, SMART)
    found = {item["character"]: item for item in seen["forcing_ucs2"]}
    assert found["’"]["positions"] == [SMART.index("’"), SMART.rindex("’")]
    assert {c: item["replacement"] for c, item in found.items()} == {
        "“": '"',
        "”": '"',
        "’": "'",
        "–": "-",
        "\u00a0": " ",
        "…": "...",
    }
    assert found["…"]["name"] == "HORIZONTAL ELLIPSIS"
    assert (seen["text"], seen["transliterated"], seen["transliteration"]) == (SMART, False, PLAIN)


async def test_a_text_is_transliterated_only_when_asked_and_says_so(house: House) -> None:
    """What is stored is what goes out; the preview has shown it."""
    seen = await preview(house, SMART, transliterate=True)
    assert (seen["text"], seen["transliterated"]) == (PLAIN, True)
    assert (seen["size"]["encoding"], seen["size"]["parts"]) == ("gsm7", 1)
    for wished, text, encoding in ((False, SMART, "ucs2"), (True, PLAIN, "gsm7")):
        sent = await house.send(text=SMART, transliterate=wished)
        kept = (await house.call("GET", sent.headers["Location"])).json
        for shown in (sent.json, kept):
            assert (shown["text"], shown["encoding"]) == (text, encoding)
            assert shown["transliterated"] is wished


async def test_a_text_that_needs_ucs2_all_the_same_stays_as_it_is(house: House) -> None:
    """Its quotation marks cost nothing beside the emoji."""
    seen = await preview(house, SMART + "😀", transliterate=True)
    assert (seen["text"], seen["transliterated"]) == (SMART + "😀", False)
    assert seen["transliteration"] is None
    assert [c["replacement"] for c in seen["forcing_ucs2"] if c["character"] == "😀"] == [None]
    sent = (await house.send(text=SMART + "😀", transliterate=True)).json
    assert (sent["text"], sent["transliterated"]) == (SMART + "😀", False)


async def test_a_preview_refuses_as_the_sending_would(house: House) -> None:
    """The same problem, word for word, whatever the reason."""
    await house.call("PUT", f"/v1/optouts/{ALICE}", {"reason": "by phone"})
    bodies: list[dict[str, Any]] = [
        {"to": ALICE},
        {"to": "nobody"},
        {"text": " "},
        {"text": "a" * 3_000},
        {"pool": "unknown"},
        {"from": "+12025550199"},
        {"valid_for": 0.5},
        {"text": "pay with 4111 1111 1111 1111"},
    ]
    for body in bodies:
        message = {"to": "+12025550122", "text": "Hello", **body}
        outlook = (await preview(house, **message))["outlook"]
        refused = await house.call("POST", "/v1/messages", message)
        assert outlook["outcome"] == "refused"
        assert outlook["problem"] == refused.json
        assert outlook["detail"] == refused.json["detail"]


async def test_a_key_may_not_preview_what_it_may_not_send(house: House) -> None:
    """Its kinds are those of the sending."""
    await house.make_key("quiet", scopes=["send"], kinds=["conversational"])
    await house.make_key("reader", scopes=["read"])
    body = {"to": ALICE, "text": "Hello", "pool": "sales"}
    reply = await house.call("POST", "/v1/messages/preview", body, key="quiet")
    assert reply.json["outlook"]["problem"]["type"].endswith("/kind-not-granted")
    assert (await house.call("POST", "/v1/messages/preview", body, key="reader")).status == 403


async def test_a_preview_writes_nothing(house: House) -> None:
    """No row, no event, no audit entry: neither of what would go nor of what would not."""
    await house.call("PUT", f"/v1/optouts/{ALICE}", {"reason": "by phone"})
    before = await house.gateway.reader.run(_rows)
    for to in (ALICE, "+12025550122"):
        await preview(house, to=to)
    assert await house.gateway.reader.run(_rows) == before
    assert not house.gateway.tally.refused


async def test_a_preview_tells_when_a_text_may_go(tmp_path: Path) -> None:
    """Outside the recipient's hours it waits, as the message then does."""
    policy = Policy.parse("08:00-21:00", [ANYWHERE])
    async with open_house(tmp_path, clock=Night(), gateway_settings={"policy": policy}) as house:
        zone = {"time_zone": "America/New_York", "kind": "transactional"}
        outlook = (await preview(house, **zone))["outlook"]
        sent = (await house.send(to=ALICE, **zone)).json
        assert outlook["outcome"] == sent["status"] == "scheduled"
        assert outlook["rule"] == sent["waiting_for"]
        assert outlook["not_before"] is not None
        assert outlook["detail"]
        assert (outlook["to"], outlook["kind"]) == (ALICE, "transactional")


async def test_text_that_no_text_message_can_be_is_a_problem(house: House) -> None:
    """Too long to be looked at at all."""
    body = {"to": ALICE, "text": "a" * 4_001}
    reply = await house.call("POST", "/v1/messages/preview", body)
    assert (reply.status, reply.kind, reply.fields) == (422, "text-too-long", {"text"})
