"""Statements on the way of a text: compiled once, run on the driver's own cursor.

SQLAlchemy makes the SQL and knows the types; but each time that it runs a statement costs it some
20 µs in Python, six times what SQLite needs, and a text takes thirty statements. A `Prepared` keeps
what the compiler found out and calls the driver itself. What a caller sees stays: the errors are
SQLAlchemy's, a transaction begins with the first statement, and rows have columns as attributes.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import JSON, Boolean, Float, Insert, Integer, Update, bindparam, literal_column
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Dialect, Executable
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

#: A row of whatever statement: its columns are its attributes.
Record: TypeAlias = Any


def given(name: str) -> Any:
    """A value that is given at execution.

    The names of values differ from those of columns that are set.
    """
    return bindparam(f"given_{name}")


def literally(value: str) -> ColumnElement[str]:
    """A value of our own that stands in the statement itself: only so does SQLite know beforehand
    that an index will do which has it in its condition."""
    return literal_column(f"'{value}'")


def values_of(**values: Any) -> dict[str, Any]:
    """The values for `given` names."""
    return {f"given_{name}": value for name, value in values.items()}


def execute_plain(connection: Connection, sql: str, parameters: Any = ()) -> Any:
    """Run SQL as it is; the driver's cursor. Raises DBAPIError."""
    try:
        return _driver(connection).execute(sql, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise in_sqlalchemys_words(connection, sql, error) from error


class Prepared:
    """A statement with `given` values; in an INSERT or UPDATE, values may also name columns to set.

    `values` must always name the same columns in the same order where speed matters: each
    combination is compiled for itself. Raises DBAPIError, as SQLAlchemy does.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Run it; how many rows it changed."""
        form = self._form(connection, values)
        changed: int = execute_plain(connection, form.sql, form.parameters(values)).rowcount
        return changed

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each row of values; all name the same columns in the same order."""
        form = self._form(connection, rows[0])
        parameters = [form.parameters(row) for row in rows]
        cursor = _driver(connection).cursor()
        try:
            cursor.executemany(form.sql, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            raise in_sqlalchemys_words(connection, form.sql, error) from error

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Record]:
        """Run it; the rows that it gives."""
        form = self._form(connection, values)
        cursor = execute_plain(connection, form.sql, form.parameters(values))
        return form.records(cursor.fetchall())

    def row(self, connection: Connection, values: Mapping[str, Any]) -> Record | None:
        """Run it; the first row, if there is one."""
        rows = self.rows(connection, values)
        return rows[0] if rows else None

    def _form(self, connection: Connection, values: Mapping[str, Any]) -> _Form:
        key = (connection.dialect.name, *values)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _compiled(self._statement, connection.dialect, values)
        return form


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement for one database and one set of values."""

    sql: str
    fixed: dict[str, Any]  # what stands in the statement itself
    pick: Callable[[Mapping[str, Any]], Any] | None  # positional ones; None: they go by name
    encoders: tuple[tuple[str, Callable[[Any], Any]], ...]
    decoders: tuple[tuple[int, Callable[[Any], Any]], ...]
    record: Callable[[Iterable[Any]], Record]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        if self.fixed or self.encoders:
            values = {**self.fixed, **values}
            for name, encode in self.encoders:
                values[name] = encode(values[name])
        return values if self.pick is None else self.pick(values)

    def records(self, rows: Sequence[Sequence[Any]]) -> list[Record]:
        """The driver's rows with their types and names."""
        if not self.decoders:
            return [self.record(row) for row in rows]
        return [self.record(self._decoded(row)) for row in rows]

    def _decoded(self, row: Sequence[Any]) -> list[Any]:
        decoded = list(row)
        for i, decode in self.decoders:
            decoded[i] = decode(decoded[i])
        return decoded


def _compiled(statement: Executable, dialect: Dialect, values: Mapping[str, Any]) -> _Form:
    changes = isinstance(statement, Insert | Update)
    keys = [name for name in values if not name.startswith("given_")] if changes else None
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=keys)  # type: ignore[attr-defined]
    if compiled.post_compile_params:
        raise TypeError(f"IN with values is not known before execution: {compiled.string}")
    columns = list(getattr(statement, "exported_columns", ()))
    encoders = ((name, _encoder(bind.type, dialect)) for name, bind in compiled.binds.items())
    decoders = (
        (i, _decoder(column.type, dialect))
        for i, column in enumerate(columns)
        if not isinstance(column.type, Float | Integer)  # drivers give numbers as they are
    )
    names = [column.key for column in columns]
    shape: Any = namedtuple("Record", names, rename=True)  # type: ignore[misc]
    return _Form(
        sql=compiled.string,
        fixed={
            name: bind.value
            for name, bind in compiled.binds.items()
            if not bind.required and name not in values
        },
        pick=None if compiled.positiontup is None else _picker(compiled.positiontup),
        encoders=tuple((name, encode) for name, encode in encoders if encode is not None),
        decoders=tuple((i, decode) for i, decode in decoders if decode is not None),
        record=partial(tuple.__new__, shape),
    )


class Encoded(str):
    """JSON, as a value of a JSON column that is encoded already."""

    __slots__ = ()


def _encoder(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(type_, Boolean | Float | Integer):
        return None  # drivers take them as they are
    encode = type_.dialect_impl(dialect).bind_processor(dialect)
    if encode is None or not isinstance(type_, JSON):
        return encode
    return lambda value: str(value) if isinstance(value, Encoded) else encode(value)


def _decoder(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    decode = type_.dialect_impl(dialect).result_processor(dialect, None)
    if decode is None or not isinstance(type_, JSON):
        return decode
    return lambda value: {} if value == "{}" else decode(value)


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """Gives the values of these names, in this order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _driver(connection: Connection) -> Any:
    """The driver's connection, in a transaction."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.dbapi_connection


def in_sqlalchemys_words(connection: Connection, sql: str, error: Any) -> DBAPIError:
    """The error as SQLAlchemy raises it; a connection that is dead is given up."""
    dialect = connection.dialect
    driver = connection.connection.dbapi_connection
    lost = dialect.is_disconnect(error, driver, None)
    if lost:
        connection.invalidate(error)
    raised = DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    assert isinstance(raised, DBAPIError)
    return raised
