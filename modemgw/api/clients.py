"""Where a request comes from: the address at the other end, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multidict import CIMultiDictProxy

IPv46 = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_HOPS = 20


@dataclass(frozen=True, slots=True)
class Client:
    """Who speaks. `clear`: a proxy that is trusted says that it came without TLS."""

    address: str
    clear: bool = False

    @property
    def neighbourhood(self) -> str:
        """Whom guesses are counted for: the address, of IPv6 its /64, which one customer has."""
        address = _address(self.address)
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, 64), strict=False))
        return self.address


CLIENT = web.RequestKey("client", Client)


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks. Raises ValueError that names the one that is none."""
    found = []
    for text in written:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            raise ValueError(f"{text!r} is no address or network such as 10.0.0.0/8") from None
    return tuple(found)


def client_of(
    peer: str | None, headers: CIMultiDictProxy[str], trusted: Sequence[Network]
) -> Client:
    """Who speaks from `peer`.

    X-Forwarded-For is read from its end, where our own proxies write, as far as those that wrote
    are trusted: what stands before that anybody may have made up. X-Forwarded-Proto is the word of
    the nearest proxy.
    """
    near = _address(peer or "")
    if near is None or not _is_in(near, trusted):
        return Client(str(near) if near is not None else "unknown")
    hops = ",".join(headers.getall("X-Forwarded-For", ())).split(",")
    for hop in reversed(hops[-MOST_HOPS:]):
        address = _address(hop.strip())
        if address is None:
            break
        near = address
        if not _is_in(near, trusted):
            break
    protocols = ",".join(headers.getall("X-Forwarded-Proto", ())).split(",")
    return Client(str(near), protocols[-1].strip().lower() == "http")


def counted_with(peer: str, trusted: Sequence[Network]) -> str | None:
    """With whom a connection from `peer` is counted; None of a trusted proxy, which is many."""
    address = _address(peer)
    if address is None or _is_in(address, trusted):
        return None
    return Client(str(address)).neighbourhood


@lru_cache(maxsize=1_024)
def _address(text: str) -> IPv46 | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _is_in(address: IPv46, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
