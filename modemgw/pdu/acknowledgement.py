"""SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT: how a text was taken (23.040 §9.2.2.1a, §9.2.2.2a).

Both exist as acknowledgement and as error. The error has TP-FCS where the acknowledgement has
TP-PI; the values of TP-FCS begin at 80 hex, where only TP-PI's extension bit would be, and no
extension is defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from modemgw.pdu.errors import truncated
from modemgw.pdu.optional import OptionalFields, read_optional
from modemgw.pdu.timestamp import read_timestamp, timestamp_octets
from modemgw.pdu.tpdu import UDHI, TpduType
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.pdu.address import Address

_CLAUSE: Final = "23.040 §9.2.3.22"
_FIRST_CAUSE: Final = 0x80


@value
class DeliverReport:
    """A phone's answer to a DELIVER. `fcs` is TP-FCS (§9.2.3.22), None when the text was taken."""

    type: ClassVar[TpduType] = TpduType.DELIVER_REPORT

    sca: Address | None
    first: int
    fcs: int | None
    optional: OptionalFields

    @property
    def udhi(self) -> bool:
        """The user data begins with a header."""
        return bool(self.first & UDHI)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        return _start(self.first, self.fcs, self.optional.pi) + self.optional.octets()


@value
class SubmitReport:
    """A service centre's answer to a SUBMIT; `scts` is when it got the text."""

    type: ClassVar[TpduType] = TpduType.SUBMIT_REPORT

    sca: Address | None
    first: int
    fcs: int | None
    scts: datetime | None
    optional: OptionalFields

    @property
    def udhi(self) -> bool:
        """The user data begins with a header."""
        return bool(self.first & UDHI)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        start = _start(self.first, self.fcs, self.optional.pi)
        return start + timestamp_octets(self.scts, "TP-SCTS") + self.optional.octets()


def read_deliver_report(
    octets: bytes, at: int, sca: Address | None, *, lenient: bool
) -> DeliverReport:
    """The DELIVER-REPORT whose first octet stands at `at`."""
    first = octets[at]
    fcs, pi, at = _read_start(octets, at + 1)
    optional = read_optional(octets, at, pi, udhi=first & UDHI, lenient=lenient)
    return DeliverReport(sca, first, fcs, optional)


def read_submit_report(
    octets: bytes, at: int, sca: Address | None, *, lenient: bool
) -> SubmitReport:
    """The SUBMIT-REPORT whose first octet stands at `at`."""
    first = octets[at]
    fcs, pi, at = _read_start(octets, at + 1)
    scts = read_timestamp(octets, at, "TP-SCTS")
    optional = read_optional(octets, at + 7, pi, udhi=first & UDHI, lenient=lenient)
    return SubmitReport(sca, first, fcs, scts, optional)


def _start(first: int, fcs: int | None, pi: int) -> bytes:
    return bytes((first, pi) if fcs is None else (first, fcs, pi))


def _read_start(octets: bytes, at: int) -> tuple[int | None, int, int]:
    """TP-FCS if there is one, TP-PI, and the offset behind them."""
    fcs = None
    if len(octets) > at and octets[at] >= _FIRST_CAUSE:
        fcs, at = octets[at], at + 1
    if len(octets) <= at:
        raise truncated(octets, "TP-PI", _CLAUSE)
    return fcs, octets[at], at + 1
