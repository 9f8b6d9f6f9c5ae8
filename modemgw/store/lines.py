"""Lines and modems, as last seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from modemgw.ids import new_id
from modemgw.store import modem_history, pauses, tables
from modemgw.store.modem_history import Stage
from modemgw.store.prepared import Prepared, given, values_of
from modemgw.store.sql import fitted, insert_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_lines, _modems = tables.lines, tables.modems
_SIGNAL = Prepared(update(_modems).where(_modems.c.id == given("id")))


def see_line(connection: Connection, iccid: str, now: float, **known: Any) -> Record:
    """The line of a SIM, made when it is new, with what is known of it now.

    None in `known` leaves what was known before; the SIM's `number` leaves one that was typed in.
    """
    told = {name: value for name, value in known.items() if value is not None}
    values = fitted(_lines, {"iccid": iccid, "seen_at": now, **told})
    new = {"id": new_id("lin"), "created_at": now, "tags": [], **values}
    if "number" in values:
        number = new["sim_number"] = values["sim_number"] = values["number"]
        values["number"] = func.coalesce(_lines.c.typed_number, number)
    seen = (
        update(_lines).where(_lines.c.iccid == values["iccid"]).values(**values).returning(_lines)
    )
    found = connection.execute(seen).one_or_none()
    if found is not None:
        return found
    insert_new(connection, _lines, new)
    return connection.execute(seen).one()


def change_line(connection: Connection, line_id: str, **values: Any) -> Record | None:
    """Set what people set of a line, and its states; the line then, None where there is none."""
    return connection.execute(
        update(_lines).where(_lines.c.id == line_id).values(**values).returning(_lines)
    ).one_or_none()


def type_number(connection: Connection, line_id: str, number: str | None) -> Record | None:
    """Set the number of a line; None: what the SIM tells. The line then."""
    effective = _lines.c.sim_number if number is None else number
    return change_line(connection, line_id, typed_number=number, number=effective)


def rested(connection: Connection, now: float) -> Sequence[Record]:
    """End the rests whose time is over: which lines, as they were."""
    over = connection.execute(
        select(_lines).where(_lines.c.resting_until <= now).with_for_update(skip_locked=True)
    ).all()
    for row in over:
        change_line(connection, row.id, resting_until=None, rest_reason=None)
    return over


def lines_with_modems(connection: Connection) -> Sequence[Record]:
    """Every line, oldest first, with `modem_state` and `modem_host` of the modem in which it sits,
    if any."""
    seated = (_modems.c.id == _lines.c.modem_id) & (_modems.c.line_id == _lines.c.id)
    return connection.execute(
        select(_lines, _modems.c.state.label("modem_state"), _modems.c.host.label("modem_host"))
        .outerjoin(_modems, seated)
        .order_by(_lines.c.id)
    ).all()


def see_modem(connection: Connection, host: str, port: str, now: float, **known: Any) -> Record:
    """The modem at a port, made when it is new.

    A modem is known by its IMEI and keeps its row when it moves to another port; a port whose modem
    has not told one yet has a row of its own, which the IMEI then takes over or replaces.
    """
    values = fitted(_modems, {"host": host, "port": port, "seen_at": now, **known})
    imei = values.get("imei")
    here = (_modems.c.host == host) & (_modems.c.port == values["port"])
    if imei is not None:
        known_by_imei = connection.execute(
            update(_modems).where(_modems.c.imei == imei).values(**values).returning(_modems)
        ).one_or_none()
        if known_by_imei is not None:
            gone = delete(_modems).where(here, _modems.c.imei.is_(None)).returning(_modems.c.id)
            for former_id in connection.execute(gone).scalars().all():
                modem_history.inherit(connection, former_id, known_by_imei.id)
                pauses.inherit(connection, former_id, known_by_imei.id)
            return known_by_imei
    else:
        values.pop("imei", None)
    nameless = _modems.c.imei.is_(None)
    # A port without an IMEI just now is still the modem that was last there.
    candidates = connection.execute(
        select(_modems).where(here).order_by(_modems.c.seen_at.desc())
    ).all()
    target = next((row for row in candidates if imei is None or row.imei is None), None)
    if target is not None:
        chosen = _modems.c.id == target.id
        if imei is not None:
            chosen &= nameless
        return connection.execute(
            update(_modems).where(chosen).values(**values).returning(_modems)
        ).one()
    return connection.execute(
        insert(_modems).values(id=new_id("mdm"), **values).returning(_modems)
    ).one()


def note_signals(
    connection: Connection, seen: Sequence[tuple[str, int | None]], now: float
) -> None:
    """Note the signals of modems, in dBm."""
    _SIGNAL.run_many(
        connection,
        [values_of(id=modem_id) | {"rssi_dbm": dbm, "seen_at": now} for modem_id, dbm in seen],
    )


def seat(connection: Connection, line_id: str, modem_id: str) -> None:
    """Say that a line sits in a modem, and in no other."""
    connection.execute(update(_lines).where(_lines.c.id == line_id).values(modem_id=modem_id))
    connection.execute(
        update(_modems)
        .where(_modems.c.line_id == line_id, _modems.c.id != modem_id)
        .values(line_id=None)
    )


def seated(connection: Connection) -> Sequence[Record]:
    """The lines that sit in modems, each with the modem's IMEI."""
    return connection.execute(
        select(_lines, _modems.c.imei)
        .join(_modems, _modems.c.line_id == _lines.c.id)
        .where(_modems.c.imei.is_not(None))
    ).all()


