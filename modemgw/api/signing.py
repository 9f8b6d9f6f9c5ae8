"""Signatures by Standard Webhooks 1.0.0 (symmetric, `v1`)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
_NEW_BYTES = 32


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def read_secret(secret: str) -> bytes:
    """The key in a secret, `whsec_` and 24 to 64 bytes in base64. Raises ValueError in words."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret is {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64")
    return key


@lru_cache(maxsize=256)
def _begun(secret: str) -> hmac.HMAC:
    """A MAC that has taken in the key and nothing else; copying it spares a text the key's."""
    return hmac.new(read_secret(secret), digestmod="sha256")


def _mac(secret: str, content: bytes) -> bytes:
    mac = _begun(secret).copy()
    mac.update(content)
    return mac.digest()


def signed_headers(
    secrets_: Sequence[str], event_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers that let a receiver know us, and drop repeats and replays.

    One signature a secret, with blanks between them: a receiver may have either.
    """
    content = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    macs = (_mac(secret, content) for secret in secrets_)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join("v1," + base64.b64encode(mac).decode() for mac in macs),
    }
