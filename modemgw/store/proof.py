"""Whether the audit's chains hold: nothing changed, taken out, put in, swapped or cut off.

What it cannot see: the loss of entries that are younger than the last published head.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from modemgw.store import tables
from modemgw.store.chain import FIRST_LINK, Entry, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from modemgw.store.chain import AuditKey, Head
    from modemgw.store.prepared import Record

ERASED = "erased"
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold, at its first broken entry, and why."""

    chain: str
    sequence: int
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and what was found: at most one break a chain."""

    chains: int
    entries: int
    erased: int
    heads: int
    breaks: tuple[Break, ...]


@dataclass(slots=True)
class _Walk:
    """One chain, on the way along it."""

    sequence: int = 0
    link: str = FIRST_LINK
    broken: Break | None = None


def verify(connection: Connection, heads: Iterable[Head], key: AuditKey | None) -> Verdict:
    """Go along every chain, and compare with the heads that were published.

    Without a key nobody can tell who made the heads; their places are compared all the same.
    """
    published: dict[str, dict[int, list[Head]]] = defaultdict(lambda: defaultdict(list))
    for head in heads:
        published[head.chain][head.sequence].append(head)
    walks: dict[str, _Walk] = {chain: _Walk() for chain in published}
    missing: dict[tuple[str, int], None] = {}
    erased: set[tuple[str, int]] = set()
    entries = 0
    for row in _rows(connection):
        entries += 1
        walk = walks.setdefault(row.chain, _Walk())
        if walk.broken is None:
            walk.broken = _fault(walk, row) or _head_fault(row, published[row.chain], key)
        walk.sequence, walk.link = row.sequence, row.link
        if row.payload is None:
            missing[row.chain, row.sequence] = None
        elif row.action == ERASED:
            erased |= _named(row.payload)
    for chain, sequence in missing:
        walk = walks[chain]
        if (chain, sequence) not in erased and _is_before(sequence, walk.broken):
            words = "its payload is gone, and no entry says that it was erased"
            walk.broken = Break(chain, sequence, words)
    for chain, walk in walks.items():
        last = max(published[chain], default=0)
        if walk.broken is None and last > walk.sequence:
            words = f"the chain ends at {walk.sequence}, but a head at {last} was published"
            walk.broken = Break(chain, walk.sequence + 1, words)
    breaks = tuple(walks[chain].broken for chain in sorted(walks))
    return Verdict(
        chains=len(walks),
        entries=entries,
        erased=sum(place in erased for place in missing),
        heads=sum(len(found) for places in published.values() for found in places.values()),
        breaks=tuple(found for found in breaks if found is not None),
    )


def _rows(connection: Connection) -> Iterator[Record]:
    e, p = tables.audit_entries.c, tables.audit_payloads.c
    query = (
        select(tables.audit_entries, p.salt, p.subject, p.payload)
        .outerjoin(
            tables.audit_payloads,
            (p.chain == e.chain) & (p.sequence == e.sequence),
        )
        .order_by(e.chain, e.sequence)
    )
    yield from connection.execute(query, execution_options={"yield_per": _AT_ONCE})


def _fault(walk: _Walk, row: Record) -> Break | None:
    """What is wrong with an entry where it stands."""
    if row.sequence != walk.sequence + 1:
        words = f"it is missing: entry {row.sequence} follows"
        return Break(row.chain, walk.sequence + 1, words)
    if Entry(row.chain, row.sequence, row.at, row.action, row.digest).link(walk.link) != row.link:
        return Break(row.chain, row.sequence, "its link does not follow from it and what is before")
    if row.payload is None:
        return None
    if digest(row.salt, row.payload) != row.digest:
        return Break(row.chain, row.sequence, "its payload is not the one that it was written with")
    if json.loads(row.payload)["subject"] != row.subject:
        return Break(row.chain, row.sequence, "it is filed under another number than it tells of")
    return None


def _head_fault(row: Record, heads: dict[int, list[Head]], key: AuditKey | None) -> Break | None:
    for head in heads.get(row.sequence, ()):
        if key is not None and not key.is_ours(head):
            words = "the published head there has a wrong MAC: changed, or made with another key"
            return Break(row.chain, row.sequence, words)
        if head.link != row.link:
            return Break(row.chain, row.sequence, "the head published there has another link")
    return None


def _is_before(sequence: int, broken: Break | None) -> bool:
    return broken is None or sequence < broken.sequence


def _named(payload: str) -> set[tuple[str, int]]:
    """The entries that an `erased` entry names, by chain and sequence."""
    return {(chain, sequence) for chain, sequence in json.loads(payload)["detail"]["entries"]}
