"""SMS-COMMAND: an order about a text that was submitted earlier (23.040 §9.2.2.4)."""

from __future__ import annotations

from typing import ClassVar, Final

from modemgw.pdu.address import Address, address_octets, read_address
from modemgw.pdu.errors import Defects, Fixed, PduError, completed, note, truncated
from modemgw.pdu.tpdu import REPORT, UDHI, TpduType
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.2.4"
_FIXED: Final = (Fixed("TP-CDL", 1, b"\0"),)  # between TP-DA and TP-CD


@value
class Command:
    """An order of type `ct` (TP-CT, §9.2.3.19) about the text with reference `mn` to `address`.

    `data` is TP-CD, up to 157 octets. `defects` is what a lenient reading passed over.
    """

    type: ClassVar[TpduType] = TpduType.COMMAND

    sca: Address | None
    first: int
    mr: int
    pid: int
    ct: int
    mn: int
    address: Address
    data: bytes
    defects: tuple[PduError, ...] = ()

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


def read_command(octets: bytes, at: int, sca: Address | None, defects: Defects) -> Command:
    """The COMMAND whose first octet stands at `at`."""
    if len(octets) < at + 5:
        raise truncated(octets, "TP-MR to TP-MN", _CLAUSE)
    first, mr, pid, ct, mn = octets[at : at + 5]
    address, at = read_address(octets, at + 5, "TP-DA")
    if len(octets) <= at:
        octets = completed(octets, at, _FIXED, _CLAUSE, defects)
    data = octets[at + 1 : at + 1 + octets[at]]
    if len(data) < octets[at]:
        note(truncated(octets, "TP-CD", _CLAUSE), defects)
    return Command(sca, first, mr, pid, ct, mn, address, data)
