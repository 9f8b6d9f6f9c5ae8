"""CSV files as spreadsheets write them, and as people spoil them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from modemgw.cli.errors import CommandError
from modemgw.cli.sheet import Rejects, read_sheet

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, octets: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(octets)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators_are_found_out(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    """Whatever the spreadsheet and its country."""
    rows = [["To", " Name "], ["+15550001001", "Müller, Zoë; née"]]
    with (tmp_path / "list.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    sheet = read_sheet(tmp_path / "list.csv")
    assert (sheet.columns, sheet.separator) == (("to", "name"), separator)
    (row,) = sheet.rows()
    assert (row.line, row.cells) == (2, {"to": "+15550001001", "name": "Müller, Zoë; née"})


def test_rows_that_cannot_be_read_are_told_by_their_line(tmp_path: Path) -> None:
    """A cell may hold line breaks; what follows a bad row is read."""
    text = b'to,text\r\n+1,"two\r\nlines"\r\n\r\n+2\r\n+3,"bad"x\r\n+4,fine\r\n'
    rows = list(read_sheet(written(tmp_path, text)).rows())
    assert [(row.line, row.defect is None) for row in rows] == [
        (2, True),
        (5, False),
        (6, False),
        (7, True),
    ]
    assert rows[0].cells["text"] == "two\r\nlines"
    assert "1 fields" in str(rows[1].defect)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"to,To\n", "twice"),
        (b"to,text\n\x81\n", "windows-1252"),
    ],
)
def test_a_file_that_is_no_table_is_told_in_words(
    tmp_path: Path, octets: bytes, words: str
) -> None:
    """And so is one that is not there."""
    with pytest.raises(CommandError, match=words):
        read_sheet(written(tmp_path, octets))
    with pytest.raises(CommandError, match="No such file"):
        read_sheet(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="cannot be read as klingon"):
        read_sheet(written(tmp_path, b"to\n"), "klingon")


def test_rejected_rows_make_a_file_that_can_be_read_again(tmp_path: Path) -> None:
    """With line and reason; those of the time before give way, and no field is lost."""
    text = b"to;reason;text\n+1;old;a\n+2;old;b;c\n"
    sheet = read_sheet(written(tmp_path, text))
    rejects = Rejects(tmp_path / "out.csv", sheet)
    for row in sheet.rows():
        rejects.add(row, "Überall")
    rejects.close()
    again = read_sheet(tmp_path / "out.csv")
    assert again.heading == ("to", "text", "line", "reason")
    assert [row.cells for row in again.rows()] == [
        {"to": "+1", "text": "a", "line": "2", "reason": "Überall"},
        {"to": "+2", "text": "b;c", "line": "3", "reason": "Überall"},
    ]
    with pytest.raises(CommandError, match="name another"):
        Rejects(tmp_path / "list.csv", sheet)
