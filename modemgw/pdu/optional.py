"""TP-PI and the fields that it announces at the end of reports (23.040 §9.2.3.27)."""

from __future__ import annotations

from typing import Final

from modemgw.pdu.errors import Defects, note, truncated
from modemgw.pdu.userdata import UserData, read_user_data
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.3.27"

# Bits of TP-PI. A TP-PI with reserved ones is none, but the filling of a SIM record.
PI_PID: Final = 0x01
PI_DCS: Final = 0x02
PI_USER_DATA: Final = 0x04
PI_RESERVED: Final = 0x78

MAX_REPORT_OCTETS: Final = (
    159  # of user data: what a TPDU of 164 leaves the shortest report (§9.2.2.1a)
)


@value
class OptionalFields:
    """What a report may carry behind its own fields; None for what is not there.

    `pi` is the parameter indicator as received. User data without a TP-DCS is in the default
    alphabet.
    """

    pi: int
    pid: int | None = None
    dcs: int | None = None
    user_data: UserData | None = None

    def octets(self) -> bytes:
        """The announced fields without the indicator itself, which a time stamp may follow."""
        fields = bytes(octet for octet in (self.pid, self.dcs) if octet is not None)
        if self.user_data is None:
            return fields
        return fields + bytes((self.user_data.length,)) + self.user_data.octets


def read_optional(octets: bytes, at: int, pi: int, udhi: int, defects: Defects) -> OptionalFields:
    """The fields from `at` on that `pi` announces.

    Raises PduError where they are cut off; a lenient reader notes the first that is missing.
    """
    pid = dcs = user_data = None
    if pi & PI_PID:
        if len(octets) <= at:
            note(truncated(octets, "TP-PID", _CLAUSE), defects)
            return OptionalFields(pi)
        pid, at = octets[at], at + 1
    if pi & PI_DCS:
        if len(octets) <= at:
            note(truncated(octets, "TP-DCS", _CLAUSE), defects)
            return OptionalFields(pi, pid)
        dcs, at = octets[at], at + 1
    if pi & PI_USER_DATA:
        user_data = read_user_data(octets, at, dcs or 0, udhi, defects, MAX_REPORT_OCTETS)
    return OptionalFields(pi, pid, dcs, user_data)
