"""The simulator's journal, as those read it who count from outside."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from modemgw import pdu
from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_POLL_S: Final = 0.1


def read(path: Path, take: Callable[[Mapping[str, Any]], None]) -> None:
    """Hand over each entry, in order. Raises CommandError where the file is no journal."""
    try:
        for entry in entries(path):
            take(entry)
    except (KeyError, pdu.PduError) as error:
        raise CommandError(f"{path} is no journal of a simulator: {error}") from None


def entries(path: Path, *, follow: bool = False) -> Iterator[Mapping[str, Any]]:
    """Each entry, in order; with `follow` those that are yet to come, without an end.

    Raises CommandError where the file is no journal.
    """
    try:
        with path.open("rb") as lines:
            begun = b""
            while True:
                line = begun + lines.readline()
                if line.endswith(b"\n"):  # the last line may be on its way into the file
                    begun = b""
                    yield json.loads(line)
                elif follow:
                    begun = line
                    time.sleep(_POLL_S)
                else:
                    return
    except OSError as error:
        raise CommandError(f"cannot read the journal {path}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"{path} is no journal of a simulator: {error}") from None
