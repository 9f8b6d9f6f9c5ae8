"""Taking a text in: checked, cut into parts, asked of the gate, and written; only then accepted."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from modemgw.clock import moment
from modemgw.consent.content import CARD_NUMBER
from modemgw.consent.gate import CONTENT, Block, Defer, Kind, Question, closing, decide
from modemgw.consent.numbers import NumberError, recipient_key
from modemgw.gateway import opting, quota, views
from modemgw.gateway.countries import country_of
from modemgw.gateway.lanes import PRIORITIES, lane_of
from modemgw.gateway.newcomers import Newcomers
from modemgw.gateway.requests import ConflictError, RefusalError
from modemgw.gateway.status import MessageStatus
from modemgw.gateway.transliteration import transliterated
from modemgw.ids import new_id
from modemgw.pdu import PduError, segment
from modemgw.store import consents, idempotency, lines, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from modemgw.consent.gate import Decision
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.refusals import Refusals
    from modemgw.gateway.requests import Caller, Once, SendRequest
    from modemgw.gateway.roster import Roster
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.gateway.tally import Tally
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

FEW = 3  # texts that are accepted within a millisecond
LONGEST_TEXT = 4_000
LONGEST_VALID_FOR_S = 63 * 7 * 86_400.0  # 23.040 §9.2.3.12.1
FARTHEST_SEND_AT_S = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that has passed all checks which need no database.

    `transliterated`: its text is no longer what the sender wrote, as he wished. `asks_consent`: it
    is the question whether its recipient wants such texts, and itself needs no consent.
    """

    request: SendRequest
    recipient: str
    kind: str
    pool: str | None
    encoding: str
    parts: int
    transliterated: bool
    asks_consent: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text of which the gate was asked: the question, its answer, and what both rest on."""

    draft: Draft
    line: Any  # the row of the line that it names
    conversation: Record | None
    question: Question
    decision: Decision


@dataclass(frozen=True, slots=True)
class Taken:
    """A text that was accepted: what the caller is told, and the lane to wake."""

    row: Record
    view: dict[str, Any]
    lane: str | None
    priority: int


Outcome = Taken | RefusalError


class Outbound:
    """The way in for every text that somebody wants to send."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        refusals: Refusals,
        roster: Roster,
        dispatcher: Dispatcher,
        tally: Tally,
        clock: Callable[[], float],
    ) -> None:
        self._writer, self._settings, self._refusals = writer, settings, refusals
        self._roster, self._dispatcher = roster, dispatcher
        self._tally, self._clock = tally, clock
        self._newcomers = Newcomers(settings)

    async def send(
        self, requests: Sequence[SendRequest], caller: Caller, once: Once | None
    ) -> list[dict[str, Any] | RefusalError]:
        """Accept texts, each with its own outcome: its message, or why not.

        With `once`, the same request again gets the same answer. Raises ConflictError when its
        token was used for another request, RateLimitedError when the key has sent what it may,
        StoreUnavailableError when nothing could be written.
        """
        drafts = [self.check(request, caller) for request in requests]
        now = self._clock()
        operation = lambda tx: self._write(tx, drafts, caller, once, now)  # noqa: E731
        brief = len(drafts) <= FEW
        try:
            answer, taken = await self._writer.run(operation, brief=brief)
        except IntegrityError:  # the same token at the same time on another host
            answer, taken = await self._writer.run(operation, brief=brief)
        self.settled(answer, taken)
        return answer

    def take(self, tx: Transaction, draft: Draft, caller: Caller, now: float) -> Outcome:
        """Accept one text in a transaction that does more than that; `settled` when it is
        committed. Raises RateLimitedError when the key has sent what it may."""
        quota.reserve(tx.connection, caller, 1, now)
        outcome = self._accept(tx, draft, caller, now)
        if isinstance(outcome, Taken):
            messages.insert_queued(tx.connection, [outcome.row])
            quota.count(tx.connection, caller, 1, now)
        return outcome

    def settled(self, answer: Sequence[object], taken: Sequence[Taken]) -> None:
        """Count what was accepted and refused, and wake the lines for it: it is committed."""
        self._count(answer, taken)
        for lane, priority in {(t.lane, t.priority) for t in taken if t.lane}:
            assert lane is not None
            self._dispatcher.waiting(lane, priority)

    def _count(self, answer: Sequence[object], taken: Sequence[Taken]) -> None:
        for outcome in answer:
            if isinstance(outcome, RefusalError):
                self._tally.refused[outcome.kind] += 1
        for text in taken:
            self._tally.accepted[text.view["kind"]] += 1

    # -- checks that need no database -----------------------------------------------------------

    def check(self, request: SendRequest, caller: Caller) -> Draft | RefusalError:
        """Read a request as far as that needs no database, or say what is wrong with it."""
        try:
            recipient = recipient_key(request.to, self._settings.default_region)
        except NumberError as error:
            return RefusalError("invalid-number", str(error), field="to")
        try:
            request = self._in_own_pool(request, caller)
            pool = self._pool(request)
            kind = self._kind(request, pool, caller)
            if pool is None and request.from_ is None:
                pool = self._route(recipient, kind, request)
                kind = self._kind(request, pool, caller)
            if not caller.has_pool(pool):
                raise _not_granted(pool, caller)
            text = transliterated(request.text) if request.transliterate else request.text
            encoding, parts = self._cut(text, pool)
            self._times(request)
        except RefusalError as refusal:
            return refusal
        changed = text != request.text
        request = replace(request, text=text)
        return Draft(request, recipient, kind, pool, encoding, parts, changed)

    @staticmethod
    def _in_own_pool(request: SendRequest, caller: Caller) -> SendRequest:
        """What a key sends that is bound to a single pool goes to that one unless it names one."""
        if request.pool is None and caller.pools is not None and len(caller.pools) == 1:
            return replace(request, pool=next(iter(caller.pools)))
        if request.pool is not None and not caller.has_pool(request.pool):
            raise _not_granted(request.pool, caller)
        return request

    def _pool(self, request: SendRequest) -> str | None:
        if request.pool is None or request.pool in self._settings.pools:
            return request.pool
        known = ", ".join(sorted(self._settings.pools)) or "none is configured"
        words = f"there is no pool {request.pool!r}; there are: {known}"
        raise RefusalError("unknown-pool", words, field="pool")

    def _route(self, recipient: str, kind: str, request: SendRequest) -> str | None:
        """The pool that the first fitting rule names."""
        tag = request.metadata.get("tag")
        fitting = (rule for rule in self._settings.routes if rule.fits(recipient, kind, tag))
        return next((rule.pool for rule in fitting), None)

    def _kind(self, request: SendRequest, pool_name: str | None, caller: Caller) -> str:
        pool = self._settings.pool(pool_name)
        kind = (
            request.kind
            or (pool.kind if pool else None)
            or caller.default_kind
            or self._settings.default_kind
        )
        if kind not in caller.kinds:
            words = (
                f"this key may not send {kind} texts; it may send {', '.join(sorted(caller.kinds))}"
            )
            raise RefusalError("kind-not-granted", words, field="kind")
        return kind

    def _cut(self, text: str, pool_name: str | None) -> tuple[str, int]:
        if not text.strip():
            raise RefusalError("empty-text", "the text is empty", field="text")
        if "\0" in text:
            words = "the text holds a NUL character, which no phone shows"
            raise RefusalError("invalid-text", words, field="text")
        if len(text) > LONGEST_TEXT:
            words = f"the text has {len(text)} characters; {LONGEST_TEXT} are allowed"
            raise RefusalError("text-too-long", words, field="text")
        try:
            cut = segment(text)
        except PduError as error:
            raise RefusalError("invalid-text", str(error), field="text") from None
        pool = self._settings.pool(pool_name)
        of_pool = pool.max_parts if pool is not None else None
        most = self._settings.max_parts if of_pool is None else of_pool
        if len(cut.parts) > most:
            key = "messages.max_parts" if of_pool is None else f"pools.{pool_name}.max_parts"
            words = (
                f"the text needs {len(cut.parts)} parts; {most} are allowed: "
                f"shorten it, or raise {key}"
            )
            raise RefusalError("text-too-long", words, field="text")
        return cut.encoding, len(cut.parts)

    def _times(self, request: SendRequest) -> None:
        now = self._clock()
        if request.send_at is not None and request.send_at > now + FARTHEST_SEND_AT_S:
            raise RefusalError("invalid-time", "send_at is more than a year away", field="send_at")
        if request.valid_for_s is not None and not 1 <= request.valid_for_s <= LONGEST_VALID_FOR_S:
            words = f"valid_for is 1 to {LONGEST_VALID_FOR_S:.0f} seconds"
            raise RefusalError("invalid-time", words, field="valid_for")

    # -- in the writer's transaction ------------------------------------------------------------

    def _write(
        self,
        tx: Transaction,
        drafts: Sequence[Draft | RefusalError],
        caller: Caller,
        once: Once | None,
        now: float,
    ) -> tuple[list[dict[str, Any] | RefusalError], list[Taken]]:
        if once is not None:
            kept = idempotency.find(tx.connection, caller.key_id, once.token)
            if kept is not None:
                if kept.digest != once.digest:
                    raise ConflictError
                return [_recall(item) for item in kept.answer], []
        good = sum(isinstance(draft, Draft) for draft in drafts)
        quota.reserve(tx.connection, caller, good, now)
        outcomes = [
            draft if isinstance(draft, RefusalError) else self._accept(tx, draft, caller, now)
            for draft in drafts
        ]
        taken = [outcome for outcome in outcomes if isinstance(outcome, Taken)]
        messages.insert_queued(tx.connection, [text.row for text in taken])
        quota.count(tx.connection, caller, len(taken), now)
        answer = [o.view if isinstance(o, Taken) else o for o in outcomes]
        if once is not None and (taken or once.is_batch):
            idempotency.keep(
                tx.connection,
                key_id=caller.key_id,
                token=once.token,
                digest=once.digest,
                answer=[_kept(item) for item in answer],
                now=now,
            )
        return answer, taken

    def _accept(self, tx: Transaction, draft: Draft, caller: Caller, now: float) -> Outcome:
        """Write one message, unless the line or the gate refuses it."""
        try:
            weighed = self.weigh(tx.connection, draft, caller, now)
        except RefusalError as refusal:
            return refusal
        decision = weighed.decision
        if isinstance(decision, Block):
            tx.record(
                "refused",
                draft.recipient,
                now,
                rule=decision.rule,
                key=caller.key_id,
                kind=draft.kind,
                pool=draft.pool,
            )
            return refusal_of(decision)
        self._newcomers.accepted(tx, draft.recipient, now)
        conversation = weighed.conversation or messages.make_conversation(
            tx.connection, draft.recipient, draft.pool or "", now
        )
        row = self.row_of(weighed, conversation, caller, now)
        return Taken(row, views.message(row), row.lane, row.priority)

    def weigh(self, connection: Connection, draft: Draft, caller: Caller, now: float) -> Weighed:
        """Ask the gate about a draft; writes nothing. Raises RefusalError for its line."""
        conversation = messages.find_conversation(connection, draft.recipient, draft.pool or "")
        line = self._line(connection, draft.request, bound=caller.pools is not None)
        last_inbound = conversation.last_inbound_at if conversation is not None else None
        question = self._question(connection, draft, caller, line, last_inbound, now)
        if question.needs_consent:
            consented = draft.asks_consent or consents.stands(
                connection,
                draft.recipient,
                draft.kind,
                self._settings.optouts.around(draft.pool),
            )
            question = replace(question, consented=consented)
        return Weighed(draft, line, conversation, question, decide(question))

    def _line(self, connection: Connection, request: SendRequest, *, bound: bool) -> Any:
        """The row of the line that `from` names; None where the gateway may choose.

        A key that is `bound` to pools does not learn which lines there are beyond its pool.
        """
        if request.from_ is None:
            return None
        found = lines.line_by_id(connection, request.from_)
        if found is None:
            try:
                number = recipient_key(request.from_, self._settings.default_region)
            except NumberError as error:
                raise RefusalError("invalid-number", str(error), field="from") from None
            found = lines.line_by_number(connection, number)
        if found is not None and bound and not self._is_in(request.pool, found):
            found = None
        if found is None:
            words = f"no line has the number or id {request.from_!r}; GET /v1/lines lists them"
            raise RefusalError("unknown-line", words, field="from")
        if found.retired_at is not None:
            words = f"the line {request.from_!r} is retired; name another, or leave `from` out"
            raise RefusalError("line-retired", words, field="from")
        if request.pool is not None and not self._is_in(request.pool, found):
            words = f"the line {request.from_!r} is not in the pool {request.pool!r}"
            raise RefusalError("unknown-line", words, field="from")
        return found

    def _is_in(self, pool: str | None, line: Record) -> bool:
        return pool in self._roster.pools_of(line.iccid, line.number)

    def _opted_out(self, connection: Connection, draft: Draft) -> bool:
        number, hashed = draft.recipient, self._refusals.erased_as(draft.recipient)
        rules = self._settings.optouts
        return opting.refuses(connection, rules, number, draft.kind, draft.pool, hashed)

    def _question(
        self,
        connection: Connection,
        draft: Draft,
        caller: Caller,
        line: Any,
        last_inbound: float | None,
        now: float,
    ) -> Question:
        at = max(now, draft.request.send_at or now)
        # What is to go later is asked about then.
        review_due = self._refusals.review_due_at(draft.recipient) if at == now else None
        zone = draft.request.time_zone
        return Question(
            recipient=draft.recipient,
            kind=Kind(draft.kind),
            default_region=self._settings.default_region,
            now=datetime.fromtimestamp(at, UTC),
            policy=self._settings.gate,
            pool=draft.pool,
            opted_out=self._opted_out(connection, draft),
            held=self._refusals.held(draft.recipient),
            line_country=country_of(line.number) if line is not None else None,
            urgent=caller.urgent,
            last_inbound_at=moment(last_inbound),
            under_review=moment(review_due),
            time_zone=ZoneInfo(zone) if zone else None,
            message_id=new_id("msg"),
            text=draft.request.text,
        )

    def row_of(self, weighed: Weighed, conversation: Record, caller: Caller, now: float) -> Record:
        """The message that a text becomes which the gate lets in; not written yet."""
        draft, line, decision = weighed.draft, weighed.line, weighed.decision
        request, question = draft.request, weighed.question
        home = lane = self._lane(draft, line.id if line is not None else None, caller)
        last_line_id = conversation.line_id
        match request.sticky if line is None and last_line_id else None:
            case "require":
                home = lane = self._lane(draft, last_line_id, caller)
            case "prefer" if self._dispatcher.sticks(
                last_line_id, draft.pool, conversation.spoken_at
            ):
                lane = self._lane(draft, last_line_id, caller)
        later = self._later(request, decision, now)
        status = MessageStatus.QUEUED if later is None else MessageStatus.SCHEDULED
        priority = PRIORITIES[draft.kind] if request.priority is None else request.priority
        return messages.new_message(
            {
                "id": question.message_id,
                "direction": "outbound",
                "status": status,
                "sender": line.number if line is not None else None,
                "recipient": draft.recipient,
                "line_id": line.id if line is not None else None,
                "pool": draft.pool,
                "kind": draft.kind,
                "text": request.text,
                "transliterated": draft.transliterated,
                "encoding": draft.encoding,
                "parts": draft.parts,
                "reference_number": random.randrange(256) if draft.parts > 1 else None,
                "conversation_id": conversation.id,
                "created_at": now,
                "reference": request.reference,
                "metadata": dict(request.metadata),
                "if_in_doubt": request.if_in_doubt,
                "if_partly_sent": "resend" if request.if_partly_sent == "resend" else None,
                "sticky": "off" if request.sticky == "off" else None,
                "urgent": caller.urgent,
                "time_zone": request.time_zone,
                "want_report": self._settings.reports,
                "send_at": request.send_at,
                "expires_at": self._expiry(request, question, later),
                "key_id": caller.key_id,
                "lane": lane if later is None else None,
                "home_lane": home,
                "priority": priority,
                "ready_at": later,
                "hold_reason": decision.rule if isinstance(decision, Defer) else None,
            },
        )

    @staticmethod
    def _lane(draft: Draft, line_id: str | None, caller: Caller) -> str:
        send_at = draft.request.send_at
        return lane_of(line_id, draft.pool, caller.key_id, kind=draft.kind, send_at=send_at)

    def _expiry(self, request: SendRequest, question: Question, later: float | None) -> float:
        """Until when the text may wait. Marketing for which nobody asked for a time ends with the
        first hours in which it may go: an evening's offer is none the next morning."""
        at = question.now.timestamp()
        if request.valid_for_s is not None:
            return at + request.valid_for_s
        if question.kind is not Kind.MARKETING:
            return at + self._settings.default_valid_for_s
        first = max(at, later or at)
        closes = closing(replace(question, now=datetime.fromtimestamp(first, UTC)))
        ends = first + self._settings.default_valid_for_s
        return ends if closes is None else min(ends, closes.timestamp())

    @staticmethod
    def _later(request: SendRequest, decision: Decision, now: float) -> float | None:
        """When the text may go first; None: now."""
        times = [request.send_at or 0.0]
        if isinstance(decision, Defer):
            times.append(decision.until.timestamp())
        latest = max(times)
        return latest if latest > now else None


def _not_granted(pool: str | None, caller: Caller) -> RefusalError:
    granted = ", ".join(sorted(caller.pools or ()))
    what = "name a pool" if pool is None else f"not to {pool!r}"
    words = f"this key is bound to the pools {granted}: {what}"
    return RefusalError("pool-not-granted", words, field="pool")


def refusal_of(decision: Block) -> RefusalError:
    """How a caller is told that the gate refuses a text."""
    rule = decision.rule.partition(":")[0]
    field = "text" if rule in (CARD_NUMBER, CONTENT) else "to"
    return RefusalError(rule.replace("_", "-"), decision.words, field=field)


def _kept(item: dict[str, Any] | RefusalError) -> dict[str, Any]:
    if isinstance(item, RefusalError):
        return {"refusal": [item.kind, item.words, item.field]}
    return {"message": item}


def _recall(item: dict[str, Any]) -> dict[str, Any] | RefusalError:
    if "refusal" in item:
        kind, words, field = item["refusal"]
        return RefusalError(kind, words, field=field)
    message: dict[str, Any] = item["message"]
    return message
