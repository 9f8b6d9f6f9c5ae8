"""The table of commands: complete, patient, and what docs/at.md says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import at
from modemgw.at import commands
from modemgw.at.errors import AtError
from modemgw.at.grammar import RULES, SOURCES, keys_of, rule_for
from modemgw.at.results import DIALLED, ORDINARY, Kind
from tests.at.page import named, table

DOCS = (Path(__file__).parents[2] / "docs" / "at.md").read_text(encoding="utf-8")


def test_the_page_has_the_table_of_the_code() -> None:
    """`python -m tests.at.page` prints what belongs there."""
    assert table() in DOCS
    for name, words in SOURCES.items():
        assert f"- {name}: {words}.\n" in DOCS


def test_the_page_names_every_file() -> None:
    """Whoever looks for a subject finds the file."""
    named_there = set(re.findall(r"^\| `(\w+(?:\.py|/))` \|", DOCS, re.MULTILINE))
    folder = Path(at.__path__[0])
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert named_there == files | {"answers/"}


def test_every_command_of_ours_is_in_the_table() -> None:
    """None has to make do with the lenient row; and each has the time that the table gives."""
    for name, command in named():
        keys = keys_of(command.text)
        assert set(keys) <= set(RULES), name
        if not command.marker:
            assert command.time_limit_s == sum(RULES[key].limit.seconds for key in keys)


def test_time_limits_are_those_of_slow_modems() -> None:
    """Never below five seconds but for AT itself, and a submit's beyond what a network takes."""
    for key, rule in RULES.items():
        assert rule.limit.source in SOURCES, key
        assert rule.limit.seconds >= (5 if key else 1), key
    assert commands.submit(19).time_limit_s == 120  # 24.011 §10.1: the network's own is 45 s
    assert commands.submit(19, 150).time_limit_s == 150
    assert commands.NETWORKS.time_limit_s == 180
    assert commands.start_ussd("*100#").time_limit_s == 180


def test_only_what_dials_may_end_as_a_call_does() -> None:
    """`NO CARRIER` in the middle of a submit is somebody else's call."""
    dialling = {key for key, rule in RULES.items() if rule.answer.finals == DIALLED}
    assert dialling == {"D", "A", "O"}
    assert Kind.OK in ORDINARY
    assert commands.plain("ATD+1555;").answer.finals == DIALLED
    assert commands.plain("ATE0").answer.finals == ORDINARY


def test_only_what_asks_for_a_text_has_a_prompt() -> None:
    """27.005 §3.5."""
    assert {key for key, rule in RULES.items() if rule.answer.prompt} == {"+CMGS=", "+CMGW="}


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("AT", ("",)),
        ("at", ("",)),
        ("ATE0V1", ("E", "V")),
        ("AT&F", ("&F",)),
        ("ATS3=13", ("S",)),
        ("AT+CSQ", ("+CSQ",)),
        ("AT+CREG?;+CGREG?", ("+CREG?", "+CGREG?")),
        ("AT+CPMS=?", ("+CPMS=?",)),
        ('AT+CUSD=1,"a;b",15;+CSQ', ("+CUSD=", "+CSQ")),
        ("ATE0;+CMEE=1;&W", ("E", "+CMEE=", "&W")),
        ("ATD+15550123;", ("D",)),
        ("AT^CURC=0", ("^CURC=",)),
        (r"AT\Q3;+CSQ", ("\\", "+CSQ")),
        ('ATI4"', ("I", '"')),
    ],
)
def test_a_line_is_cut_into_its_commands(line: str, keys: tuple[str, ...]) -> None:
    """V.250 §5.2.1, §5.4.1."""
    assert keys_of(line) == keys


@given(text=st.text(max_size=40) | st.text('AT+;=?"&,0d', max_size=20).map("AT".__add__))
def test_any_text_is_a_command_line_or_refused(text: str) -> None:
    """Never another error, and an answer for each."""
    if text[:2].upper() != "AT":
        with pytest.raises(AtError):
            keys_of(text)
        return
    for key in keys_of(text):
        assert rule_for(key).answer.most >= 0


def test_what_the_table_does_not_have_may_answer_freely() -> None:
    """Makers have hundreds of commands."""
    rule = rule_for("^CURC=")
    assert rule.answer.free
    assert rule.answer.prefixes == {"^CURC"}
    assert not rule_for("S").answer.prefixes


def test_a_person_may_be_more_patient_than_the_table() -> None:
    """The longer of the two holds."""
    assert commands.plain("AT+CSQ").time_limit_s == 5
    assert commands.plain("AT+CSQ", 60).time_limit_s == 60
    assert commands.plain("AT+COPS=?", 60).time_limit_s == 180
