"""`make reliability`: the whole matrix with the time limits of real modems, and its table.

Usage: python -m tests.reliability [--texts N] [--patience X] [--only KEY ...] [--keep FOLDER]
Exit status 0 where nothing was lost and nothing doubled.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.e2e.site import folder_of
from tests.reliability.matrix import HURRIED, REAL, ROWS, named
from tests.reliability.run import standing

if TYPE_CHECKING:
    from tests.reliability.matrix import Row
    from tests.reliability.verdict import Verdict

_HEAD = (
    "fault", "strikes", "texts", "accepted", "once", "ended", "in doubt", "came in",
    "doubled", "lost", "works again, s",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.reliability", description=__doc__)
    parser.add_argument("--texts", type=int, default=REAL.texts)
    parser.add_argument("--patience", type=float, default=REAL.patience)
    parser.add_argument("--limit", type=float, default=None)
    parser.add_argument("--only", nargs="*", default=[row.key for row in ROWS])
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args()
    base = HURRIED if given.patience <= HURRIED.patience else REAL
    size = replace(
        base,
        texts=given.texts,
        patience=given.patience,
        limit_s=given.limit or base.limit_s,
        rows=tuple(named(key) for key in given.only),
    )
    with folder_of(given.keep, "reliability-") as folder, standing(folder, size) as run:
        verdicts = run.go()
    _print([(row, verdicts[row.key]) for row in size.rows], size.texts)
    print(f"\n{run.seconds:.0f} s; time limits times {size.patience:g}")
    failed = [key for key, verdict in verdicts.items() if verdict.lost or verdict.doubled]
    if failed:
        print("NOT HELD: " + ", ".join(failed))
    return 1 if failed else 0


def _print(rows: list[tuple[Row, Verdict]], texts: int) -> None:
    print("| " + " | ".join(_HEAD) + " |")
    print("| --- |" + " ---: |" * (len(_HEAD) - 1))
    for row, verdict in rows:
        out, came = verdict.out, verdict.came
        cells = (
            row.words, _strikes(row, verdict), texts, out.accepted, out.once, out.ended.total(),
            _doubt(verdict), came.once if row.inbound else "—",
            verdict.doubled, verdict.lost, _works_again(verdict),
        )  # fmt: skip
        print("| " + " | ".join(str(cell) for cell in cells) + " |")


def _strikes(row: Row, verdict: Verdict) -> str:
    counted = [verdict.strikes[arm.name] for arm in row.arms if arm.few is not None]
    return str(sum(counted)) if counted else "all the time"


def _doubt(verdict: Verdict) -> str:
    out = verdict.out
    return f"{out.in_doubt} ({out.in_doubt_there} there)" if out.in_doubt else "0"


def _works_again(verdict: Verdict) -> str:
    """In the middle and at worst."""
    if not verdict.recoveries:
        return "works on"
    return f"{median(verdict.recoveries):.1f} / {max(verdict.recoveries):.1f}"


if __name__ == "__main__":
    sys.exit(main())