def line_by_number(connection: Connection, number: str) -> Record | None:
    """The line with this number; where two claim it one that is not retired, the last seen."""
    return connection.execute(
        select(_lines)
        .where(_lines.c.number == number)
        .order_by(_lines.c.retired_at.is_not(None), _lines.c.seen_at.desc())
        .limit(1)
    ).one_or_none()


def line_by_id(connection: Connection, line_id: str, *, alone: bool = False) -> Record | None:
    """One line; `alone`: nobody else changes it until the transaction ends."""
    found = select(_lines).where(_lines.c.id == line_id)
    return connection.execute(found.with_for_update() if alone else found).one_or_none()


def all_lines(connection: Connection) -> Sequence[Record]:
    """Every line that was ever seen, oldest first."""
    return connection.execute(select(_lines).order_by(_lines.c.id)).all()


def all_modems(connection: Connection) -> Sequence[Record]:
    """Every modem, by host and port."""
    return connection.execute(select(_modems).order_by(_modems.c.host, _modems.c.port)).all()


def last_line_of(connection: Connection, modem_id: str) -> str | None:
    """The line that was last seen in a modem."""
    return connection.execute(
        select(_modems.c.line_id).where(_modems.c.id == modem_id)
    ).scalar_one_or_none()


def lines_of(connection: Connection, host: str) -> list[str]:
    """The lines that were last seen in a modem of this host."""
    return list(
        connection.execute(
            select(_modems.c.line_id).where(_modems.c.host == host, _modems.c.line_id.is_not(None))
        ).scalars()
    )


def forget_ports(connection: Connection, host: str, now: float, reason: str) -> Sequence[Record]:
    """What a host drove is absent until it is seen again; which modems that are."""
    known = connection.execute(
        update(_modems)
        .where(_modems.c.host == host, _modems.c.reason != reason)
        .values(state="absent", reason=reason, since=now, rssi_dbm=None)
        .returning(_modems)
    ).all()
    for row in known:
        modem_history.note(connection, row.id, [Stage("absent", reason, now)])
    return known


def modem_by_id(connection: Connection, modem_id: str) -> Record | None:
    """One modem."""
    return connection.execute(select(_modems).where(_modems.c.id == modem_id)).one_or_none()
