"""The test vectors of the codec, see tests/data/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent.parent / "data"

# JSON: a vector is a dictionary whose shape its file documents.
Vector = dict[str, Any]


def load_lines(name: str) -> list[Vector]:
    """All entries of a JSON Lines file."""
    with (_DATA / name).open(encoding="ascii") as lines:
        return [json.loads(line) for line in lines]


def load_tables() -> Vector:
    """The GSM-7 tables, by kind and national language identifier."""
    tables: Vector = json.loads((_DATA / "pdu-gsm7-tables.json").read_text(encoding="utf-8"))
    return tables
