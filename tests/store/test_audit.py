"""The audit's chains hold, and whatever is done to them behind the program's back shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from sqlalchemy import text

from modemgw.store import heads, tables
from modemgw.store.chain import Head
from modemgw.store.engine import writer_engine
from modemgw.store.errors import StoreError
from modemgw.store.ledger import Ledger, every_entry
from modemgw.store.proof import Verdict, verify
from modemgw.store.schema import migrate
from modemgw.store.upgrade import alembic_config
from modemgw.store.writer import Writer
from tests.store.operations import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from modemgw.store.transaction import Transaction

ALICE, BOB = "+12025550111", "+12025550122"
KEY = b"a" * 32
CHANGED = "replace(payload, 'no. 2', 'no. 7')"


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """A database of each kind with two chains of five entries, in a transaction."""
    engine = writer_engine(url)
    with engine.begin() as connection:
        for host in ("here", "there"):
            ledger = Ledger(host, KEY)
            for number in range(5):
                told = {"reason": f"no. {number}"}
                ledger.append(connection, "opted_out", ALICE, NOW + number, told)
        yield connection
    engine.dispose()


def head_of(connection: Connection, host: str = "here") -> Head:
    head = Ledger(host, KEY).head(connection, NOW + 9)
    assert head is not None
    return head


def check(connection: Connection, *published: Head) -> Verdict:
    return verify(connection, published, Ledger("here", KEY).key)


def test_chains_that_nobody_touched_hold(connection: Connection) -> None:
    """With the heads that were published, and those of a chain that has grown since."""
    head = head_of(connection)
    Ledger("here", KEY).append(connection, "opted_in", ALICE, NOW + 10, {})
    verdict = check(connection, head, head_of(connection), head_of(connection, "there"))
    assert verdict == Verdict(chains=2, entries=11, erased=0, heads=3, breaks=())


@pytest.mark.parametrize(
    ("tampering", "broken_at", "why"),
    [
        (
            f"UPDATE audit_payloads SET payload = {CHANGED} WHERE chain = 'here'",
            3,
            "payload is not the one",
        ),
        (
            "UPDATE audit_payloads SET subject = 'other' WHERE chain = 'here' AND sequence = 3",
            3,
            "filed under another number",
        ),
        (
            "UPDATE audit_entries SET action = 'opted_in' WHERE chain = 'here' AND sequence = 3",
            3,
            "link does not follow",
        ),
        (
            "UPDATE audit_entries SET at = at - 60 WHERE chain = 'here' AND sequence = 1",
            1,
            "link does not follow",
        ),
        ("DELETE FROM audit_entries WHERE chain = 'here' AND sequence = 3", 3, "missing"),
        ("DELETE FROM audit_entries WHERE chain = 'here' AND sequence = 1", 1, "missing"),
        ("DELETE FROM audit_payloads WHERE chain = 'here' AND sequence = 3", 3, "payload is gone"),
        ("DELETE FROM audit_entries WHERE chain = 'here' AND sequence = 5", 5, "was published"),
        ("DELETE FROM audit_entries WHERE chain = 'here'", 1, "was published"),
    ],
)
def test_what_was_done_to_a_chain_shows_at_its_first_broken_entry(
    connection: Connection, tampering: str, broken_at: int, why: str
) -> None:
    """Changed, filed elsewhere, taken out of the middle, erased in silence, cut off; the other
    chain holds."""
    head = head_of(connection)
    connection.execute(text(tampering))
    (broken,) = check(connection, head, head_of(connection, "there")).breaks
    assert (broken.chain, broken.sequence) == ("here", broken_at)
    assert why in broken.why


def test_entries_that_changed_places_show(connection: Connection) -> None:
    """Each is whole in itself; their order is what the links are of."""
    for table in ("audit_entries", "audit_payloads"):
        for was, to in ((2, 99), (3, 2), (99, 3)):
            connection.execute(
                text(
                    f"UPDATE {table} SET sequence = {to} WHERE chain = 'here' AND sequence = {was}"
                )
            )
    (broken,) = check(connection, head_of(connection, "there")).breaks
    assert (broken.chain, broken.sequence) == ("here", 2)


def test_a_chain_made_anew_without_an_entry_shows_by_the_published_head(
    connection: Connection,
) -> None:
    """Whoever writes the whole chain again has links that follow, but not those published."""
    head = head_of(connection)
    connection.execute(text("DELETE FROM audit_entries WHERE chain = 'here'"))
    connection.execute(text("DELETE FROM audit_payloads WHERE chain = 'here'"))
    for number in range(5):
        Ledger("here", KEY).append(connection, "opted_in", ALICE, NOW + number, {})
    assert check(connection).breaks == ()
    (broken,) = check(connection, head).breaks
    assert (broken.sequence, broken.why) == (5, "the head published there has another link")


def test_a_head_that_was_made_without_the_key_shows(connection: Connection) -> None:
    """Changed, or of another key; without the key at hand its place is compared all the same."""
    head = head_of(connection)
    changed = replace(head, at=head.at + 1)
    foreign = Ledger("here", b"b" * 32).head(connection, NOW)
    assert foreign is not None
    for published in (changed, foreign):
        (broken,) = check(connection, published).breaks
        assert (broken.sequence, "wrong MAC" in broken.why) == (5, True)
    assert verify(connection, [head], None).breaks == ()


def test_what_an_entry_says_was_erased_is_no_break(connection: Connection) -> None:
    """The digest stays, so the chain holds; what else is gone is told of."""
    head = head_of(connection)
    connection.execute(text("DELETE FROM audit_payloads WHERE chain = 'here' AND sequence < 3"))
    named = {"entries": [["here", 1], ["here", 2]]}
    Ledger("there", KEY).append(connection, "erased", None, NOW + 20, named)
    verdict = check(connection, head)
    assert (verdict.erased, verdict.breaks) == (2, ())
    connection.execute(text("DELETE FROM audit_payloads WHERE chain = 'here' AND sequence = 4"))
    (broken,) = check(connection, head).breaks
    assert broken.sequence == 4


def test_numbers_are_nowhere_in_a_chain(connection: Connection) -> None:
    """Neither whom an entry is about, nor what it calls a number."""
    ledger = Ledger("here", KEY)
    ledger.append(connection, "line_changed", None, NOW, {"changes": {"number": BOB, "name": "x"}})
    kept = [
        str(row)
        for table in (tables.audit_entries, tables.audit_payloads)
        for row in connection.execute(table.select()).all()
    ]
    assert not [row for row in kept if ALICE in row or BOB in row]
    assert len(ledger.entries(connection, ALICE)) == 10
    assert ledger.entries(connection, BOB) == []


async def test_an_act_that_fails_leaves_no_entry(url: str) -> None:
    """In one transaction with the act; what others of the group did stands, without a gap."""
    writer = Writer(url, "here", ledger=Ledger("here", KEY))
    writer.start()

    def act(tx: Transaction) -> None:
        tx.record("opted_out", ALICE, NOW, reason="wanted")

    def fails(tx: Transaction) -> None:
        act(tx)
        raise ValueError

    futures = [writer.submit(operation) for operation in (act, fails, act)]
    with pytest.raises(ValueError):
        await futures[1]
    for future in (futures[0], futures[2]):
        await future
    verdict = await writer.run(lambda tx: check(tx.connection))
    assert (verdict.entries, verdict.breaks) == (2, ())
    await writer.stop()


def test_what_the_audit_was_before_is_carried_over(empty_database_url: str) -> None:
    """Each entry once, with its own time and action, found by its number; the list is empty."""
    engine, config = writer_engine(empty_database_url), alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for number in range(3):
            connection.execute(
                text("INSERT INTO audit VALUES (:id, :at, 'opted_out', :number, :detail)"),
                {
                    "id": f"aud_{number}",
                    "at": NOW + number,
                    "number": ALICE if number else None,
                    "detail": json.dumps({"reason": f"no. {number}"}),
                },
            )
    migrate(empty_database_url)
    ledger = Ledger("here", KEY)
    with engine.begin() as connection:
        taken = [ledger.carry_over(connection, NOW + 60, 2) for _ in range(3)]
        assert taken == [2, 1, 0]
        assert check(connection).breaks == ()
        found: list[dict[str, Any]] = ledger.entries(connection, ALICE)
        assert [(e["at"], e["action"], e["detail"]) for e in found] == [
            (NOW + 2, "opted_out", {"reason": "no. 2"}),
            (NOW + 1, "opted_out", {"reason": "no. 1"}),
        ]
        assert len(every_entry(connection)) == 3
    engine.dispose()


def test_another_key_is_refused_until_a_person_says_that_the_old_one_is_lost(
    connection: Connection,
) -> None:
    """Nobody would find under it what was hashed before; going on stands in the chain."""
    Ledger("here", KEY).demand_key(connection)
    Ledger("there", KEY).demand_key(connection)
    other = Ledger("here", b"b" * 32)
    with pytest.raises(StoreError, match="back from a backup"):
        other.demand_key(connection)
    other.accept_key(connection, NOW + 30, "the disk died")
    other.demand_key(connection)
    assert every_entry(connection)[5]["action"] == "key_replaced"
    with pytest.raises(StoreError, match="back from a backup"):
        Ledger("there", KEY).demand_key(connection)


def test_rules_are_noted_when_they_are_others_than_the_last(connection: Connection) -> None:
    """With the sections that changed; what they say is told by its digest alone."""
    ledger = Ledger("here", KEY)
    first, second = {"gate": "1", "pools": "1"}, {"gate": "2", "pools": "1"}
    noted = [ledger.note_rules(connection, rules, NOW) for rules in (first, first, second)]
    assert noted == [True, False, True]
    told = [
        e["detail"]["changed"] for e in every_entry(connection) if e["action"] == "rules_changed"
    ]
    assert told == [["gate", "pools"], ["gate"]]


def test_published_heads_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A line that a crash has cut off counts for nothing; one that is no head is told of."""
    path = tmp_path / "heads"
    assert list(heads.published(path)) == []
    told = [Head("here", number, "l" * 64, NOW + 0.25, "m" * 64) for number in (1, 2)]
    for head in told:
        heads.publish(path, head)
    with path.open("a") as file:
        file.write('{"chain": "he')
    assert list(heads.published(path)) == told
    with path.open("a") as file:
        file.write("\n")
    with pytest.raises(StoreError, match="line 3 is no head"):
        list(heads.published(path))
