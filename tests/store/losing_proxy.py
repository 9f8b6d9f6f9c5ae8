"""A way to PostgreSQL that can lose the connection at the moment of COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_SOCKET = ".s.PGSQL.5432"


class LosingProxy:
    """Passes octets on. `lose_next`: "answer" loses that to COMMIT, "request" COMMIT itself, "both
    ends" passes it on and is gone before the server has carried it out.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self.lose_next: str | None = None
        self.lost = 0

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Join a client with the server until one of them has gone."""
        server, to_server = await asyncio.open_unix_connection(self._server)
        answers = asyncio.create_task(self._pass(server, to_client))
        try:
            while data := await client.read(65_536):
                lose, commit = self.lose_next, b"COMMIT" in data
                if commit and lose is not None:
                    self.lose_next, self.lost = None, self.lost + 1
                    answers.cancel()
                    if lose == "answer":
                        await asyncio.wait({answers})  # two cannot read at once
                        to_server.write(data)
                        await server.read(1)  # the server has answered: it is committed
                    elif lose == "both ends":
                        to_server.write(data)
                    return
                to_server.write(data)
        finally:
            answers.cancel()
            to_server.close()
            to_client.close()

    @staticmethod
    async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                sink.write(data)
        sink.close()


@contextlib.asynccontextmanager
async def losing_proxy(database_url: str, folder: Path) -> AsyncIterator[tuple[LosingProxy, str]]:
    """A proxy in front of a server on a Unix socket, and the URL that goes through it."""
    url = make_url(database_url)
    host = url.query["host"]
    assert isinstance(host, str)
    proxy = LosingProxy(f"{host}/{_SOCKET}")
    server = await asyncio.start_unix_server(proxy.serve, folder / _SOCKET)
    try:
        through = url.update_query_dict({"host": str(folder)})
        yield proxy, through.render_as_string(hide_password=False)
    finally:
        server.close()
