"""Where the API listens, and how many connections it lets in: in all, and from one client.

Connections are taken here, and not by `loop.create_server`, because only who accepts a connection
can count it before its TLS handshake. Streams have a bound of their own (`streams`) and count as
connections until they are streams. One who comes by a trusted proxy is many clients: it has no
bound but that of all.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import TYPE_CHECKING, Final

import structlog

from modemgw.api.clients import counted_with
from modemgw.api.connections import Connection, written
from modemgw.api.places import Kind, Places
from modemgw.api.problems import RETRY_AFTER_S, Problem

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Sequence

    from modemgw.api.clients import Network
    from modemgw.api.settings import ApiSettings

log = structlog.get_logger(__name__)

BACKLOG: Final = 1_024
REFUSED_AT_ONCE: Final = 64  # in words; beyond it, by closing
REFUSED_IN_S: Final = 2.0
PAUSE_S: Final = 1.0  # when no connection can be taken: no file descriptor is left
REFUSAL: Final = written(
    Problem("too-many-connections", "as many connections are open as there may be"),
    Retry_After=str(RETRY_AFTER_S["too-many-connections"]),
)


class Edge:
    """Listens, counts, refuses."""

    def __init__(
        self, settings: ApiSettings, proxies: Sequence[Network], context: ssl.SSLContext | None
    ) -> None:
        self._settings, self._proxies, self._context = settings, proxies, context
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusing = 0
        self.places = Places()
        self.cut: Counter[str] = Counter()  # connections refused or ended by us, by reason

    @property
    def addresses(self) -> list[tuple[object, ...]]:
        """Where it listens."""
        return [listening.getsockname() for listening in self._sockets]

    async def listen(self, server: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        """Take connections at every address of a host. Raises OSError, socket.gaierror."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            listening = socket.create_server(address, family=family, backlog=BACKLOG)
            listening.setblocking(False)
            self._sockets.append(listening)
            self._own(self._accept(listening, server))

    async def close(self) -> None:
        """Take no more. Connections that stand are the HTTP server's to end."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()

    def _own(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="connections")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("connection_failed", exc_info=error)

    # -- one connection -------------------------------------------------------------------------

    async def _accept(
        self, listening: socket.socket, server: Callable[[], asyncio.Protocol]
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                taken, peer = await loop.sock_accept(listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                log.warning("connection_not_taken", error=error.strerror)
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                self._take(taken, counted_with(str(peer[0]), self._proxies), server)
            except Exception:  # one connection must not cost all that would follow
                log.exception("connection_failed")
                taken.close()
            await asyncio.sleep(0)  # a crowd at the door must not stop what is inside

    def _take(
        self, taken: socket.socket, client: str | None, server: Callable[[], asyncio.Protocol]
    ) -> None:
        reason = self._refusal(client)
        if reason is None:
            place = self.places.take(client)
            self._own(self._begin(taken, Connection(server, self._settings, place, self._count)))
            return
        self._count(reason)
        if self._context is None and self._refusing < REFUSED_AT_ONCE:
            self._own(self._refuse(taken))
        else:
            taken.close()

    def _refusal(self, client: str | None) -> str | None:
        places, settings = self.places, self._settings
        if places.of_kind[Kind.CONNECTION] >= settings.connection_limit:
            return "too_many"
        if client is not None and places.of_client[client] >= settings.client_connection_limit:
            return "too_many_of_client"
        return None

    def _count(self, reason: str) -> None:
        self.cut[reason] += 1

    async def _begin(self, taken: socket.socket, connection: Connection) -> None:
        """Hand it to the HTTP server, after the TLS handshake where there is one."""
        loop = asyncio.get_running_loop()
        limit = None if self._context is None else self._settings.head_timeout_s
        try:
            await loop.connect_accepted_socket(
                lambda: connection, taken, ssl=self._context, ssl_handshake_timeout=limit
            )
        except OSError:  # of TLS, too: no handshake, or none in time
            self._count("handshake")
            connection.place.leave()
        except asyncio.CancelledError:
            connection.place.leave()
            raise

    async def _refuse(self, taken: socket.socket) -> None:
        """Say so, and read what comes until the client has gone: what is unread when we close
        could cost it the answer (RFC 9112 §9.6)."""
        loop = asyncio.get_running_loop()
        self._refusing += 1
        try:
            async with asyncio.timeout(REFUSED_IN_S):
                await loop.sock_sendall(taken, REFUSAL)
                taken.shutdown(socket.SHUT_WR)
                while await loop.sock_recv(taken, 4_096):
                    pass
        except OSError:  # it has gone, or TimeoutError
            pass
        finally:
            self._refusing -= 1
            taken.close()
