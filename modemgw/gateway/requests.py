"""What a caller may ask for, who the caller is, and how he is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an API key. `kinds` are those granted; `urgent` passes the outer window.

    `pools` are those that it is bound to: nothing of others may be sent or told; None: of none.
    `per_minute` and `per_day` bound how many messages it may send; None: nothing does.
    """

    key_id: str
    scopes: frozenset[str]
    kinds: frozenset[str]
    default_kind: str | None = None
    urgent: bool = False
    pools: frozenset[str] | None = None
    per_minute: int | None = None
    per_day: int | None = None

    def has_pool(self, pool: str | None) -> bool:
        """Whether what is of this pool may be told to it; None is the default pool."""
        return self.pools is None or pool in self.pools


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A text to send. Times are seconds of the epoch; None leaves the choice to the gateway.

    `time_zone` is the recipient's, an IANA name; None: what the number tells. `sticky` says of the
    line that the two last spoke on: `prefer` it, `require` it where there is one, or `off`.
    `transliterate`: what GSM-7 lacks may be replaced.
    """

    to: str
    text: str
    from_: str | None = None
    pool: str | None = None
    kind: str | None = None
    priority: int | None = None
    send_at: float | None = None
    valid_for_s: float | None = None
    time_zone: str | None = None
    if_in_doubt: str = "hold"
    if_partly_sent: str = "fail"
    sticky: str = "prefer"
    transliterate: bool = False
    reference: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Once:
    """An Idempotency-Key: what it covers is `digest`, a hash of the request.

    `is_batch`: refusals are part of the answer and kept with it; one of a single text is not kept.
    """

    token: str
    digest: str
    is_batch: bool = False


class RefusalError(Exception):
    """A request that is not carried out.

    `kind` names the problem for programs (`opted-out`, `invalid-number` …), `field` the part of the
    request that is at fault, `words` say what is wrong and what to do.
    """

    def __init__(self, kind: str, words: str, *, field: str | None = None) -> None:
        super().__init__(words)
        self.kind, self.words, self.field = kind, words, field


class ConflictError(Exception):
    """The Idempotency-Key was used for another request."""


class RateLimitedError(Exception):
    """A key has sent as many messages as it may; in `retry_after_s` seconds it may send again."""

    def __init__(self, words: str, retry_after_s: float) -> None:
        super().__init__(words)
        self.words, self.retry_after_s = words, retry_after_s
