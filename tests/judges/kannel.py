"""Kannel, configured and run: bearerbox with its AT driver on modems, smsbox in front."""

from __future__ import annotations

import re
import signal
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.e2e.site import free_port
from tests.judges.desk import Running, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CONFIGURATION = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = x
smsbox-port = {smsbox}
smsbox-interface = 127.0.0.1
dlr-storage = internal
log-file = "{folder}/bearerbox.log"
log-level = {log_level}

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
_MODEM = """
group = smsc
smsc = at
smsc-id = simulated{number}
device = {device}
modemtype = {modemtype}
speed = 115200
sim-buffering = true
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
    """bearerbox on some modems, and smsbox. What they have to send they keep in memory alone.

    `modemtype` is `auto`, where it asks the modem what it is (a second or more), or `simulated`.
    """

    def __init__(
        self, folder: Path, ports: Sequence[Path], *, modemtype: str = "auto", log_level: int = 0
    ) -> None:
        self.stub = Stub()
        self._folder, self._modems = folder, len(ports)
        self._sendsms, self._admin = free_port(), free_port()
        self._configuration = folder / "kannel.conf"
        common = _CONFIGURATION.format(
            admin=self._admin, smsbox=free_port(), sendsms=self._sendsms,
            stub=self.stub.port, folder=folder, log_level=log_level,
        )  # fmt: skip
        modems = (
            _MODEM.format(number=n, device=port, modemtype=modemtype)
            for n, port in enumerate(ports)
        )
        self._configuration.write_text(common + "".join(modems))
        self.running: list[Running] = []

    def start(self) -> None:
        """Returns when all modems are set up and smsbox listens."""
        self._run("bearerbox")
        until("the AT driver", lambda: self.status().count("(online") == self._modems)
        self._run("smsbox")
        until("smsbox", self._answers)

    def _run(self, name: str) -> None:
        output = self._folder / f"{name}.txt"
        self.running.append(Running(output, name, str(self._configuration)))

    def status(self) -> str:
        """What the admin's interface says of modems and queues."""
        url = f"http://127.0.0.1:{self._admin}/status.txt?password=x"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())

    def waiting(self) -> int:
        """How many texts of those handed over are still to be sent."""
        queued = re.findall(r"sent \d+ \((\d+) queued\)\nSMS|queued (\d+) msgs", self.status())
        return sum(int(number) for numbers in queued for number in numbers if number)

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

    def stop(self) -> None:
        for running in reversed(self.running):
            running.stop(signal.SIGTERM)
        self.stub.close()
