"""Consents: what people have agreed to be texted, by number, kind and scope.

Where a person's data were erased, what they had withdrawn stays under a hash of the number,
`erased_as`, with nothing that tells of them: a list from before must not bring it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, or_, select, tuple_, update

from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, values_of
from modemgw.store.sql import upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    Key = tuple[str, str, str]

GIVEN: Final = "given"
PENDING: Final = "pending"
WITHDRAWN: Final = "withdrawn"
EVERYWHERE: Final = "all"

_consents = tables.consents
_c = _consents.c
_KEY: Final = ("number", "kind", "scope")
_STANDS = Prepared(
    select(_c.number)
    .where(
        _c.number == given("number"),
        or_(
            and_(
                _c.kind == given("kind"),
                _c.scope.in_((given("everywhere"), given("pool"), given("brand"))),
                _c.state == given("given"),
            ),
            and_(_c.state == given("pending"), _c.request_id == given("message")),
        ),
    )
    .limit(1)
)
_IS_ASKED = Prepared(
    select(_c.number).where(_c.number == given("number"), _c.state == given("state")).limit(1)
)


def stands(
    connection: Connection, number: str, kind: str, scopes: tuple[str, str], message_id: str = ""
) -> bool:
    """Whether consent to texts of a kind is on record and was not withdrawn, in these scopes or in
    that of all, or the message is the one that asks for it."""
    pool, brand = scopes
    values = values_of(
        number=number,
        kind=kind,
        everywhere=EVERYWHERE,
        pool=pool,
        brand=brand,
        given=GIVEN,
        pending=PENDING,
        message=message_id,
    )
    return _STANDS.row(connection, values) is not None


def is_asked(connection: Connection, number: str) -> bool:
    """Whether a number has been asked for a consent, and nothing has come of it yet."""
    return _IS_ASKED.row(connection, values_of(number=number, state=PENDING)) is not None


def put(connection: Connection, values: dict[str, Any]) -> None:
    """Write a consent, whatever stood in its place."""
    upsert(connection, _consents, _KEY, values)


def get(
    connection: Connection, number: str, kind: str, scope: str, erased_as: str = ""
) -> Record | None:
    """One consent, given or withdrawn."""
    known = of_number(connection, number, erased_as)
    return next((row for row in known if (row.kind, row.scope) == (kind, scope)), None)


def of_number(connection: Connection, number: str, erased_as: str = "") -> list[Record]:
    """All that is on record of a number, by kind and scope; what was erased of it, where nothing
    has come since."""
    rows = connection.execute(
        select(_consents).where(_c.number.in_((number, erased_as))).order_by(_c.kind, _c.scope)
    ).all()
    there = {(row.kind, row.scope) for row in rows if row.erased_at is None}
    return [row for row in rows if row.erased_at is None or (row.kind, row.scope) not in there]


def hide(connection: Connection, number: str, erased_as: str, now: float) -> int:
    """Let what a number has withdrawn stay under its hash, without what tells of it; how many."""
    withdrawn = [row for row in of_number(connection, number) if row.state == WITHDRAWN]
    for row in withdrawn:
        same = and_(_c.kind == row.kind, _c.scope == row.scope)
        connection.execute(delete(_consents).where(_c.number == erased_as, same))
        values = {
            "number": erased_as,
            "source": "",
            "wording": None,
            "evidence": None,
            "message_id": None,
            "request_id": None,
            "erased_at": now,
        }
        connection.execute(update(_consents).where(_c.number == number, same).values(values))
    return len(withdrawn)


def end(connection: Connection, key: Key, now: float, ended_by: str) -> Record:
    """Note that a consent is withdrawn; what it is then."""
    number, kind, scope = key
    return connection.execute(
        update(_consents)
        .where(_c.number == number, _c.kind == kind, _c.scope == scope)
        .values(state=WITHDRAWN, changed_at=now, ended_by=ended_by)
        .returning(*_consents.c)
    ).one()


def close(connection: Connection, key: Key, now: float) -> None:
    """Note that no answer is awaited any more to the text that asked for a consent."""
    number, kind, scope = key
    same = and_(_c.number == number, _c.kind == kind, _c.scope == scope)
    connection.execute(update(_consents).where(same).values(due_at=now))


def page(
    connection: Connection,
    *,
    kind: str | None,
    state: str | None,
    after: Key | None,
    limit: int,
) -> Sequence[Record]:
    """Consents by number, kind and scope, those behind the key `after`."""
    statement = select(_consents).order_by(_c.number, _c.kind, _c.scope).limit(limit)
    if kind is not None:
        statement = statement.where(_c.kind == kind)
    if state is not None:
        statement = statement.where(_c.state == state)
    if after is not None:
        statement = statement.where(tuple_(_c.number, _c.kind, _c.scope) > tuple_(*after))
    return connection.execute(statement).all()
