"""The tables of 23.038 are those that four independent sources agree on."""

from __future__ import annotations

from modemgw.pdu.alphabet import septets_of, text_of
from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.national_single import SINGLE

from .vectors import load_tables

TABLES = load_tables()
HOLE = "\ufffe"


def test_every_locking_table_is_equal() -> None:
    """All 128 positions of the default alphabet and of the twelve national tables."""
    expected = {
        int(table): "".join(entry["map"].get(str(code), HOLE) for code in range(128))
        for table, entry in TABLES["locking"].items()
    }
    assert expected == LOCKING


def test_every_single_shift_table_is_equal() -> None:
    """The default extension and the thirteen national tables."""
    expected = {
        int(table): {int(code): character for code, character in entry["map"].items()}
        for table, entry in TABLES["single"].items()
    }
    assert expected == SINGLE


def test_every_character_of_every_pair_of_tables_comes_back() -> None:
    """Whatever a pair of tables has can be written and is read again as itself."""
    for locking, low in LOCKING.items():
        for single, high in SINGLE.items():
            text = (low + "".join(high.values())).replace(HOLE, "")
            septets = septets_of(text, locking, single)
            assert septets is not None
            assert text_of(septets, locking, single) == text


def test_no_table_takes_what_it_does_not_have() -> None:
    """Neither U+0000, whose position another character borrows, nor a hole's placeholder."""
    for locking in LOCKING:
        for stranger in ("\0", HOLE, "\ufffd", "\x1b", "😀"):
            assert septets_of("a" + stranger, locking) is None


def test_a_character_of_both_tables_goes_without_an_escape() -> None:
    """Turkish has the euro sign in both: one septet, not two."""
    assert septets_of("€", 1, 1) == b"\x04"


def test_escapes_are_read_as_the_standard_says() -> None:
    """Unknown code: from the locking table; escape twice: a space; at the end: nothing."""
    assert text_of(b"\x1bA") == "A"
    assert text_of(b"a\x1b\x1bb") == "a b"
    assert text_of(b"a\x1b") == "a"
    assert text_of(b"\x1b\x1b\x1b") == " "
    assert text_of(b"\x1b\x65", single=99, locking=99) == "€"
