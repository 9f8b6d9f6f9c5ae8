"""Incoming texts: joined from their parts, classified, and what they ask for carried out.

All of it inside the transaction that keeps the TPDU, so that a STOP, the cancellation of what is
queued, the confirmation, the message and its event are committed together or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from modemgw.consent.agreement import yes_in
from modemgw.consent.gate import Permit
from modemgw.consent.keywords import Class, Classification, classify
from modemgw.consent.order import Refusal, Sent, lifts
from modemgw.consent.replies import Reply
from modemgw.gateway import acts, consenting, opting, reviews
from modemgw.gateway.automatic import queue_reply
from modemgw.gateway.learning import learn
from modemgw.gateway.redaction import UNREADABLE, redacted
from modemgw.gateway.status import MessageStatus
from modemgw.ids import new_id
from modemgw.pdu import Deliver, Joined, PduError, Reassembler, Tpdu, decode
from modemgw.store import consents, conversations, inbox, messages, optouts
from modemgw.store.inbox import PartKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.consent.numbers import Sender
    from modemgw.consent.replies import Replies
    from modemgw.consent.scopes import OptOut
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

JOIN_WINDOW_S = 2 * 86_400.0
CONFIRM_AGAIN_S = 86_400.0  # one confirmation a day and number
_FROM_US = Classification(Class.NONE, "from a line of our own")
HELP_AGAIN_S = 300.0  # two machines that say HELP to each other must come to an end


@dataclass(slots=True)
class Effects:
    """What a TPDU led to, for the memory of the process once it is committed."""

    kind: str
    repeat: bool = False
    opted_out: list[str] = field(default_factory=list)
    standing: dict[str, tuple[OptOut, ...]] = field(default_factory=dict)  # of who opted out or in
    under_review: dict[str, float] = field(default_factory=dict)  # and when that ends at the latest
    queued: list[tuple[str, int]] = field(default_factory=list)
    delivered: tuple[str, float] | None = None  # the line and time of the submit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and from whom a text came, and what is needed to answer it."""

    sender: Sender
    line_id: str | None
    line_number: str | None
    pool: str
    region: str
    settings: GatewaySettings
    replies: Replies
    now: float
    own_line: str | None = None  # the line of ours that sent it, if one did
    pools: tuple[str, ...] = ()  # all those of the line that it came in on


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole text, or a partial one."""

    text: str
    encoding: str
    parts: int
    partial: bool
    part_ids: tuple[str, ...]
    tpdus: tuple[Deliver, ...]
    data: bytes | None = None

    @property
    def sent(self) -> Sent:
        """When, and by which centres."""
        return _sent(self.tpdus)


def read_tpdu(pdu: str) -> tuple[Tpdu, str | None]:
    """Decode a TPDU strictly, or else leniently with what is wrong with it.

    Raises PduError when nothing can be made of it.
    """
    try:
        return decode(pdu), None
    except PduError as error:
        return decode(pdu, lenient=True), str(error)


def clean(text: str) -> str:
    """Text that every database and JSON reader takes: no NUL, no half of a surrogate pair."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def text_of(tpdu: Deliver) -> str:
    """The text of a TPDU; of 8-bit data what can be read as Latin-1, for some write text so."""
    return clean(tpdu.text) if tpdu.text is not None else readable(tpdu.data)


def readable(data: bytes | None) -> str:
    """8-bit data as text where it is printable, else nothing."""
    text = (data or b"").decode("latin-1")
    return text if text.isprintable() else ""


def take_in_text(tx: Transaction, tpdu: Deliver, part_id: str, origin: Origin) -> Effects:
    """Take in a DELIVER whose TPDU is kept as `part_id`; a message comes of it once it is whole."""
    concat = tpdu.concat
    if concat is None or concat.total == 1:
        letter = Letter(text_of(tpdu), tpdu.alphabet, 1, False, (part_id,), (tpdu,), tpdu.data)
        return take_in_letter(tx, letter, origin)
    key = PartKey(origin.line_id, origin.sender.address[:32], concat.ref, concat.bits, concat.total)
    rows = inbox.siblings(tx.connection, key, origin.now - JOIN_WINDOW_S)
    whole, _ = _join(rows)
    joined = next((message for message in whole if part_id in message.tokens), None)
    if joined is None:
        return Effects("part")
    return take_in_letter(tx, _letter(joined, rows), origin)


