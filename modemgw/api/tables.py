"""Tables as CSV (RFC 4180), in UTF-8: a heading that names the columns, then rows."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.api.jsonbody import read_bytes
from modemgw.api.problems import FieldError, invalid, problem_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from aiohttp import web

    from modemgw.api.settings import ApiSettings

CSV_TYPE = "text/csv"


@dataclass(frozen=True, slots=True)
class Row:
    """A row, the first behind the heading being 1. `cells` holds what is not empty, by the column
    in small letters; `defect` says what is wrong where the row cannot be read.
    """

    number: int
    cells: dict[str, str]
    defect: str | None = None


async def read_table(
    request: web.Request, settings: ApiSettings, needed: Collection[str]
) -> list[Row]:
    """The rows of a request's body; empty ones are left out.

    Raises ProblemError: `unsupported-media-type`, `too-large`, `timeout`, `invalid` for what is no
    table, lacks a column of `needed`, or has more rows than a batch may have.
    """
    if request.content_type != CSV_TYPE:
        words = f"the body is {request.content_type}; send it as {CSV_TYPE}"
        raise problem_error("unsupported-media-type", words)
    body = await read_bytes(request, settings.batch_body_limit, settings.body_timeout_s)
    return await asyncio.to_thread(parse, body, needed, settings.batch_limit)


def parse(body: bytes, needed: Collection[str], limit: int) -> list[Row]:
    """Raises ProblemError (`invalid`)."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid(FieldError("", f"not UTF-8 at byte {error.start}")) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip().casefold() for name in next(reader, [])]
    except csv.Error as error:
        raise invalid(FieldError("", f"the heading is no CSV: {error}")) from None
    for name in needed:
        if columns.count(name) != 1:
            raise invalid(FieldError(name, f"the heading must have the column {name!r} once"))
    rows: list[Row] = []
    for row in _rows(reader, columns):
        if len(rows) == limit:
            raise invalid(FieldError("", f"more than {limit} rows; send them in several requests"))
        rows.append(row)
    return rows


def _rows(reader: Iterator[list[str]], columns: Sequence[str]) -> Iterator[Row]:
    number = 0
    while True:
        number += 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield Row(number, {}, f"this is no CSV: {error}")
            continue
        if fields is None:
            return
        if any(field.strip() for field in fields):
            yield _row(number, fields, columns)


def _row(number: int, fields: Sequence[str], columns: Sequence[str]) -> Row:
    if len(fields) != len(columns):
        words = f"{len(fields)} fields, where the heading has {len(columns)}"
        return Row(number, {}, words)
    cells = {name: field.strip() for name, field in zip(columns, fields, strict=True)}
    if any("\0" in cell for cell in cells.values()):
        return Row(number, {}, "U+0000 stands in it, which is not kept")
    return Row(number, {name: cell for name, cell in cells.items() if cell})


def write_table(rows: Iterable[Sequence[str | None]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
