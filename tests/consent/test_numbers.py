"""One key for one subscriber, however the number is written or delivered."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw.consent.numbers import (
    NumberError,
    SenderKind,
    normalise_recipient,
    normalise_sender,
)


@pytest.mark.parametrize(
    ("raw", "region", "number", "country"),
    [
        ("+1 (212) 555-0123", "US", "+12125550123", "US"),
        ("212.555.0123", "US", "+12125550123", "US"),
        ("+31 6 4160\u00a00000", "US", "+31641600000", "NL"),
        ("07911 123456", "GB", "+447911123456", "GG"),
        ("00447911123456", "US", "+447911123456", "GG"),
        ("011447911123456", "US", "+447911123456", "GG"),
        ("+１２１２５５５０１２３", "US", "+12125550123", "US"),
        ("\u202a+12125550123\u202c", "US", "+12125550123", "US"),
        ("20123456", "DK", "+4520123456", "DK"),  # eight digits are a whole number there
        ("+39 06 1234567", "US", "+39061234567", "IT"),  # Italy keeps the zero
    ],
)
def test_a_phone_number_becomes_e164(raw: str, region: str, number: str, country: str) -> None:
    """Separators, national and international prefixes and invisible characters go."""
    recipient = normalise_recipient(raw, region)
    assert (recipient.number, recipient.country) == (number, country)
    assert recipient.warnings == ()
    assert not recipient.is_short_code


def test_a_possible_number_passes_with_a_warning() -> None:
    """Plans change faster than libraries."""
    recipient = normalise_recipient("+15550001111", "US")
    assert recipient.number == "+15550001111"
    assert recipient.country == "US"
    assert len(recipient.warnings) == 1


@pytest.mark.parametrize("raw", ["36111", "123", "72-345", "12345678"])
def test_a_short_code_stays_as_it_is(raw: str) -> None:
    """Three to eight digits that are no number of the region."""
    recipient = normalise_recipient(raw, "US")
    assert recipient.number == raw.replace("-", "")
    assert recipient.is_short_code
    assert recipient.country is None


def test_a_number_without_its_area_code_is_warned_about() -> None:
    """Seven digits may be a short code, but likelier somebody forgot the area."""
    assert "area code" in normalise_recipient("5551234", "US").warnings[0]
    assert normalise_recipient("36111", "XX").warnings == ()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "empty"),
        ("\u200b", "empty"),
        ("1" * 60, "longer"),
        ("1-800-FLOWERS", "no phone number"),
        ("+1 212 555 0123 ext 5", "no phone number"),
        ("12+345678", "no phone number"),
        ("+", "no phone number"),
        ("+1212555", "too short"),
        ("+12125550123456", "too long"),
        ("+999123456789", "of any country"),
        ("+491", "of any country"),
        ("12", "too short"),
        ("1234567890123456789", "no "),
    ],
)
def test_what_is_no_number_is_refused_in_words(raw: str, words: str) -> None:
    """The caller learns what is wrong."""
    with pytest.raises(NumberError, match=words):
        normalise_recipient(raw, "US")


@pytest.mark.parametrize(
    ("raw", "region"), [("112", "DE"), ("911", "US"), ("999", "DE"), ("9-1-1", "GB"), ("110", "DE")]
)
def test_an_emergency_number_is_never_texted(raw: str, region: str) -> None:
    """Those of the region, and the best known ones everywhere."""
    with pytest.raises(NumberError, match="emergency"):
        normalise_recipient(raw, region)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+52 1 55 1234 5678", "+52 55 1234 5678"),
        ("+54 11 4567 8901", "+54 9 11 4567 8901"),
        ("+55 11 8123 4567", "+55 11 98123 4567"),
        ("07911123456", "+447911123456"),
        ("00447911123456", "447911123456"),
    ],
)
def test_look_alikes_have_one_key_as_sender_and_as_recipient(one: str, other: str) -> None:
    """A STOP from either spelling blocks texts to both."""
    keys = {normalise_sender(raw, "GB").address for raw in (one, other)}
    keys |= {normalise_recipient(raw, "GB").number for raw in (one, other) if raw[0] in "+0"}
    assert len(keys) == 1


def test_a_brazilian_landline_keeps_its_digits() -> None:
    """Only mobiles got the ninth digit."""
    assert normalise_sender("+55 11 3123 4567", "BR").address == "+551131234567"


@pytest.mark.parametrize(
    ("raw", "kind", "address", "can_be_texted"),
    [
        ("+12125550123", SenderKind.PHONE, "+12125550123", True),
        ("2125550123", SenderKind.PHONE, "+12125550123", True),
        ("+15550001111", SenderKind.PHONE, "+15550001111", True),
        ("36111", SenderKind.SHORT_CODE, "36111", False),
        ("911", SenderKind.SHORT_CODE, "911", False),
        (" ACME ", SenderKind.ALPHANUMERIC, "ACME", False),
        ("Acme 24", SenderKind.ALPHANUMERIC, "Acme 24", False),
        ("12345678901234567890", SenderKind.UNREADABLE, "12345678901234567890", False),
        ("*100#", SenderKind.UNREADABLE, "*100#", False),
        ("", SenderKind.UNREADABLE, "", False),
    ],
)
def test_a_sender_is_known_for_what_it_is(
    raw: str, kind: SenderKind, address: str, can_be_texted: bool
) -> None:
    """Only behind a phone number is somebody who can be answered and can opt out."""
    sender = normalise_sender(raw, "US")
    assert (sender.kind, sender.address, sender.raw) == (kind, address, raw)
    assert sender.can_be_texted is can_be_texted


@given(raw=st.text(max_size=60), region=st.sampled_from(["US", "GB", "BR", "DK", "XX"]))
def test_any_address_is_taken_in_and_any_recipient_answered(raw: str, region: str) -> None:
    """Senders never fail; recipients fail with NumberError alone."""
    normalise_sender(raw, region)
    with contextlib.suppress(NumberError):
        normalise_recipient(raw, region)


@given(digits=st.text("0123456789", min_size=9, max_size=15))
@example(digits="270000000")  # a trunk prefix, again and again
def test_normalising_twice_changes_nothing_more(digits: str) -> None:
    """The key of a key is the key."""
    try:
        once = normalise_recipient(f"+{digits}", "US")
    except NumberError:
        return
    assert normalise_recipient(once.number, "US").number == once.number
    assert normalise_sender(once.number, "GB").address == once.number
