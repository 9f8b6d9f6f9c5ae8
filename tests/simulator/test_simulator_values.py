"""Command lines, SIM cards, storages and options: values in, values out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.simulator.command_line import BadLineError, Command, Form, parse_line
from modemgw.simulator.errors import AtError, Cme, cme, cms
from modemgw.simulator.options import Options
from modemgw.simulator.sim import Lock, imei, luhn_digit, sim_for
from modemgw.simulator.storage import Stat, Storage


def test_a_line_of_basic_and_extended_commands_is_cut_where_v250_says() -> None:
    """Basic commands need no separator, extended ones a semicolon; quoted ones are text."""
    assert parse_line('E0V1&F+CMEE=1;+CREG?;+CPMS="M;E",,"S,M";+CSQ;S3=13') == [
        Command("E", params=("0",), argument="0"),
        Command("V", params=("1",), argument="1"),
        Command("&F"),
        Command("+CMEE", Form.SET, ("1",), "1"),
        Command("+CREG", Form.READ),
        Command("+CPMS", Form.SET, ("M;E", "", "S,M"), '"M;E",,"S,M"'),
        Command("+CSQ"),
        Command("S3", Form.SET, ("13",), "13"),
    ]


def test_dialling_takes_the_rest_of_the_line() -> None:
    """What stands behind D is a number, not commands."""
    assert parse_line("D+1555;") == [Command("D", argument="+1555;")]


@pytest.mark.parametrize("body", ["+CMEE;=", '+CPMS="ME', "\x01", "+CSQ 1"])
def test_a_line_outside_the_grammar_is_refused(body: str) -> None:
    """It is a BadLineError, which the modem answers with ERROR."""
    with pytest.raises(BadLineError):
        parse_line(body)


@given(st.text())
def test_any_line_is_commands_or_a_bad_line(body: str) -> None:
    """Nothing else can come out of the parser."""
    try:
        commands = parse_line(body)
    except BadLineError:
        return
    assert all(command.name for command in commands)


def test_parameters_are_read_with_their_type() -> None:
    """Left-out ones take the default, words are no numbers."""
    command = Command("+CNMI", Form.SET, ("2", "", "x"))
    assert [command.number(at, 7) for at in (0, 1, 3)] == [2, 7, 7]
    assert (command.text(2), command.text(9, "none")) == ("x", "none")
    with pytest.raises(ValueError):
        command.number(2, 0)


def test_errors_are_told_as_cmee_asks() -> None:
    """Level 0 hides +CME, 1 tells numbers, 2 words; +CMS is always told."""
    assert [cme(Cme.SIM_NOT_INSERTED).final(level) for level in (0, 1, 2)] == [
        "ERROR",
        "+CME ERROR: 10",
        "+CME ERROR: SIM not inserted",
    ]
    assert [cms(321).final(level) for level in (0, 2)] == [
        "+CMS ERROR: 321",
        "+CMS ERROR: invalid memory index",
    ]
    assert cms(999).final(2) == "+CMS ERROR: 999"
    assert AtError(word="COMMAND NOT SUPPORT").final(1) == "COMMAND NOT SUPPORT"


@given(st.integers(0, 999), st.integers(0, 99))
def test_identities_pass_the_luhn_test_and_differ(index: int, generation: int) -> None:
    """IMEI and ICCID end in their check digit; the number is one of the reserved 555 01 ones."""
    sim = sim_for(index, generation)
    for digits in (imei(index), sim.iccid):
        assert luhn_digit(digits[:-1]) == digits[-1]
    assert (len(imei(index)), len(sim.iccid), len(sim.imsi)) == (15, 19, 15)
    assert sim.number.startswith("+1555")
    assert len(sim.number) == 12


def test_the_message_reference_wraps_after_255() -> None:
    """It has eight bits."""
    sim = sim_for(0)
    assert [sim.next_mr() for _ in range(258)][-3:] == [255, 0, 1]


def test_three_wrong_pins_block_the_card_until_the_puk() -> None:
    """A blocked PIN is not asked for again, not even after a restart."""
    sim = sim_for(0)
    assert not sim.enter_pin("1234")
    sim.set_pin("1234")
    assert [sim.enter_pin(pin) for pin in ("0", "1234")] == [False, True]
    sim.power_up()
    assert [sim.enter_pin("0") for _ in range(3)] == [False] * 3
    sim.power_up()
    assert sim.lock is Lock.PUK
    assert not sim.enter_puk("00000000", "5678")
    assert sim.enter_puk("12345678", "5678")
    assert (sim.lock, sim.enter_puk("12345678", "1")) == (Lock.READY, False)


def test_a_storage_is_full_at_its_capacity_and_reuses_places() -> None:
    """The lowest free place is taken; reading marks as read."""
    storage = Storage("SM", 2, first_index=1)
    assert [storage.add(pdu, 1) for pdu in ("AA", "BB", "CC")] == [1, 2, None]
    assert storage.remove(1)
    assert storage.add("DD", 1) == 1
    before = storage.read(1)
    after = storage.read(1)
    assert before is not None
    assert after is not None
    assert (before.stat, after.stat) == (Stat.RECEIVED_UNREAD, Stat.RECEIVED_READ)
    assert [index for index, _ in storage] == [1, 2]
    assert storage.read(9) is None


@pytest.mark.parametrize(
    "change", [{"modems": 0}, {"submit_ms": -1}, {"profiles": ("none",)}, {"profiles": ()}]
)
def test_options_that_make_no_sense_are_refused(change: dict[str, object]) -> None:
    """With a ValueError that says which."""
    given: dict[str, object] = {"modems": 1, "dir": Path("x"), **change}
    with pytest.raises(ValueError):
        Options(**given)  # type: ignore[arg-type]
