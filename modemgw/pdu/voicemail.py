"""Enhanced voice mail information (23.040 §9.2.3.24.13): what a mailbox tells of itself.

Two forms share a head: a notification lists new messages, a delete confirmation those that are
gone. Either may end with extensions of later releases, which are kept as they are.
"""

from __future__ import annotations

from typing import ClassVar, Final

from modemgw.pdu.address import Address, read_address
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.value import value

IEI_VOICE_MAIL: Final = 0x23

_FIELD: Final = f"IEI {IEI_VOICE_MAIL:02X}"
_CLAUSE: Final = "23.040 §9.2.3.24.13"
_DELETION: Final = 0x01
_STORE: Final = 0x10
_ALMOST_FULL: Final = 0x20
_FULL: Final = 0x40
_EXTENDED: Final = 0x80
_PRIORITY: Final = 0x40
_COUNT: Final = 0x1F  # the lower five bits: messages listed, or days


@value
class VoiceMailbox:
    """The state of a mailbox.

    `profile` is the subscriber's profile, 1 to 4; `store` asks to keep the text that the element
    came with. `address` is the number to call for the mailbox, `unread` how many messages wait
    there (255: as many or more). `extension` is what this release does not define.
    """

    profile: int
    store: bool
    almost_full: bool
    full: bool
    address: Address
    unread: int
    extension: bytes = b""


@value
class VoiceMail:
    """A new voice message.

    `length_s` is its length in seconds (255: as long or longer), `retention_days` how long it
    will be kept, 0 to 31. `caller` is who left it; its number is empty where that is unknown.
    """

    id: int
    length_s: int
    retention_days: int
    priority: bool
    caller: Address
    extension: bytes = b""


@value
class DeletedVoiceMail:
    """A voice message that is gone from the mailbox."""

    id: int
    extension: bytes = b""


@value
class VoiceMailNotification:
    """New voice messages (§9.2.3.24.13.1); the mailbox may hold more than are listed."""

    iei: ClassVar[int] = IEI_VOICE_MAIL

    mailbox: VoiceMailbox
    messages: tuple[VoiceMail, ...]


@value
class VoiceMailDeletion:
    """Voice messages that were deleted (§9.2.3.24.13.2)."""

    iei: ClassVar[int] = IEI_VOICE_MAIL

    mailbox: VoiceMailbox
    deleted: tuple[DeletedVoiceMail, ...]


def read_voice_mail(data: bytes) -> VoiceMailNotification | VoiceMailDeletion:
    """What the element's `data` says. Raises PduError where its lengths do not fit."""
    cursor = Cursor(data, _FIELD, _CLAUSE)
    flags = cursor.octet()
    address = _address(cursor, data)
    unread = cursor.octet()
    listed = cursor.octet() & _COUNT
    mailbox = VoiceMailbox(
        profile=(flags >> 2 & 3) + 1,
        store=bool(flags & _STORE),
        almost_full=bool(flags & _ALMOST_FULL),
        full=bool(flags & _FULL),
        address=address,
        unread=unread,
        extension=_extension(cursor, flags),
    )
    result: VoiceMailNotification | VoiceMailDeletion
    if flags & _DELETION:
        result = VoiceMailDeletion(mailbox, tuple(_deleted(cursor) for _ in range(listed)))
    else:
        result = VoiceMailNotification(mailbox, tuple(_new(cursor, data) for _ in range(listed)))
    if cursor:
        raise cursor.error(f"{cursor.left} octets too many")
    return result


def _new(cursor: Cursor, data: bytes) -> VoiceMail:
    number = int.from_bytes(cursor.take(2), "big")
    length_s = cursor.octet()
    flags = cursor.octet()
    caller = _address(cursor, data)
    return VoiceMail(
        number,
        length_s,
        retention_days=flags & _COUNT,
        priority=bool(flags & _PRIORITY),
        caller=caller,
        extension=_extension(cursor, flags),
    )


def _deleted(cursor: Cursor) -> DeletedVoiceMail:
    number = int.from_bytes(cursor.take(2), "big")
    return DeletedVoiceMail(number, _extension(cursor, cursor.octet()))


def _address(cursor: Cursor, data: bytes) -> Address:
    address, cursor.at = read_address(data, cursor.at, _FIELD)
    return address


def _extension(cursor: Cursor, flags: int) -> bytes:
    return cursor.take(cursor.octet()) if flags & _EXTENDED else b""
