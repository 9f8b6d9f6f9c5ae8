"""Where webhooks may go: an endpoint made over the API must not reach into our own network.

A name is judged by the addresses that the connection is then made to, in the resolver itself: so
one that resolves to a public address when it is checked and to a private one when it is called
gains nothing. Redirects are not followed, and proxies of the environment are not used.
"""

from __future__ import annotations

import errno
import ipaddress
import re
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import DefaultResolver
from aiohttp.abc import AbstractResolver
from yarl import URL

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from aiohttp.abc import ResolveResult

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# Letters, digits, hyphens (RFC 1123 §2.1). A last label of digits would be an address in disguise.
_NAME = re.compile(r"(?ai)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9-]*[a-z-][a-z0-9-]*\.?")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenTargetError(OSError):
    """The address may not be called. An OSError, so that a client treats it as one unreachable."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.EACCES, words)

    def __str__(self) -> str:
        return str(self.strerror)


class AllowedHosts:
    """Hosts that may be called although they are private: names, addresses and networks."""

    def __init__(self, allowed: Iterable[str]) -> None:
        """Raises ValueError for an entry with a slash that is no network."""
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in allowed:
            host = entry.strip().strip("[]").rstrip(".").lower()
            if "/" in host or _address(host) is not None:
                self._networks.append(ipaddress.ip_network(host))
            else:
                self._names.add(host)

    def name(self, host: str) -> bool:
        """Whether the name is allowed, wherever it leads."""
        return host.rstrip(".").lower() in self._names

    def address(self, address: Address) -> bool:
        """Whether the address is public or allowed."""
        inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        if any(told in network for network in self._networks for told in (address, inner) if told):
            return True
        return _is_public(inner or address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (
        address.sixtofour or address.teredo or address in _NAT64
    ):
        return False  # an IPv4 address in disguise
    return address.is_global and not address.is_multicast


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def check_url(raw: str, allowed: AllowedHosts) -> str:
    """The URL as it will be called. Raises ValueError when it is none for a webhook.

    Raises ForbiddenTargetError when its host is an address that may not be called; what a name
    leads to is judged at each call.
    """
    url = URL(raw)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("an address is http://… or https://…")
    if _address(url.host) is None and _NAME.fullmatch(url.raw_host or "") is None:
        raise ValueError(f"{url.host!r} is no name of a host")
    if url.user is not None or url.password is not None:
        raise ValueError("put no user or password into it; requests are signed")
    if url.raw_fragment:
        raise ValueError("it has a fragment (#…), which is never sent")
    check_host(url, allowed)
    return str(url)


def check_host(url: URL, allowed: AllowedHosts) -> None:
    """Raises ForbiddenTargetError when the host is an address that may not be called."""
    host = url.host or ""
    address = _address(host)
    local_name = address is None and host.rstrip(".").lower() in ("localhost", "ip6-localhost")
    if (address is not None and not allowed.address(address)) or (
        local_name and not allowed.name(host)
    ):
        raise ForbiddenTargetError(f"{host} is a private address; api.allowed_hosts may allow it")


class GuardedResolver(AbstractResolver):
    """Resolves names, and drops the addresses that may not be called."""

    def __init__(self, allowed: AllowedHosts) -> None:
        self._allowed, self._inner = allowed, DefaultResolver()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = 0,  # type: ignore[assignment]
    ) -> list[ResolveResult]:
        """The addresses of a name that may be called. Raises ForbiddenTargetError when none may."""
        found = await self._inner.resolve(host, port, family)
        if self._allowed.name(host):
            return found
        public = [
            result
            for result in found
            if self._allowed.address(ipaddress.ip_address(result["host"].partition("%")[0]))
        ]
        if not public:
            raise ForbiddenTargetError(
                f"{host} leads to private addresses only; api.allowed_hosts may allow it"
            )
        return public

    async def close(self) -> None:
        """Release the resolver behind."""
        await self._inner.close()
