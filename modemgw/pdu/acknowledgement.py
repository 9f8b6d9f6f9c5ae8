"""SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT: how a text was taken (23.040 §9.2.2.1a, §9.2.2.2a).

Both exist as acknowledgement and as error. The error has TP-FCS where the acknowledgement has
TP-PI; the values of TP-FCS begin at 80 hex, where only TP-PI's extension bit would be, and no
extension is defined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from modemgw.pdu.errors import Defects, PduError, note, truncated
from modemgw.pdu.optional import OptionalFields, read_optional
from modemgw.pdu.timestamp import TIMESTAMP_OCTETS, read_timestamp, timestamp_octets
from modemgw.pdu.tpdu import UDHI, TpduType
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.pdu.address import Address

_CLAUSE: Final = "23.040 §9.2.3.22"
_FIRST_CAUSE: Final = 0x80


@value
class DeliverReport:
    """A phone's answer to a DELIVER. `fcs` is TP-FCS (§9.2.3.22), None when the text was taken.

    `defects` is what a lenient reading passed over.
    """

    type: ClassVar[TpduType] = TpduType.DELIVER_REPORT

    sca: Address | None
    first: int
    fcs: int | None
    optional: OptionalFields
    defects: tuple[PduError, ...] = ()

    @property
    def udhi(self) -> bool:
        """The user data begins with a header."""
        return bool(self.first & UDHI)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        return _start(self.first, self.fcs, self.optional.pi) + self.optional.octets()


@value
class SubmitReport:
    """A service centre's answer to a SUBMIT; `scts` is when it got the text.

    `fcs` and `defects` are as in DeliverReport.
    """

    type: ClassVar[TpduType] = TpduType.SUBMIT_REPORT

    sca: Address | None
    first: int
    fcs: int | None
    scts: datetime | None
    optional: OptionalFields
    defects: tuple[PduError, ...] = ()

    @property
    def udhi(self) -> bool:
        """The user data begins with a header."""
        return bool(self.first & UDHI)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        start = _start(self.first, self.fcs, self.optional.pi)
        return start + timestamp_octets(self.scts, "TP-SCTS") + self.optional.octets()


def read_deliver_report(
    octets: bytes, at: int, sca: Address | None, defects: Defects
) -> DeliverReport:
    """The DELIVER-REPORT whose first octet stands at `at`."""
    first = octets[at]
    fcs, pi, at = _read_start(octets, at + 1, defects)
    optional = read_optional(octets, at, pi, first & UDHI, defects)
    return DeliverReport(sca, first, fcs, optional)


def read_submit_report(
    octets: bytes, at: int, sca: Address | None, defects: Defects
) -> SubmitReport:
    """The SUBMIT-REPORT whose first octet stands at `at`."""
    first = octets[at]
    fcs, pi, at = _read_start(octets, at + 1, defects)
    if len(octets) < at + TIMESTAMP_OCTETS:
        if not defects:  # a report that ends before TP-PI has been noted
            note(truncated(octets, "TP-SCTS", _CLAUSE), defects)
        return SubmitReport(sca, first, fcs, None, OptionalFields(pi))
    optional = read_optional(octets, at + TIMESTAMP_OCTETS, pi, first & UDHI, defects)
    return SubmitReport(sca, first, fcs, read_timestamp(octets, at, "TP-SCTS"), optional)


def _start(first: int, fcs: int | None, pi: int) -> bytes:
    return bytes((first, pi) if fcs is None else (first, fcs, pi))


def _read_start(octets: bytes, at: int, defects: Defects) -> tuple[int | None, int, int]:
    """TP-FCS if there is one, TP-PI, and the offset behind them.

    One that ends before both is refused by a lenient reader, too: what is missing may be the
    error that it reports.
    """
    if len(octets) <= at:
        raise truncated(octets, "TP-FCS or TP-PI", _CLAUSE)
    if octets[at] < _FIRST_CAUSE:
        return None, octets[at], at + 1
    if len(octets) == at + 1:
        note(truncated(octets, "TP-PI", _CLAUSE), defects)
        return octets[at], 0, at + 1
    return octets[at], octets[at + 1], at + 2
