"""The file of published heads: one JSON object a line, appended and never rewritten.

It lies outside the database, so whoever cuts the end off a chain there would have to change it,
too, and has no key to make another MAC. Whoever has this file and the key has both: a copy
elsewhere, by the event `audit.head` or the log, is what tells then.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from modemgw.store.chain import Head, canonical
from modemgw.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def publish(path: Path, head: Head) -> None:
    """Append a head, durably. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(canonical(asdict(head)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def published(path: Path) -> Iterator[Head]:
    """The heads of a file, oldest first; none where there is no file.

    A last line without its end was cut off by a crash and is left out.
    Raises StoreError that names a line which is none.
    """
    try:
        file = path.open(encoding="utf-8")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"audit.head_file: cannot read {path}: {error.strerror}") from None
    with file:
        for number, line in enumerate(file, 1):
            if line.endswith("\n"):
                yield _head(line, f"{path}, line {number}")


def _head(line: str, where: str) -> Head:
    try:
        told = json.loads(line)
        return Head(
            chain=str(told["chain"]),
            sequence=int(told["sequence"]),
            link=str(told["link"]),
            at=float(told["at"]),
            mac=str(told["mac"]),
        )
    except (ValueError, TypeError, KeyError):
        raise StoreError(f"{where} is no head of a chain") from None