def _letter(joined: Joined, rows: Sequence[Record]) -> Letter:
    by_id = {row.id: row for row in rows}
    parts = tuple(_deliver(by_id[str(token)]) for token in joined.tokens)
    return Letter(
        text=clean(joined.text) if joined.data is None else readable(joined.data),
        encoding=parts[0].alphabet,
        tpdus=parts,
        parts=joined.total,
        partial=not joined.complete,
        part_ids=tuple(str(token) for token in joined.tokens),
        data=joined.data,
    )


def _deliver(row: Record) -> Deliver:
    tpdu, _ = read_tpdu(row.pdu)
    assert isinstance(tpdu, Deliver)
    return tpdu


def _sent(parts: Sequence[Deliver]) -> Sent:
    return Sent.of(
        [
            (
                part.scts.timestamp() if part.scts is not None else None,
                clean(part.sca.number)[:32] if part.sca is not None else None,
            )
            for part in parts
        ]
    )


def _join(rows: Sequence[Record]) -> tuple[list[Joined], Reassembler]:
    """The messages that these parts make whole, and the machine with what is still open."""
    machine = Reassembler(window_s=JOIN_WINDOW_S)
    whole = []
    for row in rows:
        if row.pdu == UNREADABLE:
            continue
        joined = machine.add(
            row.line_id or "",
            _deliver(row),
            now=row.received_at,
            token=row.id,
            delivered_partial=bool(row.given),
        )
        if joined is not None:
            whole.append(joined)
    return whole, machine


def give_out_partial(
    tx: Transaction, key: PartKey, origin: Origin, older_than_s: float, oldest_at: float
) -> Effects:
    """Give out what has come of messages whose parts stay away; they may still be completed.

    `oldest_at` is when the first of the parts came that nobody was given yet: after a long time
    out of service that is longer ago than the window. Parts that turn out to be a second copy of
    a message that is whole are put to it.
    """
    rows = inbox.siblings(tx.connection, key, oldest_at - JOIN_WINDOW_S)
    whole, machine = _join(rows)
    open_ids = {row.id for row in rows if row.message_id is None}
    unseen = [message for message in whole if open_ids.issuperset(message.tokens)]
    effects = Effects("partial")
    taken: set[str] = set()
    for joined in (*unseen, *machine.expire(origin.now, older_than_s)):
        letter = _letter(joined, rows)
        taken.update(letter.part_ids)
        _merge(effects, take_in_letter(tx, letter, origin))
    known = next((row.message_id for row in reversed(rows) if row.message_id), None)
    copies = [
        row.id
        for row in rows
        if row.message_id is None
        and row.id not in taken
        and row.received_at < origin.now - older_than_s
    ]
    if copies and known is not None:
        inbox.join(tx.connection, copies, known)
    return effects


def _merge(into: Effects, more: Effects) -> None:
    into.opted_out += more.opted_out
    into.standing |= more.standing
    into.under_review |= more.under_review
    into.queued += more.queued


