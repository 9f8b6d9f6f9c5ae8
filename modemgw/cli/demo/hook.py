"""The tour's webhook receiver: takes events on loopback and checks their signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

_BODY_LIMIT: Final = 1 << 20
_KEPT: Final = 10_000
_TOLERANCE_S: Final = 300


def signature(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    """The signature that a webhook of ours must bear (Standard Webhooks, v1)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Hook:
    """Listens on a free port of loopback until `close`."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._events: deque[Mapping[str, Any]] = deque(maxlen=_KEPT)
        self.forged = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(min(length, _BODY_LIMIT))
                self.send_response(204 if hook.take(self.headers, body) else 401)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The tour prints what it wants seen."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def take(self, headers: Message, body: bytes) -> bool:
        """Keep an event; false when its signature or its time is wrong."""
        event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        given = headers.get("webhook-signature", "").split(" ")
        expected = signature(self._secret, event_id, timestamp, body)
        genuine = any(hmac.compare_digest(expected, one) for one in given)
        if not genuine or abs(_seconds(timestamp) - time.time()) > _TOLERANCE_S:
            self.forged += 1
            return False
        self._events.append(json.loads(body))
        return True

    def events(self) -> list[Mapping[str, Any]]:
        """The events that were told of, in order, each once however often it was posted."""
        return list({event["id"]: event for event in list(self._events)}.values())

    def texts(self, sender: str) -> list[str]:
        """The texts from this number that were told of."""
        return [
            event["data"]["text"]
            for event in self.events()
            if event["type"] == "message.received" and event["data"]["from"] == sender
        ]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _seconds(timestamp: str) -> int:
    return int(timestamp) if timestamp.isdecimal() else 0
