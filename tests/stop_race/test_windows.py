"""Each window through which a text could slip after a STOP, held open on purpose.

The same processes and the same verdict as in the random race; here it is not left to chance that an
opt-out falls between two steps of a send. `make mutants` closes each guard's eyes in turn.
"""

from __future__ import annotations

import contextlib
import hashlib
import signal
import sqlite3
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.e2e.site import wait_for
from tests.stop_race.hosts import Hosts, database, standing
from tests.stop_race.verdict import read, writes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.site import Site

PROMPT_S = 0.6  # late enough for an opt-out, and well within the permit's age
TIMES = 3
ENOUGH = 2  # a busy machine may miss a window once

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def one_host(tmp_path: Path) -> Iterator[tuple[Hosts, str]]:
    """A daemon with two modems, on SQLite."""
    with database("sqlite", tmp_path) as url, standing(tmp_path, url, 1, modems=2) as hosts:
        yield hosts, url


@pytest.fixture
def two_hosts(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Hosts, str]]:
    """Two daemons with a modem each, on one PostgreSQL."""
    with standing(tmp_path, postgres_url, 2, modems=1) as hosts:
        yield hosts, postgres_url


def number(attempt: int) -> str:
    return f"+1555777000{attempt}"


def begin(hosts: Hosts, attempt: int, prompt_s: float = PROMPT_S) -> str:
    """Have a text recorded as about to begin on modem 0, whose prompt is late; its identifier."""
    site = hosts.bank
    site.ctl("fault", modem=0, name="slow_prompt", p=1, seconds=prompt_s, count=1)
    line = hosts.line_of(0)
    message = str(site.send(number(attempt), f"T{attempt} Hello", **{"from": line})["id"])

    def has_begun() -> bool:
        (part,) = site.get(f"/v1/messages/{message}")["parts_detail"]
        return bool(part["status"] == "submitting")

    wait_for("its record", has_begun, pause_s=0.01)
    return message


def put(site: Site, attempt: int) -> threading.Thread:
    """Opt out over the API, in a thread: the answer may be long in coming."""
    path = f"/v1/optouts/{number(attempt)}"
    asking = threading.Thread(target=site.call, args=("PUT", path, {}))
    asking.start()
    return asking


def has_gone(hosts: Hosts, attempt: int) -> bool:
    return any(write.token == attempt for write in writes(hosts.bank))


def ended(site: Site, message: str) -> str:
    """Its status once nothing is to become of it any more."""

    def status() -> str | None:
        found = site.status_of(message)
        return None if found in ("queued", "sending") else found

    return str(wait_for("the end of the text", status))


def assert_held(hosts: Hosts, url: str, stopped: int) -> None:
    """Nothing went that should not, and the window was met."""
    hosts.end_watch()
    verdict = read(hosts, url)
    assert verdict.held, "\n".join(verdict.lines())
    assert verdict.opt_outs == TIMES
    assert stopped >= ENOUGH, "\n".join(verdict.lines())


def test_a_text_whose_record_is_written_does_not_begin_behind_an_opt_out(
    one_host: tuple[Hosts, str],
) -> None:
    """The opt-out is committed while the modem gets its prompt ready: the last check stops it."""
    hosts, url = one_host
    stopped = 0
    for attempt in range(1, TIMES + 1):
        message = begin(hosts, attempt)
        put(hosts.bank, attempt).join()
        ended(hosts.bank, message)
        stopped += not has_gone(hosts, attempt)
    assert_held(hosts, url, stopped)


def test_nothing_begins_while_an_opt_out_waits_for_its_commit(
    one_host: tuple[Hosts, str],
) -> None:
    """Another process has the database locked, so the opt-out can be committed only behind the
    prompt: the hold stops the text, though no opt-out stands yet."""
    hosts, url = one_host
    stopped = 0
    for attempt in range(1, TIMES + 1):
        message = begin(hosts, attempt)
        with _locked(url):
            asking = put(hosts.bank, attempt)
            with contextlib.suppress(AssertionError):
                wait_for("a Ctrl-Z", partial(has_gone, hosts, attempt), 2 * PROMPT_S)
        asking.join()
        ended(hosts.bank, message)
        stopped += not has_gone(hosts, attempt)
    assert_held(hosts, url, stopped)


def test_a_text_accepted_behind_the_cancelling_does_not_begin_behind_the_opt_out(
    two_hosts: tuple[Hosts, str],
) -> None:
    """The other host's opt-out has canceled what it saw and is not committed; meanwhile a text is
    accepted and claimed here. Its write-ahead waits for the opt-out, asks, and is refused."""
    hosts, url = two_hosts
    here, there = hosts.sites
    stopped = 0
    for attempt in range(1, TIMES + 1):
        with psycopg.connect(url) as held, psycopg.connect(url, autocommit=True) as asked:
            # The last thing of each group of writes, behind what the opt-out has to say.
            held.execute("SELECT 1 FROM writers WHERE host = %s FOR UPDATE", (there.host,))
            asking = put(there, attempt)
            _await_lock(asked, attempt, granted=True)
            time.sleep(0.2)  # nothing is left for it but the row that is held
            message = here.send(number(attempt), f"T{attempt} Hello")["id"]
            _await_lock(asked, attempt, granted=False)
        asking.join()
        ended(here, message)
        stopped += not has_gone(hosts, attempt)
    assert_held(hosts, url, stopped)


def test_an_opt_out_of_another_host_stops_a_text_whose_record_is_written(
    two_hosts: tuple[Hosts, str],
) -> None:
    """Memory learns of it within a second, which is too late: the permit is asked for again."""
    hosts, url = two_hosts
    stopped = 0
    for attempt in range(1, TIMES + 1):
        message = begin(hosts, attempt, PROMPT_S / 2)
        put(hosts.sites[1], attempt).join()
        ended(hosts.bank, message)
        stopped += not has_gone(hosts, attempt)
    assert_held(hosts, url, stopped)


def test_a_permit_does_not_outlive_a_pause_of_its_process(two_hosts: tuple[Hosts, str]) -> None:
    """The process stands still between its permit and the prompt; the other host opts out
    meanwhile, and memory knows nothing of it: the permit is too old, and is asked for again."""
    hosts, url = two_hosts
    here, there = hosts.sites
    assert here.daemon is not None
    stopped = 0
    for attempt in range(1, TIMES + 1):
        message = begin(hosts, attempt)
        here.daemon.send_signal(signal.SIGSTOP)
        try:
            put(there, attempt).join()
            hosts.await_seen(number(attempt))
            time.sleep(1.2)  # the permit's age, and the prompt is there
        finally:
            here.daemon.send_signal(signal.SIGCONT)
        ended(here, message)
        stopped += not has_gone(hosts, attempt)
    assert_held(hosts, url, stopped)


@contextlib.contextmanager
def _locked(url: str) -> Iterator[None]:
    """Nobody else writes."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def _await_lock(connection: psycopg.Connection[tuple[int]], attempt: int, *, granted: bool) -> None:
    """Until somebody has the right to decide about the number, or waits for it."""
    digest = hashlib.blake2b(number(attempt).encode(), digest_size=8).digest()
    high, low = int.from_bytes(digest[:4]), int.from_bytes(digest[4:])
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
        "AND classid::bigint = %s AND objid::bigint = %s AND granted = %s"
    )

    def found() -> bool:
        row = connection.execute(query, (high, low, granted)).fetchone()
        return row is not None and row[0] > 0

    wait_for("the lock of the number", found, pause_s=0.01)
