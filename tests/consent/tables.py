"""Tables of texts with the class that each should get.

A table is a file of one JSON object a line, or (`.tsv`) a row a line with the names of the columns
in the first: `text` and `expect` (a class), and where they matter `part`, `country`, `language` (of
the text), `opted_out`, `since_optout_s`, `id`.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEVELOPMENT: Final = Path(__file__).parent.parent / "data" / "optout-development.tsv"


def read_table(file: Path) -> Iterator[Mapping[str, Any]]:
    """Give the rows; one without an `id` has its number."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = _typed(opened) if file.suffix == ".tsv" else map(json.loads, opened)
        for number, row in enumerate(rows, 1):
            yield {"id": str(number)} | row


def _typed(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(lines, dialect=csv.excel_tab):
        since = row["since_optout_s"]
        yield row | {
            "country": row["country"] or None,
            "opted_out": row["opted_out"] == "yes",
            "since_optout_s": float(since) if since else None,
        }
