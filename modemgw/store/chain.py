"""The audit's arithmetic: what an entry and the head of a chain are computed from. Pure functions.

An entry's link covers the link before it, everything that stands in the entry, and the digest of
its payload. The payload and its salt lie in another table: when both are deleted the digest stays,
tells nobody anything (the salt is random), and the chain still holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

FIRST_LINK: Final = "0" * 64  # what the first entry of a chain is linked to
SALT_BYTES: Final = 16


def canonical(value: Any) -> str:
    """JSON in the one form that is hashed: keys in order, no white space, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(salt: str, payload: str) -> str:
    """The digest of a payload, in canonical JSON, with its salt, in hex."""
    return hashlib.sha256(bytes.fromhex(salt) + payload.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """What of an entry is never deleted. `at` in seconds of the epoch; hashes in hex."""

    chain: str
    sequence: int
    at: float
    action: str
    digest: str

    def link(self, before: str) -> str:
        """Its link, behind that of the entry before it."""
        told = [before, self.chain, self.sequence, float(self.at), self.action, self.digest]
        return hashlib.sha256(canonical(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ended at a time: its last entry, and a MAC that only the key's owner makes."""

    chain: str
    sequence: int
    link: str
    at: float
    mac: str = ""


class AuditKey:
    """The key that lies outside the database: of the hashes of numbers, and of the heads' MACs."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def id(self) -> str:
        """What the key is recognised by; it tells nothing of it."""
        return self._mac("key", "")[:16]

    def number(self, number: str) -> str:
        """A number as the audit knows it."""
        return self._mac("number", number)

    def head_mac(self, head: Head) -> str:
        """The MAC of a head."""
        told = [head.chain, head.sequence, head.link, float(head.at)]
        return self._mac("head", canonical(told))

    def is_ours(self, head: Head) -> bool:
        """Whether a head's MAC was made with this key."""
        return hmac.compare_digest(self.head_mac(head), head.mac)

    def _mac(self, use: str, text: str) -> str:
        return hmac.digest(self._key, f"{use}:{text}".encode(), "sha256").hex()
