"""SMS-DELIVER: a text that came in (23.040 §9.2.2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from modemgw.pdu.address import Address, address_octets, read_address
from modemgw.pdu.errors import truncated
from modemgw.pdu.timestamp import read_timestamp, timestamp_octets
from modemgw.pdu.tpdu import NO_MORE, REPLY_PATH, REPORT, UDHI, TextTpdu, TpduType
from modemgw.pdu.userdata import UserData, read_user_data
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from datetime import datetime

_CLAUSE: Final = "23.040 §9.2.2.1"


@value
class Deliver(TextTpdu):
    """A text from the network.

    `sca` is the service centre that it came through, None if the modem did not tell. `first` is
    the first octet as received, `address` the sender (TP-OA), `scts` when the service centre got
    it, None if what is there is no time.
    """

    type: ClassVar[TpduType] = TpduType.DELIVER

    sca: Address | None
    first: int
    address: Address
    pid: int
    dcs: int
    scts: datetime | None
    user_data: UserData

    @property
    def mms(self) -> bool:
        """More messages wait at the service centre."""
        return not self.first & NO_MORE

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


def read_deliver(octets: bytes, at: int, sca: Address | None, *, lenient: bool) -> Deliver:
    """The DELIVER whose first octet stands at `at`."""
    first = octets[at]
    address, at = read_address(octets, at + 1, "TP-OA")
    if len(octets) < at + 10:
        raise truncated(octets, "TP-PID to TP-UDL", _CLAUSE)
    dcs = octets[at + 1]
    scts = read_timestamp(octets, at + 2, "TP-SCTS")
    user_data = read_user_data(octets, at + 9, dcs, udhi=first & UDHI, lenient=lenient)
    return Deliver(sca, first, address, octets[at], dcs, scts, user_data)
