"""Kannel: bearerbox with its AT driver on a modem, smsbox in front."""

from __future__ import annotations

import signal
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import free_port
from tests.judges.desk import Desk, Running, tally, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]

_TEXTS = 20
_TO = "+46701400000"
_LONG = "Kannel cuts what is long into parts. " * 8
_SLOW_S = 300.0
_REACHED_PHONE, _REACHED_SMSC = "1", "8"

_CONFIGURATION = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = x
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
dlr-storage = internal
log-file = "{folder}/bearerbox.log"
log-level = 0

group = smsc
smsc = at
smsc-id = simulated
device = {device}
modemtype = auto
speed = 115200
sim-buffering = true

group = modems
id = simulated
name = "simulated"
detect-string = "Simulated"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = t
password = t
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{stub}/mo?from=%p&text=%b&charset=%C"
"""


def _fields(query: str) -> dict[str, str]:
    """What a query says; its text is in the character set that it names."""
    octets = urllib.parse.parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    fields = dict(octets)
    if "text" in fields:
        fields["text"] = fields["text"].encode("latin-1").decode(fields["charset"])
    return fields


class Stub:
    """The application behind Kannel: notes what it is told."""

    def __init__(self) -> None:
        told: list[tuple[str, dict[str, str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, _mark, query = self.path.partition("?")
                told.append((path, _fields(query)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._told = told
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def told(self, path: str) -> list[dict[str, str]]:
        return [fields for at, fields in list(self._told) if at == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Kannel:
    """A running bearerbox and smsbox."""

    def __init__(self, desk: Desk) -> None:
        self.stub = Stub()
        self._sendsms = free_port()
        file = desk.folder / "kannel.conf"
        file.write_text(
            _CONFIGURATION.format(
                admin=free_port(), smsbox=free_port(), sendsms=self._sendsms,
                stub=self.stub.port, folder=desk.folder, device=desk.port(),
            )
        )  # fmt: skip
        log = desk.folder / "bearerbox.log"
        self._bearerbox = Running(desk.folder / "bearerbox.txt", "bearerbox", str(file))
        until("the AT driver", lambda: log.exists() and "AT+CNMI" in log.read_text())
        self._smsbox = Running(desk.folder / "smsbox.txt", "smsbox", str(file))
        until("smsbox", self._answers)

    def _answers(self) -> bool:
        """Whether it listens; a text without a recipient is refused by HTTP status."""
        try:
            self._ask({})
        except urllib.error.HTTPError:
            return True
        return True

    def _ask(self, fields: dict[str, str]) -> str:
        query = urllib.parse.urlencode({"username": "t", "password": "t", **fields})
        url = f"http://127.0.0.1:{self._sendsms}/cgi-bin/sendsms?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())

    def send(self, to: str, text: str) -> None:
        """Hand a text over, a delivery report for everything asked for."""
        coding = "0" if text.isascii() else "2"
        back = f"http://127.0.0.1:{self.stub.port}/dlr?type=%d"
        words = {"to": to, "from": "46700", "charset": "utf-8", "coding": coding, "text": text}
        said = self._ask({**words, "dlr-mask": "31", "dlr-url": back})
        assert said.startswith(("0:", "3:")), said

    def close(self) -> None:
        self._smsbox.stop(signal.SIGTERM)
        self._bearerbox.stop(signal.SIGTERM)
        self.stub.close()


@pytest.fixture(scope="module")
def kannel(desk: Desk) -> Iterator[Kannel]:
    running = Kannel(desk)
    yield running
    running.close()


def test_sends(desk: Desk, kannel: Kannel, happened: Callable[[object], None]) -> None:
    """20 texts out, a fifth of them Unicode: sent once, unchanged, each with its reports."""
    texts = [f"out {number}" + " Привет" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        kannel.send(_TO, text)
    until("20 submits", lambda: len(desk.sent(_TO)) >= _TEXTS, _SLOW_S)
    until("the reports", lambda: _reports(kannel, _REACHED_PHONE) >= _TEXTS)
    sent = desk.sent(_TO)
    counted = tally(texts, [part.text for part in sent])
    assert counted.is_clean, counted
    assert _reports(kannel, _REACHED_PHONE) == _reports(kannel, _REACHED_SMSC) == _TEXTS
    happened(f"{len(sent)} submits, {counted}; {_TEXTS} DLR 8, {_TEXTS} DLR 1")


def _reports(kannel: Kannel, kind: str) -> int:
    return [fields["type"] for fields in kannel.stub.told("/dlr")].count(kind)


def test_sends_long(desk: Desk, kannel: Kannel, happened: Callable[[object], None]) -> None:
    """A long text out: in parts that the recipient's phone joins."""
    to = "+46701400001"
    kannel.send(to, _LONG.strip())
    until("the whole text", lambda: desk.read_by(to))
    assert desk.read_by(to) == [_LONG.strip()]
    happened(f"{len(desk.sent(to))} submits, joined to the same {len(_LONG.strip())} characters")


def test_receives(desk: Desk, kannel: Kannel, happened: Callable[[object], None]) -> None:
    """20 texts in, a fifth of them Unicode: each handed to the application once."""
    texts = [f"in {number}" + " Привет" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        desk.inject("+15553000001", text)
    until("20 texts", lambda: len(kannel.stub.told("/mo")) >= _TEXTS, _SLOW_S)
    got = kannel.stub.told("/mo")
    counted = tally(texts, [fields["text"] for fields in got])
    assert counted.is_clean, counted
    assert {fields["from"] for fields in got} == {"+15553000001"}
    happened(f"{len(got)} requests, {counted}")
