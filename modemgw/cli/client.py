"""A small client of a running daemon's HTTP API: what `modemgw send` and its kin speak with."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

import typer

from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_URL: Final = "http://127.0.0.1:8080"
TIMEOUT_S: Final = 30.0
PAGE: Final = 1000
# A heartbeat comes every few seconds: a stream that is silent for so long is dead.
_SILENCE_S: Final = 90.0
_LINE_LIMIT: Final = 1 << 20
_PIECE: Final = 1 << 16

Url = Annotated[
    str, typer.Option("--url", envvar="MODEMGW_URL", help="Where the daemon's API listens.")
]
Key = Annotated[
    str, typer.Option("--key", envvar="MODEMGW_KEY", help="An API key; see `modemgw keys create`.")
]


class RefusedError(CommandError):
    """The daemon refused. `status` is HTTP's, `problem` the problem document (RFC 9457)."""

    def __init__(self, words: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(words)
        self.status, self.problem = status, problem


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream; `data` is the whole event as the API shows it."""

    id: str
    type: str
    data: Mapping[str, Any]


class Client:
    """One daemon. Every call has a connection of its own and a time limit."""

    def __init__(self, url: str = DEFAULT_URL, key: str = "") -> None:
        """`url` without a path. Raises CommandError when it is none."""
        parts = urlsplit(url if "//" in url else f"http://{url}")
        try:
            self._port = parts.port
        except ValueError:
            self._port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or self._port == -1:
            raise CommandError(f"{url!r} is no URL of a daemon; such as {DEFAULT_URL}")
        self._scheme, self._host = parts.scheme, parts.hostname
        self._prefix = parts.path.rstrip("/")
        self.url, self._key = url.rstrip("/"), key

    def get(self, path: str, **query: object) -> Any:
        """The answer to a GET; what is None in `query` is left out. Raises CommandError."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(given)}" if given else path)

    def items(self, path: str, **query: object) -> Iterator[Mapping[str, Any]]:
        """Every item of a list, page after page. Raises CommandError."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def modem(self, name: str) -> Mapping[str, Any]:
        """The modem with this id, IMEI or port, or whose port ends so. Raises CommandError."""
        known = list(self.items("/v1/modems"))
        for modem in known:
            if name in (modem["id"], modem["imei"], modem["port"]):
                return modem
        found = [modem for modem in known if str(modem["port"]).endswith(f"/{name}")]
        if len(found) == 1:
            return found[0]
        ports = ", ".join(str(modem["port"]) for modem in found or known) or "none"
        raise CommandError(f"{name!r} names no one modem by id, IMEI or port; there is {ports}")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request and its answer, None where there is no body.

        Raises CommandError when there is no daemon, RefusedError when it refuses.
        """
        text = self._exchange(method, path, body, headers)
        return _json(text) if text else None

    def text(self, path: str) -> str:
        """The answer to a GET that is no JSON. Raises as `call`."""
        return self._exchange("GET", path).decode("utf-8", "replace")

    def upload(self, path: str, content: bytes, media_type: str) -> Any:
        """POST what is no JSON; the answer. Raises as `call`."""
        return _json(self._exchange("POST", path, content, {"Content-Type": media_type}))

    def pieces(self, path: str) -> Iterator[bytes]:
        """The answer to a GET piece by piece, however long it is. Raises as `call`."""
        connection = self._connect(TIMEOUT_S)
        try:
            answer = self._ask(connection, "GET", path, None, {})
            if answer.status >= 400:
                raise self._refused(answer.status, answer.read())
            while piece := answer.read(_PIECE):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def _exchange(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """`body` as it is where it is bytes, else as JSON."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = self._connect(TIMEOUT_S)
        try:
            answer = self._ask(connection, method, path, content, dict(headers or {}))
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()
        if answer.status >= 400:
            raise self._refused(answer.status, text)
        return text

    @contextmanager
    def events(self, last_id: str | None = None, types: str | None = None) -> Iterator[Events]:
        """The stream of events, after the event `last_id` where it is given."""
        query = "" if types is None else "?" + urlencode({"types": types})
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        connection = self._connect(_SILENCE_S)
        try:
            answer = self._ask(connection, "GET", f"/v1/events{query}", None, headers)
            if answer.status >= 400:
                raise self._refused(answer.status, answer.read())
            yield Events(answer)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def _connect(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._scheme == "https":
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        content: bytes | None,
        headers: dict[str, str],
    ) -> http.client.HTTPResponse:
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, self._prefix + path, body=content, headers=headers)
        return connection.getresponse()

    def _unreachable(self, error: Exception) -> CommandError:
        if isinstance(error, TimeoutError):
            return CommandError(f"the daemon at {self.url} does not answer; see its log")
        return CommandError(
            f"no daemon answers at {self.url} ({error}); start it with `modemgw run`, or give "
            "--url or MODEMGW_URL"
        )

    def _refused(self, status: int, text: bytes) -> RefusedError:
        problem = _json(text)
        if not isinstance(problem, dict):
            problem = {}
        return RefusedError(self._in_words(status, problem), status, problem)

    def _in_words(self, status: int, problem: Mapping[str, Any]) -> str:
        if status == 401:
            return (
                f"{self.url} does not know this key; give --key or MODEMGW_KEY "
                "(`modemgw keys create` makes one)"
            )
        said = str(problem.get("detail") or problem.get("title") or f"status {status}")
        errors = problem.get("errors") or ()
        faults = [
            f"\n  {fault['field']}: {fault['message']}"
            for fault in errors
            if fault["message"] not in said
        ]
        return f"refused ({status}): {said}{''.join(faults)}"


class Events:
    """The events of one stream, as they come. Heartbeats are left out."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[Event]:
        """Ends when the daemon ends the stream; OSError when it falls silent."""
        fields: dict[str, str] = {}
        while line := self._answer.readline(_LINE_LIMIT):
            name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
                continue
            if "data" in fields:
                data = _json(fields["data"].encode())
                yield Event(fields.get("id", ""), fields.get("event", ""), data or {})
            fields = {}


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
