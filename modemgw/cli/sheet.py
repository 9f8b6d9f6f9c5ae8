"""A table in a CSV file: its encoding and separator found out, its rows one by one, with lines.

Encodings: UTF-8, with a byte order mark or without, UTF-16 with one; a file that is none of these
is read as Windows-1252, as spreadsheets write it in Western Europe and America, and `Sheet` says
so. Separators: comma, semicolon, tab, whichever the heading has most of.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

UTF_8, WINDOWS = "utf-8", "windows-1252"
_SEPARATORS = ",;\t"
_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Our own remarks in a file of rejected rows, which are no part of the table.
REMARKS = ("line", "reason")


@dataclass(frozen=True, slots=True)
class Row:
    """One row and the line that it begins in. `cells` is empty and `fields` what was read where
    `defect` says what is wrong with it.
    """

    line: int
    fields: Sequence[str]
    cells: dict[str, str]
    defect: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. `columns` are its headings in lower case; `digest` is the file's."""

    path: Path
    encoding: str
    separator: str
    heading: tuple[str, ...]
    columns: tuple[str, ...]
    lines: int
    digest: str

    def rows(self) -> Iterator[Row]:
        """The rows, those that cannot be read among them; empty lines are left out."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.separator, strict=True)
            begun = 0
            while True:
                line, begun = begun + 1, begun
                try:
                    fields = next(reader, None)
                except csv.Error as error:
                    begun = reader.line_num
                    yield Row(line, (), {}, f"this is no CSV: {error}")
                    continue
                begun = reader.line_num
                if fields is None:
                    return
                if line == 1 or not any(field.strip() for field in fields):
                    continue
                yield self._row(line, fields)

    def _row(self, line: int, fields: Sequence[str]) -> Row:
        if len(fields) != len(self.columns):
            words = f"{len(fields)} fields, where the heading has {len(self.columns)}"
            return Row(line, fields, {}, words)
        cells = {column: field.strip() for column, field in zip(self.columns, fields, strict=True)}
        return Row(line, fields, cells)


def read_sheet(path: Path, encoding: str | None = None) -> Sheet:
    """Look at a file once. Raises CommandError where it is no table."""
    try:
        found, digest, lines = _look(path, encoding)
        with path.open(encoding=found, newline="") as file:
            first = "".join(islice(file, 1))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except (UnicodeError, LookupError) as error:
        raise CommandError(f"{path} cannot be read as {encoding or WINDOWS}: {error}") from None
    separator = max(_SEPARATORS, key=first.count)
    heading = tuple(next(csv.reader([first], delimiter=separator), ()))
    columns = tuple(name.strip().casefold() for name in heading)
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise CommandError(f"{path}: the heading has {', '.join(map(repr, twice))} twice")
    return Sheet(path, found, separator, heading, columns, lines, digest)


def _look(path: Path, encoding: str | None) -> tuple[str, str, int]:
    """The encoding, a hash and the number of lines of a file. Raises UnicodeError, LookupError."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        start = file.read(4)
        marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
        found = encoding or marked or UTF_8
        decoder = codecs.getincrementaldecoder(found)()
        file.seek(0)
        try:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                lines += chunk.count(b"\n")
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            if found != UTF_8 or encoding is not None:
                raise
            return _look(path, WINDOWS)
    return found, digest.hexdigest(), lines


class Rejects:
    """A file of the rows that were not taken, with the line and the reason of each: it can be
    mended and read again.
    """

    def __init__(self, path: Path, sheet: Sheet) -> None:
        """Raises CommandError when it cannot be written."""
        if path.exists() and path.samefile(sheet.path):
            raise CommandError(f"{path} is the file that is read; name another for the rejected")
        self._kept = [n for n, name in enumerate(sheet.columns) if name not in REMARKS]
        self._columns = len(sheet.columns)
        try:
            self._file = path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        self._separator = sheet.separator
        self._writer = csv.writer(self._file, delimiter=sheet.separator)
        self._writer.writerow([*(sheet.heading[n] for n in self._kept), *REMARKS])

    def add(self, row: Row, reason: str) -> None:
        """Note a row."""
        fields = [*row.fields, *[""] * (self._columns - len(row.fields))]
        last, beyond = self._columns - 1, fields[self._columns :]
        if beyond:  # nothing of a row that has too many fields is lost
            fields[last] = self._separator.join([fields[last], *beyond])
        self._writer.writerow([*(fields[n] for n in self._kept), str(row.line), reason])

    def close(self) -> None:
        """All is written."""
        self._file.close()
