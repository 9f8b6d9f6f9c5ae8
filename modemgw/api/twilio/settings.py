"""What is configured of accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Account:
    """An account whose applications are called. `sid` follows from the key that `token` is.

    `inbound_url` is told of texts to the lines of `pools` (none named: all that the key may see);
    `status_url` of the status of messages that named no StatusCallback. `by_number`: its
    applications know lines by number alone, and are posted no MessagingServiceSid.
    """

    sid: str
    token: str
    inbound_url: str | None = None
    status_url: str | None = None
    pools: frozenset[str] = frozenset()
    by_number: bool = False


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """Accounts by their sid.

    `posted` maps the beginning of an address, as applications know it and signatures cover it, to
    where it is posted instead: for an application behind a proxy that is reached directly. A
    beginning ends where a part of the address does: that of one host fits no longer name.
    """

    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    posted: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def account(self, sid: str) -> Account | None:
        """The account of this sid; None where it is not configured."""
        return self.accounts.get(sid)

    def posted_to(self, url: str) -> str:
        """Where what is meant for an address is posted; the longest beginning counts."""
        fitting = [beginning for beginning in self.posted if _begins(url, beginning)]
        if not fitting:
            return url
        beginning = max(fitting, key=len)
        return self.posted[beginning] + url[len(beginning) :]


def _begins(url: str, beginning: str) -> bool:
    rest = url.removeprefix(beginning)
    return rest != url and (beginning.endswith("/") or rest[:1] in ("", "/", "?", "#"))
