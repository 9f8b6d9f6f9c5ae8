"""Lists of opt-outs and consents in CSV: brought in row by row, taken out whole."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api import lists
from modemgw.consent.scopes import OptOutRules
from modemgw.gateway import bulk
from modemgw.gateway.settings import Pool
from tests.api.house import House, Reply, open_house
from tests.api.wire import wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

ONE, TWO = "+12025550100", "+12025550101"
FORM = "number,kind,source,obtained_at,scope\n"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on either database, with a pool that is a brand."""
    settings = {
        "pools": {"sales": Pool("sales", frozenset())},
        "optouts": OptOutRules(pools=frozenset({"sales"}), brands={"sales": "acme"}),
    }
    async with open_house(tmp_path, database_url=database_url, gateway_settings=settings) as opened:
        yield opened


async def bring(house: House, what: str, text: str, **options: Any) -> Reply:
    path, raw = f"/v1/{what}/import", text.encode()
    return await house.call("POST", path, raw=raw, **{"headers": CSV, **options})


async def table(house: House, what: str) -> list[dict[str, str]]:
    """A list as it is taken out."""
    reply = await house.call("GET", f"/v1/{what}/export")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(reply.body.decode(), newline="")))


async def test_opt_outs_are_brought_in_and_hold_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad rows are told, the others taken; the same list, and its export, change nothing more."""
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    monkeypatch.setattr(lists, "PAGE", 2)
    waiting = (await house.send(to=ONE)).json
    text = (
        "\ufeffNumber,Scope,source,evidence,remark\r\n"
        f'{ONE},all,old system,"page 7, line 1",x\r\n'
        f"{TWO},brand:acme,,,\r\n"
        f"{TWO},pool:sales,old system,,\r\n"
        "\r\n"
        "12,all,,,\r\n"
        f"{TWO},pool:nowhere,,,\r\n"
        f"{TWO},everything,,,\r\n"
        f"{TWO},all\r\n"
        f"{ONE},,,,\r\n"
    )
    told = (await bring(house, "optouts", text)).json
    assert (told["recorded"], told["known"]) == (3, 1)
    assert [item["row"] for item in told["refused"]] == [5, 6, 7, 8]
    assert "nowhere" in told["refused"][1]["detail"]
    assert (await house.send(to=ONE)).kind == "opted-out"
    message = await house.call("GET", f"/v1/messages/{waiting['id']}")
    assert message.json["status"] == "canceled"
    assert (await house.send(to=TWO, pool="sales")).kind == "opted-out"
    rows = await table(house, "optouts")
    assert [(row["number"], row["scope"]) for row in rows] == [
        (ONE, "all"),
        (TWO, "brand:acme"),
        (TWO, "pool:sales"),
    ]
    assert rows[0]["reason"] == "old system: page 7, line 1"
    again = await house.call("GET", "/v1/optouts/export")
    assert (await bring(house, "optouts", again.body.decode())).json == {
        "recorded": 0,
        "known": 3,
        "refused": [],
    }


async def test_what_an_opt_out_leaves_stays_so_when_its_list_is_brought_in_again(
    tmp_path: Path, database_url: str
) -> None:
    """As it was taken out; a row that leaves nothing ends all kinds, and no list leaves more."""
    french, settings = (
        "+33612345678",
        {"optouts": OptOutRules(leaves=frozenset({"transactional"}), leaves_in=frozenset({"FR"}))},
    )
    async with open_house(tmp_path, database_url=database_url, gateway_settings=settings) as house:
        heading = "number,leaves\n"
        for row, recorded, leaves in (
            ("transactional", 1, "transactional"),
            ("transactional", 0, "transactional"),
            ("", 1, ""),
            ("transactional", 0, ""),
        ):
            told = (await bring(house, "optouts", f"{heading}{french},{row}\n")).json
            assert told == {"recorded": recorded, "known": 1 - recorded, "refused": []}
            rows = await table(house, "optouts")
            assert [(r["number"], r["leaves"]) for r in rows] == [(french, leaves)]
        told = (await bring(house, "optouts", f"{heading}{french},marketing\n")).json
        assert [item["row"] for item in told["refused"]] == [1]


async def test_consents_are_brought_in_unless_they_were_ended_since(house: House) -> None:
    """By a withdrawal, or an opt-out; an older record takes the place of none that is newer."""
    row = f"{ONE},marketing,form,2026-01-02T03:04:05Z"
    told = (await bring(house, "consents", FORM + f"{row},\n{row},pool:sales\n")).json
    assert told == {"recorded": 2, "known": 0, "refused": []}
    rows = await table(house, "consents")
    assert [(r["scope"], r["state"], r["obtained_at"][:10]) for r in rows] == [
        ("all", "given", "2026-01-02"),
        ("pool:sales", "given", "2026-01-02"),
    ]
    older = row.replace("2026", "2025")
    assert (await bring(house, "consents", FORM + f"{older},\n")).json["known"] == 1
    path = "/v1/consents/%2B12025550100"
    await house.call("DELETE", f"{path}?scope=all&reason=asked")
    await house.call("PUT", "/v1/optouts/%2B12025550101", {})
    bad = (
        f"{row},\n"
        f"{row.replace(ONE, TWO)},\n"
        f"{row},pool:nowhere\n"
        f"{row.replace('2026', '2999')},\n"
        f"{row.replace('marketing', 'spam')},\n"
        f"12,marketing,form,2026-01-02T03:04:05Z,\n"
    )
    told = (await bring(house, "consents", FORM + bad)).json
    assert (told["recorded"], told["known"]) == (0, 0)
    words = [item["detail"] for item in told["refused"]]
    assert len(words) == 6
    assert "withdrawn" in words[0]
    assert "opted out" in words[1]
    assert (await house.call("GET", path)).json["items"][0]["state"] == "withdrawn"
    taken = (await house.call("GET", "/v1/consents/export")).body.decode()
    again = (await bring(house, "consents", taken)).json
    assert (again["recorded"], again["known"], len(again["refused"])) == (0, 1, 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_no_table_is_refused_whole(house: House) -> None:
    """By what is at fault; nothing of it is taken."""
    many = "number\n" + "".join(f"+1202555{at:04}\n" for at in range(451))
    for text, kind, fields in (
        ("", "invalid", {"number"}),
        ("name\nx\n", "invalid", {"number"}),
        ("number,number\n1,2\n", "invalid", {"number"}),
        (many, "invalid", {""}),
    ):
        reply = await bring(house, "optouts", text)
        assert (reply.status, reply.kind, reply.fields) == (422, kind, fields), text[:20]
    reply = await house.call("POST", "/v1/optouts/import", raw=b"number\n\xff\n", headers=CSV)
    assert (reply.status, reply.kind) == (422, "invalid")
    reply = await bring(house, "optouts", "number\n", headers={})
    assert (reply.status, reply.kind) == (415, "unsupported-media-type")
    assert await table(house, "optouts") == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_list_of_consents_needs_an_admin_key(house: House) -> None:
    """As one consent does: what sends campaigns must not clear its own way."""
    await house.make_key("sender", scopes=["send", "read"])
    assert (await bring(house, "consents", FORM, key="sender")).status == 403
    assert (await bring(house, "optouts", "number\n", key="sender")).status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_list_that_its_reader_let_wait_does_not_look_whole(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads on after we gave up gets no end of it."""

    async def pages(_: object) -> AsyncIterator[Iterable[Mapping[str, Any]]]:
        row = dict.fromkeys(lists._OPT_OUT_COLUMNS, "x")
        for _number in range(40):
            yield [row | {"reason": "x" * 1_000_000}]

    monkeypatch.setattr(lists.OptOutLists, "_pages", pages)
    async with (
        open_house(tmp_path, database_url=database_url, stream_write_timeout_s=0.3) as house,
        wire(house) as line,
    ):
        head = ("GET /v1/optouts/export HTTP/1.1", "Host: test")
        key = f"Authorization: Bearer {house.keys['all']}"
        await line.say("\r\n".join([*head, key, "Connection: close", "", ""]).encode())
        await asyncio.sleep(1.0)
        told = await line.end()
        assert len(told) < 40_000_000
        assert not told.endswith(b"0\r\n\r\n")
