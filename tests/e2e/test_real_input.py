"""What real networks and modems have said, through the whole way in: pty, daemon, database, API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.site import Site, running, wait_for
from tests.modem.scripted import ScriptedModem, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "data"
PARTIALS = "[messages]\npartial_after = 3\n"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def wild() -> list[dict[str, Any]]:
    """PDUs from the network that somebody has really seen, each once."""
    return [
        row
        for row in rows("pdu-decode.jsonl")
        if row["direction"] == "mt" and not row["source"].startswith("constructed")
    ]


def with_service_centre(row: dict[str, Any]) -> str:
    return str(row["pdu"]) if row["sca_included"] else "00" + str(row["pdu"])


def plain(text: str) -> str:
    """As the gateway keeps it: no NUL, no half of a surrogate pair."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def counted(site: Site) -> dict[str, int]:
    """TPDUs taken in, by kind, from the metrics."""
    text = site.get("/metrics")
    found = re.findall(r'modemgw_incoming\w*\{kind="(\w+)"\} (\d+)', text)
    return {kind: int(number) for kind, number in found}


def taken_in(site: Site, count: int) -> bool:
    return sum(counted(site).values()) >= count


@pytest.fixture
def wild_site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", extra=PARTIALS)
    with running(site):
        yield site


@pytest.mark.timeout(180)
def test_every_wild_pdu_is_a_message_a_report_or_kept_and_shown(wild_site: Site) -> None:
    """More than 200 PDUs from other projects' collections: texts arrive as written, nothing blocks
    what comes behind it."""
    site, seen = wild_site, wild()
    assert len(seen) >= 200
    for i, row in enumerate(seen):
        site.ctl("inject", modem=i % 4, pdu=with_service_centre(row))
        if i % 40 == 39:
            wait_for("them to be taken in", partial(taken_in, site, i + 1))
    site.inject(0, "+15553000099", "Behind them all")
    wait_for(
        "the text behind them",
        lambda: any(m["text"] == "Behind them all" for m in site.inbound()),
    )
    texts = [
        plain(row["expect"]["text"])
        for row in seen
        if row["expect"]["type"] == "deliver" and row["expect"].get("text")
    ]

    def missing() -> list[str]:
        got = "\0".join(m["text"] for m in site.inbound())
        return [text for text in texts if text not in got]

    with contextlib.suppress(AssertionError):  # the assertion below says more
        wait_for("incomplete ones to be given out", lambda: not missing())
    assert missing() == []
    assert sum(counted(site).values()) >= len(seen)
    assert counted(site)["report"] >= sum(r["expect"]["type"] == "status-report" for r in seen)
    assert [m["state"] for m in site.items("/v1/modems")] == ["ready"] * 4


@pytest.mark.timeout(180)
async def test_a_modem_that_babbles_every_transcript_loses_no_text(tmp_path: Path) -> None:
    """All AT transcripts of the vectors are printed into a working port, texts among them: each
    text arrives, and the modem is ready afterwards."""
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", modems=1)
    modem = ScriptedModem(tmp_path, "scripted")
    modem.script["AT+CGSN"] = ok("356938030000443")  # not that of the simulated one beside it
    modem.plug()
    site.extra_ports = [modem.path]
    transcripts = rows("at-transcripts.jsonl")
    assert len(transcripts) >= 100
    texts = [
        row
        for row in wild()
        if row["expect"]["type"] == "deliver"
        and row["expect"].get("text")
        and "concat" not in row["expect"]
    ]
    sent = []
    try:
        await asyncio.to_thread(site.start)
        await asyncio.to_thread(site.wait_ready, 2)
        for i, transcript in enumerate(transcripts):
            for line in transcript["response_lines"]:
                modem.say(f"\r\n{line}\r\n".encode().decode("latin-1"))  # octets as they are
            if i % 10 == 0 and texts:
                row = texts.pop()
                pdu = with_service_centre(row)
                length = len(pdu) // 2 - 1 - int(pdu[:2], 16)
                modem.say(f"\r\n+CMT: ,{length}\r\n{pdu}\r\n")
                sent.append(plain(row["expect"]["text"]))
            await asyncio.sleep(0.01)
        assert len(sent) > 100

        def missing() -> list[str]:
            got = {m["text"] for m in site.inbound()}
            return [text for text in sent if text not in got]

        with contextlib.suppress(AssertionError):  # the assertion below says more
            await asyncio.to_thread(wait_for, "every text", lambda: not missing())
        assert await asyncio.to_thread(missing) == []
        await asyncio.to_thread(site.wait_ready, 2)
    finally:
        await asyncio.to_thread(site.close)
        modem.unplug()
