"""SMS-COMMAND: an order about a text that was submitted earlier (23.040 §9.2.2.4)."""

from __future__ import annotations

from typing import ClassVar, Final

from modemgw.pdu.address import Address, address_octets, read_address
from modemgw.pdu.errors import truncated
from modemgw.pdu.tpdu import REPORT, UDHI, TpduType
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.2.4"


@value
class Command:
    """An order of type `ct` (TP-CT, §9.2.3.19) about the text with reference `mn` to `address`."""

    type: ClassVar[TpduType] = TpduType.COMMAND

    sca: Address | None
    first: int
    mr: int
    pid: int
    ct: int
    mn: int
    address: Address
    data: bytes

    @property
    def udhi(self) -> bool:
        """The command data begins with a header."""
        return bool(self.first & UDHI)

    @property
    def srr(self) -> bool:
        """A status report is asked for."""
        return bool(self.first & REPORT)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        return b"".join(
            (
                bytes((self.first, self.mr, self.pid, self.ct, self.mn)),
                address_octets(self.address, "TP-DA"),
                bytes((len(self.data),)),
                self.data,
            )
        )


def read_command(octets: bytes, at: int, sca: Address | None) -> Command:
    """The COMMAND whose first octet stands at `at`."""
    if len(octets) < at + 5:
        raise truncated(octets, "TP-MR to TP-MN", _CLAUSE)
    first, mr, pid, ct, mn = octets[at : at + 5]
    address, at = read_address(octets, at + 5, "TP-DA")
    if len(octets) <= at:
        raise truncated(octets, "TP-CDL", _CLAUSE)
    end = at + 1 + octets[at]
    if len(octets) < end:
        raise truncated(octets, "TP-CD", _CLAUSE)
    return Command(sca, first, mr, pid, ct, mn, address, octets[at + 1 : end])