def take_in_letter(tx: Transaction, letter: Letter, origin: Origin) -> Effects:
    """Make a message of a text, tell the world, and do what it asks for."""
    connection, now, sender = tx.connection, origin.now, origin.sender
    own_line = _own_line(tx, letter, origin)
    found = _FROM_US if own_line is not None else _classify(tx, letter, origin)
    conversation = messages.open_conversation(connection, sender.address[:32], origin.pool, now)
    if own_line is None:
        messages.note_conversation(
            connection,
            conversation.id,
            line_id=origin.line_id,
            spoken_at=now,
            last_inbound_at=now,
        )
    message_id = _open_message(tx, letter)
    # What it asks for was read from what was written; from here on there is only what may be kept.
    kept, pdus = redacted(letter, origin.settings.mask)
    inbox.rewrite(connection, pdus)
    values = {
        "status": MessageStatus.RECEIVED,
        "text": kept.text,
        "encoding": letter.encoding,
        "parts": letter.parts,
        "partial": letter.partial,
        "classified": None if found.kind is Class.NONE else found.kind,
    }
    if message_id is None:
        row = messages.insert_message(
            connection,
            {
                **values,
                "id": new_id("msg"),
                "direction": "inbound",
                "sender": sender.address[:32],
                "recipient": origin.line_number,
                "line_id": origin.line_id,
                "pool": origin.pool or None,
                "conversation_id": conversation.id,
                "created_at": now,
                "received_at": now,
                "metadata": _told_of(kept, own_line),
            },
        )
        conversations.has_come_in(connection, conversation.id)
    else:
        row = messages.changed(connection, message_id, **values)
    inbox.join(connection, letter.part_ids, row.id)
    acts.announce(tx, row, now, "message.received")
    if own_line is None and found.kind is Class.NONE:
        _agree(tx, letter, row.id, origin)
    return _carry_out(tx, found, row.id, letter.sent, origin)


def _own_line(tx: Transaction, letter: Letter, origin: Origin) -> str | None:
    """The line of ours that sent a text, if one did: to it nobody answers, and it asks nothing."""
    sender = origin.sender
    if not sender.can_be_texted:
        return None
    learner = learn(tx, letter.text, sender.address, origin.line_number, origin.line_id, origin.now)
    return learner or origin.own_line


def _told_of(letter: Letter, own_line: str | None) -> dict[str, str]:
    """What an incoming message's `metadata` tell."""
    told = {} if letter.data is None else {"data": letter.data.hex()}
    return told if own_line is None else {**told, "own_line": own_line}


def _open_message(tx: Transaction, letter: Letter) -> str | None:
    """The message that these parts were given out as before, when they were partial."""
    return inbox.message_of(tx.connection, letter.part_ids)


def learn_to_read() -> None:
    """Read now all that texts are told apart by: some tenths of a second for the first of them."""
    classify("Please do not write to me again")


def _classify(tx: Transaction, letter: Letter, origin: Origin) -> Classification:
    sender = origin.sender
    if not sender.can_be_texted:
        return Classification(Class.NONE, "the sender cannot be texted")
    since = [row.created_at for row in _lifted_here(tx, origin)]
    found = classify(
        letter.text,
        country=origin.region,
        language=origin.replies.language,
        opted_out=bool(since),
        last_outbound=messages.last_texts_to(tx.connection, sender.address),
        since_optout_s=origin.now - max(since) if since else None,
        own=origin.settings.words_of(origin.pools),
    )
    return _in_order(tx, found, letter.sent, origin) if found.kind is Class.OPT_IN else found


def _in_order(tx: Transaction, found: Classification, sent: Sent, origin: Origin) -> Classification:
    """The START as it is, unless an opt-out may be the later one: then a person is to look."""
    number = origin.sender.address
    optouts.lock(tx.connection, number)
    rows = _lifted_here(tx, origin)
    if all(lifts(sent, Refusal(row.sent_at, row.centre), origin.now) for row in rows):
        return found
    reason = f"{found.reason}; not certainly sent after the opt-out"
    tx.record("opt_in_left_open", number, origin.now, reason=reason)
    return replace(found, kind=Class.REVIEW, reason=reason)


def _lifted_here(tx: Transaction, origin: Origin) -> list[Record]:
    """The sender's opt-outs that a START lifts which came to this line."""
    rules, number = origin.settings.optouts, origin.sender.address
    return [
        row
        for row in optouts.of(tx.connection, number, tx.erased_as(number))
        if rules.is_lifted_at(opting.of_row(row), origin.pools)
    ]


def _agree(tx: Transaction, letter: Letter, message_id: str, origin: Origin) -> None:
    """Take a YES for the answer to our question whether the sender wants texts, if there is one."""
    number = origin.sender.address
    if letter.partial or not consents.is_asked(tx.connection, number):
        return
    if yes_in(letter.text, messages.last_texts_to(tx.connection, number)) is None:
        return
    consenting.give_by_answer(
        tx,
        number,
        origin.now,
        origin.settings.optouts,
        sent=letter.sent,
        line_id=origin.line_id,
        message_id=message_id,
    )


