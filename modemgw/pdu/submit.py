"""SMS-SUBMIT: a text that goes out (23.040 §9.2.2.2)."""

from __future__ import annotations

from typing import ClassVar, Final

from modemgw.pdu.address import Address, address_octets, read_address
from modemgw.pdu.errors import Defects, Fixed, PduError, completed, truncated
from modemgw.pdu.tpdu import RD, REPLY_PATH, REPORT, UDHI, TextTpdu, TpduType
from modemgw.pdu.userdata import UserData, read_user_data
from modemgw.pdu.validity import (
    VALIDITY_OCTETS,
    VPF_MASK,
    VPF_NONE,
    Validity,
    read_validity,
    validity_octets,
)
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.2.2"
# What stands between TP-DA and TP-UD, by TP-VPF.
_FIXED: Final = {
    form: (
        Fixed("TP-PID", 1, b"\0"),
        Fixed("TP-DCS", 1, b"\0"),
        Fixed("TP-VP", size, b""),
        Fixed("TP-UDL", 1, b"\0"),
    )
    for form, size in VALIDITY_OCTETS.items()
}


@value
class Submit(TextTpdu):
    """A text to the network.

    `mr` is the message reference, 0 to 255 (a modem puts its own there), `address` the recipient
    (TP-DA), `vp` the validity period, None for the service centre's own. `defects` is what a
    lenient reading passed over.
    """

    type: ClassVar[TpduType] = TpduType.SUBMIT

    sca: Address | None
    first: int
    mr: int
    address: Address
    pid: int
    dcs: int
    vp: Validity | None
    user_data: UserData
    defects: tuple[PduError, ...] = ()

    @property
    def rd(self) -> bool:
        """The service centre shall reject a duplicate."""
        return bool(self.first & RD)

    @property
    def srr(self) -> bool:
        """A status report is asked for."""
        return bool(self.first & REPORT)

    @property
    def rp(self) -> bool:
        """A reply path is set."""
        return bool(self.first & REPLY_PATH)

    def octets(self) -> bytes:
        """The TPDU without service-centre address."""
        return b"".join(
            (
                bytes((self.first, self.mr)),
                address_octets(self.address, "TP-DA"),
                bytes((self.pid, self.dcs)),
                validity_octets(self.vp),
                bytes((self.user_data.length,)),
                self.user_data.octets,
            )
        )


def read_submit(octets: bytes, at: int, sca: Address | None, defects: Defects) -> Submit:
    """The SUBMIT whose first octet stands at `at`."""
    if len(octets) < at + 2:
        raise truncated(octets, "TP-MR", _CLAUSE)
    first, mr = octets[at], octets[at + 1]
    address, at = read_address(octets, at + 2, "TP-DA")
    form = first & VPF_MASK
    validity_end = at + 2 + VALIDITY_OCTETS[form]
    if len(octets) <= validity_end:
        whole = len(octets) == validity_end
        octets = completed(octets, at, _FIXED[form], _CLAUSE, defects)
        form = form if whole else VPF_NONE
    pid, dcs = octets[at], octets[at + 1]
    vp, at = read_validity(octets, at + 2, form)
    user_data = read_user_data(octets, at, dcs, first & UDHI, defects)
    return Submit(sca, first, mr, address, pid, dcs, vp, user_data)
