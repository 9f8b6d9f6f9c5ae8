"""What each bit of the first octet means, and of TP-PI (23.040 §9.2.2, §9.2.3.27)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.dissect_walk import Bits
from modemgw.pdu.tpdu import MTI_MASK, NO_MORE, RD, REPLY_PATH, REPORT, UDHI, TpduType
from modemgw.pdu.validity import VPF_MASK
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.pdu.dissect_walk import Explain


@value
class Flag:
    """Adjacent bits of an octet, and the words for each of their values."""

    mask: int
    name: str
    clause: str
    words: Sequence[str]


def explain(flags: Sequence[Flag]) -> Explain:
    """The function that tells what `flags` say in an octet; other bits have no meaning."""
    unused = 0xFF & ~sum(flag.mask for flag in flags)

    def bits_of(octet: int) -> tuple[Bits, ...]:
        bits = [
            Bits(_pattern(octet, flag.mask), flag.name, flag.clause, _words(octet, flag))
            for flag in flags
        ]
        if unused:
            bits.append(Bits(_pattern(octet, unused), "", "", "no meaning"))
        return tuple(bits)

    return bits_of


def _pattern(octet: int, mask: int) -> str:
    return "".join(
        digit if used == "1" else "."
        for digit, used in zip(f"{octet:08b}", f"{mask:08b}", strict=True)
    )


def _words(octet: int, flag: Flag) -> str:
    # The lowest bit of a mask is what it has in common with its negative.
    return flag.words[(octet & flag.mask) // (flag.mask & -flag.mask)]


_FROM_NETWORK: Final = ("SMS-DELIVER", "SMS-SUBMIT-REPORT", "SMS-STATUS-REPORT", "reserved")
_TO_NETWORK: Final = ("SMS-DELIVER-REPORT", "SMS-SUBMIT", "SMS-COMMAND", "reserved")


def _mti(words: Sequence[str]) -> Flag:
    return Flag(MTI_MASK, "TP-MTI", "23.040 §9.2.3.1", words)


_MTI_DOWN: Final = _mti(_FROM_NETWORK)
_MTI_UP: Final = _mti(_TO_NETWORK)
_MMS: Final = Flag(
    NO_MORE, "TP-MMS", "23.040 §9.2.3.2", ("more messages wait", "no more messages wait")
)
_LP: Final = Flag(0x08, "TP-LP", "23.040 §9.2.3.28", ("not forwarded", "forwarded or spawned"))
_VPF: Final = Flag(
    VPF_MASK,
    "TP-VPF",
    "23.040 §9.2.3.3",
    ("no TP-VP", "TP-VP is enhanced", "TP-VP is relative", "TP-VP is absolute"),
)
_SRI: Final = Flag(
    REPORT, "TP-SRI", "23.040 §9.2.3.4", ("the sender gets no report", "the sender gets a report")
)
_SRR: Final = Flag(
    REPORT, "TP-SRR", "23.040 §9.2.3.5", ("no status report wanted", "status report wanted")
)
_UDHI: Final = Flag(UDHI, "TP-UDHI", "23.040 §9.2.3.23", ("no header", "user data has a header"))
_RP: Final = Flag(REPLY_PATH, "TP-RP", "23.040 §9.2.3.17", ("no reply path", "reply path set"))
_RD: Final = Flag(
    RD, "TP-RD", "23.040 §9.2.3.25", ("a duplicate is accepted", "a duplicate is rejected")
)
_SRQ: Final = Flag(
    REPORT, "TP-SRQ", "23.040 §9.2.3.26", ("answers an SMS-SUBMIT", "answers an SMS-COMMAND")
)

#: The first octet of each TPDU, lowest bit first.
FIRST_OCTET: Final = {
    TpduType.DELIVER: explain((_MTI_DOWN, _MMS, _LP, _SRI, _UDHI, _RP)),
    TpduType.DELIVER_REPORT: explain((_MTI_UP, _UDHI)),
    TpduType.SUBMIT: explain((_MTI_UP, _RD, _VPF, _SRR, _UDHI, _RP)),
    TpduType.SUBMIT_REPORT: explain((_MTI_DOWN, _UDHI)),
    TpduType.STATUS_REPORT: explain((_MTI_DOWN, _MMS, _LP, _SRQ, _UDHI)),
    TpduType.COMMAND: explain((_MTI_UP, _SRR, _UDHI)),
}

#: The first octet towards the network where its type is reserved.
RESERVED_TYPE: Final = explain((_MTI_UP,))

_PI_CLAUSE: Final = "23.040 §9.2.3.27"

#: TP-PI: which optional fields follow.
PARAMETER_INDICATOR: Final = explain(
    (
        Flag(0x01, "TP-PID", _PI_CLAUSE, ("is not there", "follows")),
        Flag(0x02, "TP-DCS", _PI_CLAUSE, ("is not there", "follows")),
        Flag(0x04, "TP-UDL", _PI_CLAUSE, ("is not there", "follows, with TP-UD")),
    )
)
