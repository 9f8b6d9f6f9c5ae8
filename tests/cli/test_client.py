"""The client against servers that do not behave, and streams that end."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from modemgw.cli.client import Client, RefusedError
from modemgw.cli.errors import CommandError
from tests.cli.commands import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@contextmanager
def _server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives every request these bytes; its URL, and what it was asked."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                head += line
            asked.append(head)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_an_error_that_is_no_problem_document_still_has_words() -> None:
    """A proxy in between may answer anything."""
    page = b"<html>Bad Gateway</html>"
    head = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n" % len(page)
    with (
        _server(head + page) as (url, _),
        pytest.raises(RefusedError, match="502") as caught,
    ):
        Client(url).get("/v1/lines")
    assert caught.value.problem == {}


def test_what_speaks_no_http_is_no_daemon() -> None:
    """The words name the address that was tried."""
    with _server(b"SSH-2.0-none\r\n") as (url, _), pytest.raises(CommandError, match="no daemon"):
        Client(url).get("/v1/lines")


def test_a_daemon_behind_a_prefix_and_a_key_are_asked_for_as_given() -> None:
    """A reverse proxy may put the API under a path."""
    with _server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (url, asked):
        Client(f"{url}/sms/", "mgw_x").get("/v1/messages", to="+1", status=None)
    assert asked[0].startswith(b"GET /sms/v1/messages?to=%2B1 HTTP/1.1\r\n")
    assert b"Authorization: Bearer mgw_x\r\n" in asked[0]


@pytest.mark.parametrize("url", ["http://", "http://host:port", "ftp://host"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(CommandError, match="no URL"):
        Client(url)


def _event(number: int) -> bytes:
    body = {"id": f"evt_{number}", "type": "modem.state", "created_at": "T", "data": {"port": "p"}}
    return f"id: evt_{number}\nevent: modem.state\ndata: {json.dumps(body)}\n\n".encode()


def test_a_stream_gives_events_and_leaves_heartbeats_out() -> None:
    """It ends when the daemon ends it, an unfinished event left out."""
    stream = b"retry: 2000\n\n: still here\n\n" + _event(1) + _event(2) + b"id: evt_3\n"
    with _server(_STREAM_HEAD + stream) as (url, asked):
        with Client(url).events("evt_0", "modem.state") as events:
            found = [(event.id, event.type, event.data["data"]) for event in events]
        assert found == [(f"evt_{n}", "modem.state", {"port": "p"}) for n in (1, 2)]
        assert b"Last-Event-ID: evt_0" in asked[0]
        assert b"types=modem.state" in asked[0]


def test_a_refused_stream_is_refused_in_words() -> None:
    """As every other request."""
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with (
        _server(head) as (url, _),
        pytest.raises(CommandError, match="keys create"),
        Client(url).events(),
    ):
        pass


def test_tail_prints_a_line_an_event_or_json(tmp_path: Path) -> None:
    """For people and for programs."""
    with _server(_STREAM_HEAD + _event(1)) as (url, _):
        line = run("tail", "--url", url, cwd=tmp_path).stdout
        as_json = run("tail", "--url", url, "--json", cwd=tmp_path).stdout
    assert line == "T  modem.state       p\n"
    assert json.loads(as_json)["id"] == "evt_1"
