"""SMS-DELIVER: a text that came in (23.040 §9.2.2.1)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, ClassVar, Final

from modemgw.pdu.address import Address, address_octets, read_address
from modemgw.pdu.errors import Defects, Fixed, PduError, completed
from modemgw.pdu.timestamp import NO_TIME, TIMESTAMP_OCTETS, time_of, timestamp_octets
from modemgw.pdu.tpdu import LOOP_PREVENTION, NO_MORE, REPLY_PATH, REPORT, UDHI, TextTpdu, TpduType
from modemgw.pdu.userdata import UserData, read_user_data
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from datetime import datetime

_CLAUSE: Final = "23.040 §9.2.2.1"
_PID_TO_SCTS: Final = Struct("9B").unpack_from
# What stands between TP-OA and TP-UD.
_FIXED: Final = (
    Fixed("TP-PID", 1, b"\0"),
    Fixed("TP-DCS", 1, b"\0"),
    Fixed("TP-SCTS", TIMESTAMP_OCTETS, NO_TIME),
    Fixed("TP-UDL", 1, b"\0"),
)


@value
class Deliver(TextTpdu):
    """A text from the network.

    `sca` is the service centre that it came through, None if the modem did not tell. `first` is
    the first octet as received, `address` the sender (TP-OA), `scts` when the service centre got
    it, None if what is there is no time. `defects` is what a lenient reading passed over.
    """

    type: ClassVar[TpduType] = TpduType.DELIVER

    sca: Address | None
    first: int
    address: Address
    pid: int
    dcs: int
    scts: datetime | None
    user_data: UserData
    defects: tuple[PduError, ...] = ()

    @property
    def mms(self) -> bool:
        """More messages wait at the service centre."""
        return not self.first & NO_MORE

    @property
    def lp(self) -> bool:
        """It was forwarded, or made by a machine: do not answer by machine (§9.2.3.28)."""
        return bool(self.first & LOOP_PREVENTION)

    @property
    def sri(self) -> bool:
        """The sender gets a report."""
        return bool(self.first & REPORT)

    @property
    def rp(self) -> bool:
        """An answer may go through the sender's service centre."""
        return bool(self.first & REPLY_PATH)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        return b"".join(
            (
                bytes((self.first,)),
                address_octets(self.address, "TP-OA"),
                bytes((self.pid, self.dcs)),
                timestamp_octets(self.scts, "TP-SCTS"),
                bytes((self.user_data.length,)),
                self.user_data.octets,
            )
        )


def read_deliver(octets: bytes, at: int, sca: Address | None, defects: Defects) -> Deliver:
    """The DELIVER whose first octet stands at `at`."""
    first = octets[at]
    address, at = read_address(octets, at + 1, "TP-OA")
    if len(octets) < at + 10:
        octets = completed(octets, at, _FIXED, _CLAUSE, defects)
    pid, dcs, year, month, day, hour, minute, second, zone = _PID_TO_SCTS(octets, at)
    scts = time_of(year, month, day, hour, minute, second, zone)
    user_data = read_user_data(octets, at + 9, dcs, first & UDHI, defects)
    return Deliver(sca, first, address, pid, dcs, scts, user_data)
