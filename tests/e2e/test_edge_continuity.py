"""What is at the edges goes away and comes back: a webhook's receiver, then the database."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.crash.disk import Disk
from tests.crash.shim import needs_compiler
from tests.e2e.site import Site, free_port, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "whsec_" + "A" * 32
ANNA, BERT, CARL = "+15553000001", "+15553000002", "+15553000003"


@dataclass(slots=True)
class Receiver:
    """A program that webhooks are posted to, which may be down, refuse, or take."""

    port: int = field(default_factory=free_port)
    takes: bool = False
    refused: list[dict[str, Any]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Listen meanwhile."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["webhook-id"] == event["id"]
                (receiver.taken if receiver.takes else receiver.refused).append(event)
                self.send_response(204 if receiver.takes else 500)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    def taken_of(self, sender: str) -> list[dict[str, Any]]:
        """The events of a sender's texts that it took, in order."""
        return [event for event in self.taken if event["data"]["from"] == sender]


def posted(site: Site, body: dict[str, Any]) -> tuple[int, str | None, Any]:
    """Status, Retry-After and body of a post, always with the same Idempotency-Key."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    head = {
        "Authorization": f"Bearer {site.key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "continuity",
    }
    with contextlib.closing(connection):
        connection.request("POST", "/v1/messages", json.dumps(body), head)
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"], json.loads(answer.read())


@needs_compiler
def test_receiver_and_database_go_and_come_back_and_nothing_is_lost(tmp_path: Path) -> None:
    """Events wait and come in order with their ids; texts wait in the modems, callers get 503."""
    receiver = Receiver()
    hook = (
        f'[[webhooks]]\nurl = "http://127.0.0.1:{receiver.port}/"\n'
        f'secret = "{SECRET}"\nevents = ["message.received"]\n'
    )
    data, beside = tmp_path / "data", tmp_path / "disk"
    data.mkdir()
    beside.mkdir()
    disk = Disk(data, beside)
    disk.build()
    site = Site(tmp_path, f"sqlite:///{data}/modemgw.db", modems=2, extra=hook)
    site.daemon_environment |= disk.environment
    with running(site):
        _receiver_goes(site, receiver)
        receiver.takes = True
        with receiver.up():
            _receiver_is_back(receiver)
            _database_goes(site, receiver, disk)


def _receiver_goes(site: Site, receiver: Receiver) -> None:
    """It refuses, then nobody listens."""
    with receiver.up():
        for sender in (ANNA, BERT):
            site.inject(0, sender, "no. 1")
        wait_for("both to be refused", lambda: len(receiver.refused) >= 2)
    for number in (2, 3, 4):
        for sender in (ANNA, BERT):
            site.inject(number % 2, sender, f"no. {number}")
            wait_for("it to be taken in", partial(_is_in, site, sender, f"no. {number}"))


def _is_in(site: Site, sender: str, text: str) -> bool:
    return (sender, text) in [(message["from"], message["text"]) for message in site.inbound()]


def _receiver_is_back(receiver: Receiver) -> None:
    """What waited comes in the order in which it was received, with the same ids, once."""
    wait_for("all events", lambda: len(receiver.taken) >= 8, 60)
    for sender in (ANNA, BERT):
        events = receiver.taken_of(sender)
        assert [event["data"]["text"] for event in events] == [f"no. {i}" for i in (1, 2, 3, 4)]
        first = events[0]["sequence"]
        assert [event["sequence"] for event in events] == [first + i for i in range(4)]
        refused = {e["id"] for e in receiver.refused if e["data"]["from"] == sender}
        assert refused == {events[0]["id"]}  # one in flight: none overtook the first
    assert len({event["id"] for event in receiver.taken}) == 8


def _database_goes(site: Site, receiver: Receiver, disk: Disk) -> None:
    """It cannot be written, and then can."""
    body = {"to": "+15552000001", "text": "Your order is ready."}
    before = len(site.journal("delete"))
    disk.set("broken", on=True)
    status, retry_after, answer = posted(site, body)
    assert (status, answer["type"].rpartition("/")[2]) == (503, "unavailable")
    assert retry_after is not None
    assert int(retry_after) > 0
    wait_for("readiness to say so", lambda: site.call("GET", "/readyz")[0] == 503)
    site.inject(1, CARL, "Are you there?")
    time.sleep(1)  # as long as it takes to read it many times over
    assert len(site.journal("delete")) == before  # it stays in the modem
    assert site.journal("submit") == []
    assert site.call("GET", "/healthz")[0] == 200
    disk.set("broken", on=False)
    wait_for("readiness", lambda: site.call("GET", "/readyz")[0] == 200, 60)
    wait_for("the text that waited", lambda: receiver.taken_of(CARL), 90)
    first = wait_for("the post to be taken", lambda: _taken(posted(site, body)))
    assert _taken(posted(site, body)) == first
    wait_for("it to go", lambda: site.status_of(first) in ("sent", "delivered"))
    wait_for("it to leave the modem", lambda: len(site.journal("delete")) > before)
    assert len(site.journal("submit")) == 1
    assert len(receiver.taken_of(CARL)) == 1


def _taken(answer: tuple[int, str | None, Any]) -> str:
    """The id of the message that was taken; nothing where it was not."""
    return str(answer[2]["id"]) if answer[0] == 201 else ""
