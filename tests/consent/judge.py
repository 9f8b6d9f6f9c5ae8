"""How well texts are told apart: recall of opt-outs, precision, who was taken for what.

Usage: python -m tests.consent.judge FILE [--part NAME] [--missed | --wrong | --numbers]

FILE is a table of texts (see `tables`); the language of a text is a column of the report and not
told to the rules. `--part` takes only the rows whose `part` is NAME. `--missed` lists every
opt-out that was not taken for one, `--wrong` every text that was taken for something else;
`--numbers` names by their `id` alone the opt-outs that were missed or held for review and the
ordinary texts that were taken for one, so that a table stays unread that nobody may tune on.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from modemgw.consent.keywords import Class, Classification, classify
from tests.consent.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NO_LANGUAGE: Final = "–"
_WORST: Final = (
    (Class.OPT_OUT, Class.NONE),
    (Class.OPT_OUT, Class.REVIEW),
    (Class.NONE, Class.OPT_OUT),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A text, what it should be taken for, and what it was taken for."""

    text: str
    language: str
    expect: Class
    found: Classification
    number: str

    @property
    def right(self) -> bool:
        """Whether it was taken for what it is."""
        return self.found.kind is self.expect


def judge(file: Path, part: str | None = None) -> list[Judged]:
    """Classify every text of a table, or of one part of it."""
    return [
        Judged(
            text=row["text"],
            language=row.get("language") or _NO_LANGUAGE,
            expect=Class(row["expect"]),
            found=classify(
                row["text"],
                country=row.get("country"),
                opted_out=row.get("opted_out", False),
                since_optout_s=row.get("since_optout_s"),
            ),
            number=row["id"],
        )
        for row in read_table(file)
        if part is None or row.get("part") == part
    ]


def recall(judged: Iterable[Judged], kind: Class) -> float:
    """The share of the texts of a kind that were taken for it; 1 where there are none."""
    right = [one.right for one in judged if one.expect is kind]
    return sum(right) / len(right) if right else 1.0


def precision(judged: Iterable[Judged], kind: Class) -> float:
    """The share of the texts taken for a kind that are of it; 1 where there are none."""
    right = [one.right for one in judged if one.found.kind is kind]
    return sum(right) / len(right) if right else 1.0


def taken(judged: Iterable[Judged], kind: Class, found: Class) -> int:
    """How many texts of a kind were taken for another."""
    return sum(one.expect is kind and one.found.kind is found for one in judged)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Judge the recognition of opt-outs by a table.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--part")
    parser.add_argument("--missed", action="store_true")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--numbers", action="store_true")
    asked = parser.parse_args()
    judged = judge(asked.file, asked.part)
    console = Console(width=100)
    _print_figures(console, judged)
    console.print(_confusion(judged))
    console.print(_by_language(judged))
    if asked.numbers:
        for expect, found in _WORST:
            numbers = _numbers(judged, expect, found)
            console.print(f"{expect} -> {found}: {numbers}", markup=False, soft_wrap=True)
    if asked.missed or asked.wrong:
        _print_wrong(console, judged, only=None if asked.wrong else Class.OPT_OUT)


def _print_figures(console: Console, judged: Sequence[Judged]) -> None:
    ordinary = sum(one.expect is Class.NONE for one in judged)
    for kind in (Class.OPT_OUT, Class.OPT_IN, Class.HELP, Class.REVIEW):
        console.print(
            f"{kind}: recall {recall(judged, kind):.1%}, precision {precision(judged, kind):.1%}"
        )
    console.print(
        f"{ordinary} ordinary texts: {taken(judged, Class.NONE, Class.OPT_OUT)} taken for an"
        f" opt-out, {taken(judged, Class.NONE, Class.REVIEW)} for review"
    )


def _confusion(judged: Sequence[Judged]) -> Table:
    table = Table("is \\ taken for", *Class, "all")
    for expect in Class:
        counts = Counter(one.found.kind for one in judged if one.expect is expect)
        table.add_row(expect, *(str(counts[kind]) for kind in Class), str(counts.total()))
    return table


def _by_language(judged: Sequence[Judged]) -> Table:
    table = Table("language", "opt-outs", "recall", "ordinary", "as opt-out", "as review")
    for language in sorted({one.language for one in judged}):
        of_it = [one for one in judged if one.language == language]
        counts = Counter(one.expect for one in of_it)
        table.add_row(
            language,
            str(counts[Class.OPT_OUT]),
            f"{recall(of_it, Class.OPT_OUT):.1%}",
            str(counts[Class.NONE]),
            str(taken(of_it, Class.NONE, Class.OPT_OUT)),
            str(taken(of_it, Class.NONE, Class.REVIEW)),
        )
    return table


def _numbers(judged: Sequence[Judged], expect: Class, found: Class) -> str:
    """Write `en 003, 017; fr 012`: the numbers by language of what was taken for something else."""
    wrong = [one for one in judged if one.expect is expect and one.found.kind is found]
    return "; ".join(
        f"{language} "
        + ", ".join(one.number.rpartition("-")[2] for one in wrong if one.language == language)
        for language in dict.fromkeys(one.language for one in wrong)
    )


def _print_wrong(console: Console, judged: Sequence[Judged], only: Class | None) -> None:
    for one in judged:
        if not one.right and only in (None, one.expect):
            found = f"{one.found.kind} ({one.found.reason})"
            console.print(
                f"{one.language} {one.expect} -> {found}: {one.text!r}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


if __name__ == "__main__":
    main()
