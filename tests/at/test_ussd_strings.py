"""`+CUSD` whose string has line ends: a menu is one announcement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import answers, commands
from modemgw.at.answers import UssdStatus
from modemgw.at.dialogue import Response, Unsolicited
from modemgw.at.errors import AtError
from tests.at.driving import clean_dialogue, feed

MENU = b'\r\n+CUSD: 1,"Choose\r\n1. OK, yes\r\n> no\r\n0. Back",15\r\n'


@given(seed=st.none() | st.integers(0, 2**32 - 1))
def test_a_menu_is_one_announcement_however_it_is_cut(seed: int | None) -> None:
    """Its lines are nobody else's; the answer around it is not disturbed."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    data = MENU + b"\r\n+CSQ: 9,99\r\n" + MENU + b"\r\nOK\r\n"
    menu, again, response = feed(dialogue, data, seed)
    assert isinstance(menu, Unsolicited)
    said = answers.ussd(menu.lines)
    assert said.status is UssdStatus.ANSWER_WANTED
    assert said.string == "Choose\n1. OK, yes\n> no\n0. Back"
    assert said.dcs == 15
    assert again == menu
    assert isinstance(response, Response)
    assert response.lines == ("+CSQ: 9,99",)


def test_a_lost_quote_swallows_no_result() -> None:
    """What a submit waits for counts for more than a string that garbage has left open."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    dialogue.payload("00")
    data = b'\r\n+CUSD: 1,"Choose\r\n1. Yes\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n'
    told, response = dialogue.receive(data)
    assert told == Unsolicited(('+CUSD: 1,"Choose', "1. Yes"))
    assert isinstance(response, Response)
    assert response.lines == ("+CMGS: 7",)


def test_a_string_that_never_ends_is_bounded() -> None:
    """After as many lines as no menu has, lines are read as such again."""
    dialogue = clean_dialogue()
    events = dialogue.receive(b'\r\n+CUSD: 1,"\r\n' + b"x\r\n" * 70 + b"\r\nRING\r\n")
    assert isinstance(events[0], Unsolicited)
    assert events[-1] == Unsolicited(("RING",))


@pytest.mark.parametrize("string", ['a"b', "a\rb", "", "x" * 401, "ä"])
def test_what_would_end_the_string_is_refused(string: str) -> None:
    """Nobody gets a second command into a USSD string."""
    with pytest.raises(AtError):
        commands.start_ussd(string)
