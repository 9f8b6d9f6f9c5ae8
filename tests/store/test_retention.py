"""What is long over is forgotten; what proves something, or is not over, stays."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text, update

from modemgw.store import messages, retention, tables
from modemgw.store.engine import writer_engine
from modemgw.store.messages import EMPTY_MESSAGE

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOW, OLD = 2_000_000_000.0, 1_000_000_000.0
CUSTOMER, OTHER = "+12025550111", "+12025550122"


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{number:032x}"


def _message(connection: Connection, number: int, status: str, **values: Any) -> str:
    usual = {
        "direction": "outbound", "recipient": CUSTOMER, "sender": "+12025550100", "text": "x",
        "encoding": "gsm7", "parts": 1, "created_at": OLD, "status": status,
    }  # fmt: skip
    row = {**EMPTY_MESSAGE, **usual, **values, "id": _id("msg", number)}
    connection.execute(insert(tables.messages).values(**row))
    connection.execute(
        insert(tables.parts).values(
            message_id=row["id"], seq=1, status="sent", recipient=CUSTOMER, attempts=1
        )
    )
    return str(row["id"])


def _arrival(connection: Connection, number: int, kind: str, **values: Any) -> str:
    usual = {
        "fingerprint": str(number), "pdu": "00", "kind": kind, "received_at": OLD, "total": 1,
        "seq": 1,
    }  # fmt: skip
    row = {**usual, **values, "id": _id("inb", number)}
    connection.execute(insert(tables.inbound_parts).values(**row))
    return str(row["id"])


def _ids(connection: Connection, table: Any, column: str = "id") -> set[str]:
    return set(connection.execute(select(table.c[column])).scalars())


def _inbound(connection: Connection, number: int, sender: str, **values: Any) -> str:
    there = {"direction": "inbound", "recipient": None, "sender": sender, **values}
    return _message(connection, number, "received", **there)


def test_texts_that_are_over_go_with_all_that_is_kept_of_them(connection: Connection) -> None:
    """Parts, attempts and TPDUs too; what is younger, or not over, stays whole."""
    gone = _message(connection, 1, "delivered")
    connection.execute(
        insert(tables.part_attempts).values(
            message_id=gone, seq=1, number=1, at=OLD, outcome="refused"
        )
    )
    _arrival(connection, 1, "deliver", message_id=gone)
    open_ = [
        _message(connection, 2 + i, status)
        for i, status in enumerate(("scheduled", "queued", "sending", "in_doubt"))
    ]
    young = _message(connection, 9, "delivered", created_at=NOW)
    assert retention.forget_messages(connection, NOW - 1, 100) is None
    assert _ids(connection, tables.messages) == {*open_, young}
    assert _ids(connection, tables.parts, "message_id") == {*open_, young}
    assert _ids(connection, tables.part_attempts, "message_id") == set()
    assert _ids(connection, tables.inbound_parts) == set()


def test_what_an_opt_out_a_consent_or_a_review_rests_on_stays(connection: Connection) -> None:
    """They are the proof, years later."""
    stop, yes, question, doubtful, idle = (
        _inbound(connection, 1, CUSTOMER),
        _inbound(connection, 2, CUSTOMER),
        _message(connection, 3, "delivered"),
        _inbound(connection, 4, CUSTOMER),
        _inbound(connection, 5, OTHER),
    )
    connection.execute(
        insert(tables.opt_outs).values(
            number=CUSTOMER, scope="all", source="keyword", reason="stop", message_id=stop,
            created_at=OLD, sent_at=OLD,
        )
    )  # fmt: skip
    connection.execute(
        insert(tables.consents).values(
            number=CUSTOMER, kind="marketing", scope="all", state="given", source="keyword",
            obtained_at=OLD, message_id=yes, request_id=question, recorded_by="keyword",
            created_at=OLD, changed_at=OLD,
        )
    )  # fmt: skip
    connection.execute(
        insert(tables.reviews).values(
            id="rev_1", number=CUSTOMER, message_id=doubtful, reason="doubt", created_at=OLD,
            due_at=OLD,
        )
    )  # fmt: skip
    assert retention.forget_messages(connection, NOW, 100) is None
    assert _ids(connection, tables.messages) == {stop, yes, question, doubtful}
    assert idle not in _ids(connection, tables.parts, "message_id")


def test_what_is_forgotten_unread_is_no_more_unread(connection: Connection) -> None:
    """A conversation counts only what can still be read."""
    talk = messages.make_conversation(connection, OTHER, "", OLD)
    read = _inbound(connection, 1, OTHER, conversation_id=talk.id)
    _inbound(connection, 2, OTHER, conversation_id=talk.id)
    _inbound(connection, 3, OTHER, conversation_id=talk.id, created_at=NOW)
    connection.execute(update(tables.conversations).values(unread=2, read_up_to=read))
    assert retention.forget_messages(connection, NOW, 100) is None
    assert connection.execute(select(tables.conversations.c.unread)).scalar_one() == 1


def test_texts_that_were_never_counted_take_none_from_the_count(connection: Connection) -> None:
    """Conversations of before there was a count begin with none unread, and none read."""
    talk = messages.make_conversation(connection, OTHER, "", OLD)
    for number in (1, 2):
        _inbound(connection, number, OTHER, conversation_id=talk.id)
    _inbound(connection, 3, OTHER, conversation_id=talk.id, created_at=NOW)
    connection.execute(update(tables.conversations).values(unread=1))
    assert retention.forget_messages(connection, NOW, 100) is None
    assert connection.execute(select(tables.conversations.c.unread)).scalar_one() == 1


def test_what_two_hosts_forget_at_once_is_taken_from_the_count_once(postgres_url: str) -> None:
    """A text that nobody has read yet stays unread."""
    one, two = (writer_engine(postgres_url) for _ in range(2))
    with one.begin() as setting:
        talk = messages.make_conversation(setting, OTHER, "", OLD)
        for number in (1, 2):
            _inbound(setting, number, OTHER, conversation_id=talk.id)
        for number in (3, 4):
            _inbound(setting, number, OTHER, conversation_id=talk.id, created_at=NOW)
        setting.execute(update(tables.conversations).values(unread=4))

    def forget() -> None:
        with two.begin() as there:
            retention.forget_messages(there, NOW, 100)

    other = threading.Thread(target=forget)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with one.begin() as here:
        retention.forget_messages(here, NOW, 100)
        other.start()
        until = time.monotonic() + 10
        while not here.execute(waits).scalar_one():
            assert time.monotonic() < until, "the other does not meet this one"
            time.sleep(0.01)
    other.join(10)
    with one.begin() as after:
        assert after.execute(select(tables.conversations.c.unread)).scalar_one() == 2
    one.dispose()
    two.dispose()


def test_what_is_old_is_looked_through_in_pieces(connection: Connection) -> None:
    """Each piece begins where the one before has ended, past what stayed."""
    kept = [_message(connection, i, "queued") for i in (1, 2)]
    _message(connection, 3, "delivered")
    place = retention.forget_messages(connection, NOW, 2)
    assert place == kept[-1]
    assert len(_ids(connection, tables.messages)) == 3
    assert retention.forget_messages(connection, NOW, 2, place) is None
    assert _ids(connection, tables.messages) == set(kept)


def test_old_reports_go_and_tpdus_of_texts_stay(connection: Connection) -> None:
    """What a report told is in its part; a text's TPDU is its proof."""
    _arrival(connection, 1, "report")
    text = _arrival(connection, 2, "deliver")
    young = _arrival(connection, 3, "report", received_at=NOW)
    for number, received_at in ((1, OLD), (2, NOW)):
        connection.execute(
            insert(tables.reports).values(
                id=_id("rep", number), mr=1, recipient=CUSTOMER, status=0, received_at=received_at
            )
        )
    assert retention.forget_tpdus_of_reports(connection, NOW - 1, 100) is None
    assert retention.forget_reports(connection, NOW - 1, 100) is None
    assert _ids(connection, tables.inbound_parts) == {text, young}
    assert _ids(connection, tables.reports) == {_id("rep", 2)}