def _carry_out(
    tx: Transaction, found: Classification, message_id: str, sent: Sent, origin: Origin
) -> Effects:
    match found.kind:
        case Class.OPT_OUT:
            return _opt_out(tx, found, message_id, sent, origin)
        case Class.OPT_IN:
            return _opt_in(tx, found, message_id, origin)
        case Class.HELP:
            return _help(tx, found, origin)
        case Class.REVIEW:
            return _review(tx, found, message_id, origin)
        case _:
            return Effects("text")


def _opt_out(
    tx: Transaction, found: Classification, message_id: str, sent: Sent, origin: Origin
) -> Effects:
    number, now = origin.sender.address, origin.now
    effects = Effects("opt_out", opted_out=[number])
    rules = origin.settings.optouts
    opting.opt_out(
        tx,
        number,
        now,
        rules.of_stop(number, origin.pools, everything=found.everything),
        rules,
        source="keyword",
        reason=found.reason,
        message_id=message_id,
        line_id=origin.line_id,
        sent=sent,
    )
    effects.standing[number] = opting.standing(tx.connection, number, tx.erased_as(number))
    confirmed_at = optouts.confirmed_at(tx.connection, number)
    if confirmed_at is None or confirmed_at < now - CONFIRM_AGAIN_S:
        optouts.note_confirmation(tx.connection, number, now)
        _answer(tx, effects, Reply.OPTED_OUT, Permit.CONFIRMATION, found.language, origin)
    return effects


def _opt_in(tx: Transaction, found: Classification, message_id: str, origin: Origin) -> Effects:
    number = origin.sender.address
    effects = Effects("opt_in")
    reason = f"{found.reason} ({message_id})"
    lifted = [opting.of_row(row) for row in _lifted_here(tx, origin)]
    # Answered when it changed something, or two machines could thank each other for ever.
    if opting.opt_in(tx, number, origin.now, lifted, source="keyword", reason=reason):
        consenting.give_by_start(
            tx,
            number,
            origin.now,
            lifted,
            origin.settings.optouts,
            message_id=message_id,
            reason=found.reason,
            kinds=origin.settings.start_gives,
        )
        _answer(tx, effects, Reply.OPTED_IN, None, found.language, origin)
    effects.standing[number] = opting.standing(tx.connection, number, tx.erased_as(number))
    return effects


def _review(tx: Transaction, found: Classification, message_id: str, origin: Origin) -> Effects:
    """Have a person look; nobody is answered, for nobody has said STOP yet."""
    number = origin.sender.address
    row = reviews.open_review(
        tx,
        number,
        origin.now,
        origin.settings.optouts,
        within_s=origin.settings.review_within_s,
        message_id=message_id,
        line_id=origin.line_id,
        reason=found.reason,
    )
    return Effects("review", under_review={} if row is None else {number: row.due_at})


def _help(tx: Transaction, found: Classification, origin: Origin) -> Effects:
    effects = Effects("help")
    last = messages.last_automatic_at(tx.connection, origin.sender.address, Permit.HELP)
    if last is None or last < origin.now - HELP_AGAIN_S:
        _answer(tx, effects, Reply.HELP, Permit.HELP, found.language, origin)
    return effects


def _answer(
    tx: Transaction,
    effects: Effects,
    reply: Reply,
    permit: Permit | None,
    language: str | None,
    origin: Origin,
) -> None:
    """Queue the one automatic answer, on the line that was written to."""
    if origin.line_id is None:
        return  # nobody could tell which line was meant; the agent sees the message
    text = origin.replies.text(reply, language)
    queued = queue_reply(
        tx,
        to=origin.sender.address,
        text=text,
        line_id=origin.line_id,
        pool=origin.pool,
        permit=permit,
        settings=origin.settings,
        now=origin.now,
    )
    effects.queued.append(queued)
