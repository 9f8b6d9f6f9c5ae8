"""The table of texts that the classification must get right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from modemgw.consent.keywords import Class, classify

DATA = Path(__file__).parent.parent / "data" / "optout-cases.jsonl"


@dataclass(frozen=True, slots=True)
class Case:
    """One text, the state it arrives in and what it must be taken for."""

    row: int
    text: str
    expect: Class
    country: str | None = None
    opted_out: bool = False
    since_optout_s: float | None = None

    def classified(self) -> Class:
        """Ask the classification."""
        return classify(
            self.text,
            country=self.country,
            opted_out=self.opted_out,
            since_optout_s=self.since_optout_s,
        ).kind


def _case(line: str) -> Case:
    row = json.loads(line)
    return Case(
        row["row"],
        row["text"],
        Class(row["expect"]),
        row.get("country"),
        row.get("opted_out", False),
        row.get("since_optout_s"),
    )


CASES = [_case(line) for line in DATA.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"row{case.row}")
def test_every_row_of_the_table_is_classified_as_it_says(case: Case) -> None:
    """Each row of the table holds."""
    assert case.classified() is case.expect


def test_no_opt_out_is_missed_and_no_ordinary_talk_taken_for_one() -> None:
    """Over the table, recall is at least 99.5 % and no ordinary text ends a conversation."""
    opt_outs = [case for case in CASES if case.expect is Class.OPT_OUT]
    found = [case for case in opt_outs if case.classified() is Class.OPT_OUT]
    wrong = [
        case for case in CASES if case.expect is Class.NONE and case.classified() is Class.OPT_OUT
    ]
    recall = len(found) / len(opt_outs)
    print(f"recall of opt-outs {recall:.1%} of {len(opt_outs)}; ordinary talk taken: {len(wrong)}")
    assert recall >= 0.995
    assert not wrong
