"""The simulator's journal, as those read it who count from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modemgw import pdu
from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def read(path: Path, take: Callable[[Mapping[str, Any]], None]) -> None:
    """Hand over each entry, in order. Raises CommandError where the file is no journal."""
    try:
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):  # the last line may be on its way into the file
                    take(json.loads(line))
    except OSError as error:
        raise CommandError(f"cannot read the journal {path}: {error.strerror}") from None
    except (ValueError, KeyError, pdu.PduError) as error:
        raise CommandError(f"{path} is no journal of a simulator: {error}") from None
