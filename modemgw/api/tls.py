"""TLS by certificate files, which are read again when they were renewed."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

LOOKED_AT_EVERY_S = 60.0


class CertificateError(Exception):
    """The files cannot be used; the words say why."""


class Certificate:
    """A chain and its key, and the context that connections are made with.

    Connections that stand keep the certificate with which they were made.
    """

    def __init__(self, chain: Path, key: Path, every_s: float = LOOKED_AT_EVERY_S) -> None:
        """Raises CertificateError."""
        self._chain, self._key, self._every_s = chain, key, every_s
        self._seen = self._state()
        self._asked = asyncio.Event()
        self.context = self._read()

    def ask_again(self) -> None:
        """Read the files now: somebody says that they were renewed."""
        self._asked.set()

    async def run(self) -> None:
        """Look after the files until cancelled. Those that cannot be used change nothing."""
        while True:
            try:
                async with asyncio.timeout(self._every_s):
                    await self._asked.wait()
            except TimeoutError:
                pass
            asked = self._asked.is_set()
            self._asked.clear()
            state = await asyncio.to_thread(self._state)
            if asked or state != self._seen:
                self._renew(state)

    def _renew(self, state: tuple[object, ...]) -> None:
        try:
            self._read()  # apart: half a renewal must not take the good one away
            self.context.load_cert_chain(self._chain, self._key, _no_password)
        except (CertificateError, OSError, ssl.SSLError) as error:
            log.error("certificate_not_renewed", error=str(error))  # noqa: TRY400 - says all
            return
        self._seen = state
        log.info("certificate_renewed", file=str(self._chain))

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._chain, self._key, _no_password)
        except (OSError, ssl.SSLError) as error:
            words = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
            raise CertificateError(
                f"the certificate {self._chain} with the key {self._key} cannot be used: {words}"
            ) from None
        return context

    def _state(self) -> tuple[object, ...]:
        """What changes when a file is renewed; None of one that is not there."""
        return tuple(_stat(path) for path in (self._chain, self._key))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _no_password() -> str:
    """A key with a password would have the daemon ask at a terminal that is not there."""
    raise ssl.SSLError("the key has a password; give one without")
