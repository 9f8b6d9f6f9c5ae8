"""Lists in CSV that are sent to the daemon some rows at a time, and taken from it piece by piece:
however long a list is, little of it is in memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import sys
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.errors import CommandError
from modemgw.cli.sheet import WINDOWS, Rejects, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from modemgw.cli.client import Client
    from modemgw.cli.sheet import Row, Sheet

    Reject = Callable[[Row, str], None]

CHUNK = 1_000  # rows of a request
SHOWN = 10  # rejected rows, where no file is given for them

CsvFile = Annotated[Path, typer.Argument(help="CSV; its heading names the columns.")]
Rejected = Annotated[
    Path | None,
    typer.Option(metavar="OUT.csv", help="Rows that were not taken, with the reason."),
]
Encoding = Annotated[str | None, typer.Option(help="Default: UTF-8, or else Windows-1252.")]
OutFile = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Default: standard output.")
]


def bring_in(
    client: Client,
    path: str,
    file: Path,
    needed: Collection[str],
    rejected: Path | None,
    encoding: str | None,
) -> None:
    """Send the rows of a file; say what became of them.

    Raises CommandError, and typer.Exit with 1 when rows were rejected.
    """
    sheet = read_sheet(file, encoding)
    if sheet.encoding == WINDOWS and encoding is None:
        _say(f"{file} is not UTF-8; it is read as Windows-1252. Look at the accents, or --encoding")
    if missing := [name for name in needed if name not in sheet.columns]:
        raise CommandError(f"{file} has no column {missing[0]!r}")
    recorded = known = refused = 0
    with ExitStack() as stack:
        rejects = None if rejected is None else Rejects(rejected, sheet)
        if rejects is not None:
            stack.callback(rejects.close)

        def reject(row: Row, words: str) -> None:
            nonlocal refused
            refused += 1
            if rejects is not None:
                rejects.add(row, words)
            elif refused <= SHOWN:
                _say(f"line {row.line}: {words}")

        for rows in _chunks(sheet, reject):
            try:
                told = client.upload(path, _csv(sheet, rows), "text/csv")
            except CommandError as error:
                raise CommandError(
                    f"{error}; stopped at line {rows[0].line}. Run the same command again: what "
                    "was recorded is not recorded twice"
                ) from None
            recorded, known = recorded + told["recorded"], known + told["known"]
            for item in told["refused"]:
                reject(rows[item["row"] - 1], item["detail"])
    print(f"{recorded} recorded, {known} known already, {refused} rejected")
    if refused:
        raise typer.Exit(1)


def take_out(client: Client, path: str, out: Path | None) -> None:
    """Write a list to a file. Raises CommandError; then the file is not whole."""
    if out is None:
        sys.stdout.writelines(codecs.iterdecode(client.pieces(path), "utf-8"))
        return
    try:
        with out.open("wb") as file:
            for piece in client.pieces(path):
                file.write(piece)
    except OSError as error:
        raise CommandError(f"{out}: {error.strerror}") from None


def _chunks(sheet: Sheet, reject: Reject) -> Iterator[list[Row]]:
    rows = _readable(sheet, reject)
    while some := list(islice(rows, CHUNK)):
        yield some


def _readable(sheet: Sheet, reject: Reject) -> Iterator[Row]:
    for row in sheet.rows():
        if row.defect is None:
            yield row
        else:
            reject(row, row.defect)


def _csv(sheet: Sheet, rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(sheet.columns)
    writer.writerows([row.cells[column] for column in sheet.columns] for row in rows)
    return text.getvalue().encode()


def _say(words: str) -> None:
    print(words, file=sys.stderr)
