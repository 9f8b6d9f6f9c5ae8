"""SMS-STATUS-REPORT: what became of a text (23.040 §9.2.2.3)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, ClassVar, Final

from modemgw.pdu.address import Address, address_octets, read_address
from modemgw.pdu.errors import Defects, PduError, truncated
from modemgw.pdu.optional import PI_RESERVED, OptionalFields, read_optional
from modemgw.pdu.timestamp import TIMESTAMP_OCTETS, time_of, timestamp_octets
from modemgw.pdu.tpdu import LOOP_PREVENTION, NO_MORE, REPORT, UDHI, TpduType
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from datetime import datetime

_CLAUSE: Final = "23.040 §9.2.2.3"
_STAMP: Final = Struct("7B").unpack_from


@value
class StatusReport:
    """The fate of the text that was submitted with reference `mr` to `address` (TP-RA).

    `scts` is when the service centre got the text, `discharge` (TP-DT) when its fate was known;
    None if what is there is no time. `st` is TP-ST: below 32 done with success, 32 to 63 still
    being tried, above that given up (§9.2.3.15). `optional` is None where nothing follows.
    `defects` is what a lenient reading passed over.
    """

    type: ClassVar[TpduType] = TpduType.STATUS_REPORT

    sca: Address | None
    first: int
    mr: int
    address: Address
    scts: datetime | None
    discharge: datetime | None
    st: int
    optional: OptionalFields | None = None
    defects: tuple[PduError, ...] = ()

    @property
    def udhi(self) -> bool:
        """The user data begins with a header."""
        return bool(self.first & UDHI)

    @property
    def mms(self) -> bool:
        """More messages wait at the service centre."""
        return not self.first & NO_MORE

    @property
    def lp(self) -> bool:
        """The text was forwarded, or made by a machine (TP-LP, §9.2.3.28)."""
        return bool(self.first & LOOP_PREVENTION)

    @property
    def srq(self) -> bool:
        """It answers an SMS-COMMAND, not an SMS-SUBMIT (TP-SRQ, §9.2.3.26)."""
        return bool(self.first & REPORT)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        octets = b"".join(
            (
                bytes((self.first, self.mr)),
                address_octets(self.address, "TP-RA"),
                timestamp_octets(self.scts, "TP-SCTS"),
                timestamp_octets(self.discharge, "TP-DT"),
                bytes((self.st,)),
            )
        )
        if self.optional is None:
            return octets
        return octets + bytes((self.optional.pi,)) + self.optional.octets()


def read_status_report(
    octets: bytes, at: int, sca: Address | None, defects: Defects
) -> StatusReport:
    """The STATUS-REPORT whose first octet stands at `at`.

    One that ends before TP-ST is refused by a lenient reader, too: no fate is made up.
    """
    if len(octets) < at + 2:
        raise truncated(octets, "TP-MR", _CLAUSE)
    first, mr = octets[at], octets[at + 1]
    address, at = read_address(octets, at + 2, "TP-RA")
    if len(octets) < at + 15:
        raise truncated(octets, _cut_field(len(octets) - at), _CLAUSE)
    optional = None
    # A SIM record is filled up with FF: an indicator with reserved bits is no indicator.
    if len(octets) > at + 15 and not octets[at + 15] & PI_RESERVED:
        # Damage behind a report on nobody says that it is misread, and no report at all.
        tolerance = defects if address.number else None
        optional = read_optional(octets, at + 16, octets[at + 15], first & UDHI, tolerance)
    year, month, day, hour, minute, second, zone = _STAMP(octets, at)
    scts = time_of(year, month, day, hour, minute, second, zone)
    year, month, day, hour, minute, second, zone = _STAMP(octets, at + 7)
    discharge = time_of(year, month, day, hour, minute, second, zone)
    return StatusReport(sca, first, mr, address, scts, discharge, octets[at + 14], optional)


def _cut_field(present: int) -> str:
    """Where a report ends that has so many octets behind its address."""
    if present < TIMESTAMP_OCTETS:
        return "TP-SCTS"
    return "TP-DT" if present < 2 * TIMESTAMP_OCTETS else "TP-ST"
