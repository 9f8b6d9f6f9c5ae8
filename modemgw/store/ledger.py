"""The audit: one chain of entries for each host, to which nothing but the host's writer appends.

An entry is appended in the transaction of the act that it tells of. The chain is the host's, so
hosts on one database never wait for each other. `chain` has the arithmetic, `proof` the check.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, desc, insert, select, update

from modemgw.store import tables
from modemgw.store.chain import FIRST_LINK, SALT_BYTES, AuditKey, Entry, Head, canonical, digest
from modemgw.store.errors import StoreError
from modemgw.store.prepared import Prepared, given, values_of
from modemgw.store.sql import insert_new

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_entries, _payloads, _chains = tables.audit_entries, tables.audit_payloads, tables.audit_chains
_LAST = Prepared(
    select(_entries.c.sequence, _entries.c.link)
    .where(_entries.c.chain == given("chain"))
    .order_by(desc(_entries.c.sequence))
    .limit(1)
)
_ADD_ENTRY, _ADD_PAYLOAD = Prepared(insert(_entries)), Prepared(insert(_payloads))
CARRIED_OVER = "carried_over"
ENTRIES_AT_ONCE = 500
ERASED_MARK = "#"
_HASH_DIGITS = 31  # with the mark what the column of a number takes: 124 bits


class Ledger:
    """The chain of one host, and the key with which its numbers are hashed."""

    def __init__(self, host: str, key: bytes) -> None:
        self.host, self.key = host, AuditKey(key)

    def append(
        self,
        connection: Connection,
        action: str,
        number: str | None,
        now: float,
        detail: Mapping[str, Any],
    ) -> None:
        """Add an entry; nothing ever changes one.

        What `detail` calls a `number` is kept as its hash, as `number` itself is.
        """
        last = _LAST.row(connection, values_of(chain=self.host))
        subject = None if number is None else self.key.number(number)
        payload = canonical({"subject": subject, "detail": self._without_numbers(detail)})
        salt = secrets.token_hex(SALT_BYTES)
        sequence = 1 if last is None else last.sequence + 1
        entry = Entry(self.host, sequence, float(now), action, digest(salt, payload))
        place = {"chain": entry.chain, "sequence": entry.sequence}
        values = {
            **place,
            "at": entry.at,
            "action": entry.action,
            "digest": entry.digest,
            "link": entry.link(FIRST_LINK if last is None else last.link),
        }
        _ADD_ENTRY.run(connection, values)
        hidden = {"salt": salt, "subject": subject, "payload": payload}
        _ADD_PAYLOAD.run(connection, place | hidden)

    def _without_numbers(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: self.key.number(item)
                if name == "number" and isinstance(item, str)
                else self._without_numbers(item)
                for name, item in value.items()
            }
        return value

    def erased_as(self, number: str) -> str:
        """Under what the opt-out of a number stays when its data are erased."""
        return f"{ERASED_MARK}{self.key.number(number)[:_HASH_DIGITS]}"

    def forget(self, connection: Connection, number: str) -> list[tuple[str, int]]:
        """Delete what the entries of a number say; which they are, for the one that tells."""
        its = delete(_payloads).where(_payloads.c.subject == self.key.number(number))
        gone = connection.execute(its.returning(_payloads.c.chain, _payloads.c.sequence)).all()
        return sorted((row.chain, row.sequence) for row in gone)

    def demand_key(self, connection: Connection) -> None:
        """See that the key is the one that the database's chains were written with.

        Raises StoreError, in words: with another key nobody would find what an earlier one hashed.
        """
        known = set(connection.execute(select(_chains.c.key_id)).scalars())
        if known - {self.key.id}:
            raise StoreError(
                "the audit's key is not the one that this database was written with: put the file "
                "of audit.key_file back from a backup, the same on every host; if it is lost for "
                "good, `modemgw audit accept-key` goes on with the present one"
            )
        insert_new(connection, _chains, {"chain": self.host, "key_id": self.key.id})

    def accept_key(self, connection: Connection, now: float, reason: str) -> None:
        """Go on with our key where an earlier one is lost; that stands in the audit."""
        connection.execute(update(_chains).values(key_id=self.key.id))
        self.append(connection, "key_replaced", None, now, {"reason": reason})

    def note_rules(self, connection: Connection, rules: Mapping[str, str], now: float) -> bool:
        """Record the digests of the rules in force where they are not those recorded last.

        Whether they differed.
        """
        told = canonical(dict(rules))
        row = _chains.c
        known = connection.execute(select(row.rules).where(row.chain == self.host)).scalar()
        if known == told:
            return False
        insert_new(connection, _chains, {"chain": self.host, "key_id": self.key.id})
        connection.execute(update(_chains).where(row.chain == self.host).values(rules=told))
        before: dict[str, str] = json.loads(known) if known else {}
        changed = sorted(name for name in rules if rules[name] != before.get(name))
        self.append(
            connection, "rules_changed", None, now, {"digests": dict(rules), "changed": changed}
        )
        return True

    def head(self, connection: Connection, now: float) -> Head | None:
        """Where our chain ends now, signed; None before the first entry."""
        last = _LAST.row(connection, values_of(chain=self.host))
        if last is None:
            return None
        bare = Head(self.host, last.sequence, last.link, float(now))
        return Head(bare.chain, bare.sequence, bare.link, bare.at, self.key.head_mac(bare))

    def entries(
        self, connection: Connection, number: str, limit: int = 100
    ) -> list[dict[str, Any]]:
        """What the audit knows of a number, on all hosts, the newest first."""
        return entries_of(connection, self.key.number(number), limit)

    def carry_over(self, connection: Connection, now: float, limit: int) -> int:
        """Bring entries of the list that the audit once was into the chain; how many.

        Of several hosts each takes those that no other has taken.
        """
        old = tables.audit
        ids = select(old.c.id).order_by(old.c.id).limit(limit)
        taken = connection.execute(delete(old).where(old.c.id.in_(ids)).returning(old)).all()
        for row in sorted(taken, key=lambda row: str(row.id)):
            told = {"action": row.action, "at": row.created_at, "id": row.id}
            self.append(connection, CARRIED_OVER, row.number, now, {**told, "detail": row.detail})
        return len(taken)


def entries_of(connection: Connection, subject: str, limit: int) -> list[dict[str, Any]]:
    """What the audit knows of a hashed number, the newest first: `chain`, `sequence`, `at`,
    `action`, `detail`. What was carried over is told as it was.
    """
    rows = connection.execute(
        _with_payloads()
        .where(_payloads.c.subject == subject)
        .order_by(desc(_entries.c.at), _entries.c.chain, desc(_entries.c.sequence))
        .limit(limit)
    ).all()
    return sorted((_told(row) for row in rows), key=lambda entry: entry["at"], reverse=True)


def every_entry(connection: Connection) -> Sequence[dict[str, Any]]:
    """All entries whose payload is there, by chain and sequence, as `entries_of` tells them."""
    query = _with_payloads().order_by(_entries.c.chain, _entries.c.sequence)
    return [_told(row) for row in connection.execute(query).all()]


def entries_by_action(
    connection: Connection, actions: Collection[str], since: float, until: float
) -> Iterator[dict[str, Any]]:
    """Entries with these actions, from `since` to before `until`, by their time, as `entries_of`
    tells them; some at a time are in memory.
    """
    query = (
        _with_payloads()
        .where(_entries.c.action.in_(actions), _entries.c.at >= since, _entries.c.at < until)
        .order_by(_entries.c.at, _entries.c.chain, _entries.c.sequence)
        .execution_options(yield_per=ENTRIES_AT_ONCE)
    )
    return (_told(row) for row in connection.execute(query))


def _with_payloads() -> Any:
    return select(_entries, _payloads.c.payload).join(
        _payloads,
        (_payloads.c.chain == _entries.c.chain) & (_payloads.c.sequence == _entries.c.sequence),
    )


def _told(row: Record) -> dict[str, Any]:
    detail = json.loads(row.payload)["detail"]
    told = {"chain": row.chain, "sequence": row.sequence, "at": row.at, "action": row.action}
    if row.action == CARRIED_OVER:
        return told | {"at": detail["at"], "action": detail["action"], "detail": detail["detail"]}
    return told | {"detail": detail}
