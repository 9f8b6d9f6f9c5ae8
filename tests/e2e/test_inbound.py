"""What customers write, from the radio to the API, whatever happens on the way."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from typing import Any

ANNA, BERT = "+15553000011", "+15553000012"
LONG = "A long answer, with € and [brackets] and more than one part. " * 5


def test_long_texts_out_of_order_and_interleaved_arrive_whole_and_once(any_site: Site) -> None:
    """The parts of two customers' texts alternate, the last ones first; a restart lies between."""
    site = any_site
    emoji = "Grüße 😀 " * 20
    site.inject(0, ANNA, LONG, ref=7, order=[2])
    site.inject(0, BERT, emoji, ref=7, order=[1])
    site.inject(0, ANNA, LONG, ref=7, order=[0])
    wait_for("the journal", lambda: len(site.journal("delete")) == 3)
    site.kill_daemon()
    site.start_daemon()
    site.inject(0, BERT, emoji, ref=7, order=[2, 0])
    site.inject(0, ANNA, LONG, ref=7, order=[1])
    wait_for("both", lambda: len(site.inbound()) == 2)
    found = {message["from"]: message for message in site.inbound()}
    assert found[ANNA]["text"] == LONG
    assert found[BERT]["text"] == emoji
    lines = {m["line"]: m["port"] for m in site.items("/v1/modems")}
    assert {lines[m["line"]][-3:] for m in found.values()} == {"000"}


def test_a_text_that_comes_twice_is_one_message(any_site: Site) -> None:
    """The network delivers the same TPDU again, as it does when an acknowledgement was lost."""
    site = any_site
    pdus = site.inject(0, ANNA, "Once")["pdus"]
    wait_for("the text", site.inbound)
    site.ctl("inject", modem=0, pdu=pdus[0])
    site.inject(0, BERT, "Another")
    wait_for("the other text", lambda: any(m["from"] == BERT for m in site.inbound()))
    wait_for("the storage to be empty", lambda: len(site.journal("delete")) == 3)
    assert [m["text"] for m in site.inbound() if m["from"] == ANNA] == ["Once"]


def test_texts_wait_in_the_modem_while_the_database_is_away(site: Site) -> None:
    """While nothing can be committed nothing is deleted; a kill in that time loses no text."""
    lock = sqlite3.connect(site.folder / "modemgw.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        for i in range(10):
            site.inject(i % 4, ANNA, f"Text {i}")
        time.sleep(1)  # long enough to read and, wrongly, to delete them
        site.kill_daemon()
    finally:
        lock.rollback()
        lock.close()
    site.start_daemon()
    wait_for("all texts", lambda: len(site.inbound()) == 10)
    assert sorted(m["text"] for m in site.inbound()) == sorted(f"Text {i}" for i in range(10))


def test_kills_while_texts_pour_in_lose_none_and_double_none(site: Site) -> None:
    """Between reading, commit and delete the daemon dies three times."""
    expected = []
    for round_ in range(3):
        for i in range(20):
            text = f"Round {round_} text {i}"
            site.inject(i % 4, f"+1555301{i:04}", text)
            expected.append(text)
        time.sleep(0.05 + 0.03 * round_)
        site.kill_daemon()
        site.start_daemon()
    wait_for("all texts", lambda: len(site.inbound()) >= len(expected))
    assert sorted(m["text"] for m in site.inbound()) == sorted(expected)


def test_announcements_that_are_lost_are_made_good_by_a_sweep(site: Site) -> None:
    """No +CMTI comes; the next announced text leads to the sweep, or the restart does."""
    site.ctl("fault", name="drop_cmti", p=1)
    site.inject(0, ANNA, "Unannounced")
    site.kill_daemon()
    site.start_daemon()
    wait_for("the text", lambda: [m["text"] for m in site.inbound()] == ["Unannounced"])


def test_what_does_not_decode_is_kept_and_visible(site: Site) -> None:
    """A broken TPDU blocks nothing and is shown to the technician."""
    site.ctl("inject", modem=0, pdu="07911326040000F0040B911346610089F6000020806291")
    site.inject(0, ANNA, "Behind it")
    wait_for("the text behind it", site.inbound)
    kept: list[dict[str, Any]] = wait_for("it", lambda: site.items("/v1/undecoded"))
    assert kept[0]["pdu"].startswith("07911326040000F0")
    assert kept[0]["defect"]
