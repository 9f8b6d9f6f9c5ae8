"""An agent's reply waits for no campaign, however long that is."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from modemgw.gateway.lanes import PRIORITIES, lane_of
from modemgw.ids import new_id
from modemgw.store import messages, tables
from modemgw.store.engine import writer_engine
from modemgw.store.schema import migrate
from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

QUEUED = 100_000
REPLIES = 4


def test_a_reply_behind_100_000_queued_texts_goes_at_the_next_free_submit(tmp_path: Path) -> None:
    """One line. Between the answer to the post and the reply's Ctrl-Z no more than the one text
    begins that was at its prompt by then: so it waits one submit at most."""
    url = f"sqlite:///{tmp_path}/modemgw.db"
    migrate(url)
    engine = writer_engine(url)
    with engine.begin() as connection:
        queue_campaign(connection, QUEUED)
    engine.dispose()
    with running(Site(tmp_path, url, modems=1, submit_ms=150)) as site:
        assert site.get("/v1/queue")["waiting"] > QUEUED - 100
        wait_for("the campaign", lambda: len(site.journal("submit")) >= 2)
        for i in range(REPLIES):
            number = f"+1555888{i:04}"
            site.send(number, "Reply", kind="conversational")
            accepted_at = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            reply = wait_for("the reply", partial(submit_to, site, number))
            assert reply is not None
            since = [row for row in site.journal("submit") if row["t_ctrl_z"] > accepted_at]
            first = [row for row in since if row["t_ctrl_z"] < reply["t_ctrl_z"]]
            assert len(first) <= 1, (i, accepted_at, reply, first)


def submit_to(site: Site, number: str) -> dict[str, Any] | None:
    """The submit to a number, if it has begun."""
    return next((row for row in site.journal("submit") if row["to"] == number), None)


def queue_campaign(connection: Connection, count: int) -> None:
    """Write so many queued texts: one, and its copies."""
    now, lane = time.time(), lane_of(None, None, "key_campaign", kind="marketing")
    row = messages.new_message(
        {
            "id": new_id("msg"),
            "direction": "outbound",
            "status": "queued",
            "recipient": "+15550000000",
            "kind": "marketing",
            "text": "Everything must go.",
            "encoding": "gsm7",
            "parts": 1,
            "created_at": now,
            "expires_at": now + 86_400,
            "lane": lane,
            "home_lane": lane,
            "priority": PRIORITIES["marketing"],
        }
    )
    messages.insert_queued(connection, [row])
    for table, key in ((tables.messages, "id"), (tables.parts, "message_id")):
        differs = {key: "printf('msg_%032x', n.i)", "recipient": "printf('+1555%07d', n.i)"}
        names = table.columns.keys()
        copied = ", ".join(differs.get(name, name) for name in names)
        connection.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
                f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {copied} "
                f"FROM {table.name}, n"
            ),
            {"count": count - 1},
        )
