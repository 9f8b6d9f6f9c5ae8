"""Enhanced voice mail information: both forms, with and without extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.address import address_octets
from modemgw.pdu.voicemail import read_voice_mail

from .strategies import addresses, octet

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = "0B911346610089F6"
ADDRESS = pdu.Address("+31641600986", 1, 1)

mailboxes = st.builds(
    pdu.VoiceMailbox,
    profile=st.integers(1, 4),
    store=st.booleans(),
    almost_full=st.booleans(),
    full=st.booleans(),
    address=addresses,
    unread=octet,
    extension=st.binary(max_size=5),
)
messages = st.builds(
    pdu.VoiceMail,
    id=st.integers(0, 0xFFFF),
    length_s=octet,
    retention_days=st.integers(0, 31),
    priority=st.booleans(),
    caller=addresses,
    extension=st.binary(max_size=5),
)
deleted = st.builds(
    pdu.DeletedVoiceMail, id=st.integers(0, 0xFFFF), extension=st.binary(max_size=5)
)


def _extension(extension: bytes) -> bytes:
    return bytes((len(extension),)) + extension if extension else b""


def _flags(*bits: tuple[object, int]) -> int:
    return sum(bit for is_set, bit in bits if is_set)


def _head(mailbox: pdu.VoiceMailbox, listed: Sequence[object], form: int) -> bytes:
    flags = form | mailbox.profile - 1 << 2
    flags |= _flags((mailbox.store, 0x10), (mailbox.almost_full, 0x20), (mailbox.full, 0x40))
    flags |= _flags((mailbox.extension, 0x80))
    address = address_octets(mailbox.address, "address")
    return (
        bytes((flags,))
        + address
        + bytes((mailbox.unread, len(listed)))
        + _extension(mailbox.extension)
    )


def _message(message: pdu.VoiceMail) -> bytes:
    flags = message.retention_days | _flags((message.priority, 0x40), (message.extension, 0x80))
    return (
        message.id.to_bytes(2, "big")
        + bytes((message.length_s, flags))
        + address_octets(message.caller, "caller")
        + _extension(message.extension)
    )


def _deleted(message: pdu.DeletedVoiceMail) -> bytes:
    flags = _flags((message.extension, 0x80))
    return message.id.to_bytes(2, "big") + bytes((flags,)) + _extension(message.extension)


def test_a_notification_lists_new_messages() -> None:
    """Who called, for how long, how urgent it is, and how long it is kept."""
    data = bytes.fromhex(f"50 {NUMBER} 03 01  0102 1E 47 {NUMBER}")
    assert read_voice_mail(data) == pdu.VoiceMailNotification(
        pdu.VoiceMailbox(1, store=True, almost_full=False, full=True, address=ADDRESS, unread=3),
        (pdu.VoiceMail(0x0102, 30, 7, priority=True, caller=ADDRESS),),
    )


def test_a_confirmation_lists_what_was_deleted() -> None:
    """By number alone; here for the second profile, with an extension."""
    data = bytes.fromhex(f"25 {NUMBER} 00 02  0102 00  0103 80 02 AABB")
    assert read_voice_mail(data) == pdu.VoiceMailDeletion(
        pdu.VoiceMailbox(2, store=False, almost_full=True, full=False, address=ADDRESS, unread=0),
        (pdu.DeletedVoiceMail(0x0102), pdu.DeletedVoiceMail(0x0103, b"\xaa\xbb")),
    )


@given(mailboxes, st.lists(messages, max_size=31))
def test_every_notification_is_read_back(
    mailbox: pdu.VoiceMailbox, listed: list[pdu.VoiceMail]
) -> None:
    """All fields, for any number of messages that five bits can say."""
    data = _head(mailbox, listed, 0) + b"".join(map(_message, listed))
    assert read_voice_mail(data) == pdu.VoiceMailNotification(mailbox, tuple(listed))


@given(mailboxes, st.lists(deleted, max_size=31))
def test_every_confirmation_is_read_back(
    mailbox: pdu.VoiceMailbox, listed: list[pdu.DeletedVoiceMail]
) -> None:
    """All fields, too."""
    data = _head(mailbox, listed, 1) + b"".join(map(_deleted, listed))
    assert read_voice_mail(data) == pdu.VoiceMailDeletion(mailbox, tuple(listed))


def test_a_length_that_does_not_fit_is_refused_and_leaves_the_element_raw() -> None:
    """Cut anywhere or with an octet too many; the header keeps it as it came."""
    whole = bytes.fromhex(f"D0 {NUMBER} 03 01 01FF 0102 1E C7 {NUMBER} 02AABB")
    read_voice_mail(whole)
    for wrong in [whole[:end] for end in range(len(whole))] + [whole + b"\0"]:
        with pytest.raises(pdu.PduError) as caught:
            read_voice_mail(wrong)
        assert caught.value.at is not None
        assert caught.value.field == "IEI 23"
        assert pdu.typed_element(pdu.Element(0x23, wrong)) == pdu.Element(0x23, wrong)
