"""What the TPDUs that carry a text have in common (23.040 §9.2.2, §9.2.3.1 to §9.2.3.7)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from modemgw.pdu.coding import CODINGS

if TYPE_CHECKING:
    from modemgw.pdu.coding import Alphabet, Coding
    from modemgw.pdu.header import Concat, Element, Ports
    from modemgw.pdu.userdata import UserData

# Bits of the first octet.
MTI_MASK: Final = 0x03  # TP-MTI, §9.2.3.1
RD: Final = 0x04  # TP-RD in a SUBMIT, §9.2.3.25
NO_MORE: Final = 0x04  # TP-MMS towards a phone: 0 says that more wait, §9.2.3.2
LOOP_PREVENTION: Final = 0x08  # TP-LP from the network, §9.2.3.28
REPORT: Final = 0x20  # TP-SRR, TP-SRI, TP-SRQ, §9.2.3.4, 5, 26
UDHI: Final = 0x40  # TP-UDHI, §9.2.3.23
REPLY_PATH: Final = 0x80  # TP-RP, §9.2.3.17


class TpduType(StrEnum):
    """The six TPDUs."""

    DELIVER = "deliver"
    DELIVER_REPORT = "deliver-report"
    SUBMIT = "submit"
    SUBMIT_REPORT = "submit-report"
    STATUS_REPORT = "status-report"
    COMMAND = "command"


class TextTpdu:
    """The fields of user data and coding, by the names that they have in JSON."""

    __slots__ = ()
    first: int
    dcs: int
    user_data: UserData

    @property
    def udhi(self) -> bool:
        """The user data begins with a header."""
        return bool(self.first & UDHI)

    @property
    def coding(self) -> Coding:
        """What TP-DCS says."""
        return CODINGS[self.dcs]

    @property
    def alphabet(self) -> Alphabet:
        """How the user data is coded."""
        return self.user_data.alphabet

    @property
    def message_class(self) -> int | None:
        """0 to 3, or None."""
        return CODINGS[self.dcs].message_class

    @property
    def text(self) -> str | None:
        """The text, or None where there is `data`."""
        return self.user_data.text

    @property
    def data(self) -> bytes | None:
        """8-bit or compressed user data without its header, or None where there is `text`."""
        return self.user_data.data

    @property
    def udh(self) -> tuple[Element, ...]:
        """All information elements in order."""
        return self.user_data.header.elements

    @property
    def concat(self) -> Concat | None:
        """Which part of a longer message this is; None for a message that stands alone."""
        return self.user_data.header.concat

    @property
    def ports(self) -> Ports | None:
        """The application ports."""
        return self.user_data.header.ports

    @property
    def locking(self) -> int | None:
        """The national language identifier of the locking-shift table."""
        return self.user_data.header.locking

    @property
    def single(self) -> int | None:
        """The national language identifier of the single-shift table."""
        return self.user_data.header.single
