"""`modemgw mcp`: serves the tools on standard input and output, or by HTTP."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.client import DEFAULT_URL, Key, Url
from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context


def mcp(
    url: Url = DEFAULT_URL,
    key: Key = "",
    http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Serve by HTTP there, at /mcp; each caller brings a key of its own as Bearer.",
        ),
    ] = None,
) -> None:
    """Offer texting to programs that act as agents (Model Context Protocol).

    On standard input and output it acts with --key. It needs the extra `mcp`:
    `pip install "modemgw[mcp]"`.
    """
    try:
        from modemgw.cli.mcp.tools import Desk
    except ImportError as error:
        words = f'this needs the extra mcp ({error}): pip install "modemgw[mcp]"'
        raise CommandError(words) from None
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    if http is None:
        if not key:
            raise CommandError("give --key or MODEMGW_KEY; `modemgw keys create` makes one")
        Desk(url, lambda _context: key).server().run("stdio")
        return
    host, port = _address(http)
    Desk(url, _bearer).server().run("streamable-http", host=host, port=port)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if host not in ("127.0.0.1", "localhost", "[::1]") or not port.isdigit():
        raise CommandError(
            f"--http {text}: listen on loopback, such as 127.0.0.1:8090; to offer it to other "
            "machines put a proxy with TLS in front"
        )
    return host.strip("[]"), int(port)


def _bearer(context: Context) -> str:
    """The key that a caller brings."""
    scheme, _, key = ((context.headers or {}).get("authorization") or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
