"""Why a part was refused, whose fault that is, and what follows.

One table from `+CMS ERROR` (27.005 §3.2.5; below 128 the RP causes of 24.011 §8.2.5.4, 128 to 255
TP-FCS of 23.040 §9.2.3.22) to a cause. Only errors that are certain come here: what is unknown is
`in_doubt` and is never retried.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Whose fault a refusal is: what has to change before another attempt can help."""

    MESSAGE = "message"  # this text will never go
    RECIPIENT = "recipient"  # later, on any line
    LINE = "line"  # now, on another line; this one rests
    MODEM = "modem"  # soon
    NETWORK = "network"  # later


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason in a word for programs (`code`) and in a sentence for people."""

    code: str
    fault: Fault
    words: str


_M, _R, _L, _D, _N = Fault.MESSAGE, Fault.RECIPIENT, Fault.LINE, Fault.MODEM, Fault.NETWORK

_NO_NUMBER = Cause("unknown_recipient", _M, "The number is not assigned or not a subscriber.")
_BARRED_TO = Cause("recipient_barred", _M, "The recipient's network does not take texts for it.")
_OUT_OF_ORDER = Cause("recipient_unreachable", _R, "The recipient cannot be reached at present.")
_LINE_BARRED = Cause("line_barred", _L, "The operator bars this SIM from sending texts.")
_REJECTED = Cause("rejected", _L, "The network rejected it: often no credit, or a spam filter.")
_NETWORK = Cause("network_trouble", _N, "The network is congested or out of order.")
_PROTOCOL = Cause("protocol_error", _M, "The network or the modem found the text's form wrong.")
_SIM = Cause("sim_trouble", _L, "The SIM is missing, locked, or failed.")
_MEMORY = Cause("memory_full", _D, "A memory is full, at the modem or behind it.")
_BUSY = Cause("modem_busy", _D, "The modem or SIM is busy.")
_MODEM = Cause("modem_refused", _D, "The modem refused the command.")
_SMSC = Cause("no_smsc", _L, "The SIM has no service-centre number.")

OF_LINES = frozenset(cause.code for cause in (_LINE_BARRED, _REJECTED, _SIM, _SMSC))
"""The codes of what another line may be spared."""

UNKNOWN_REFUSAL = Cause("refused", _D, "Refused without a reason that is known.")

_BY_CMS = {
    **dict.fromkeys((1, 28), _NO_NUMBER),
    **dict.fromkeys((30, 195, 196), _BARRED_TO),
    27: _OUT_OF_ORDER,
    **dict.fromkeys((8, 10, 29, 50, 69, 193), _LINE_BARRED),
    21: _REJECTED,
    **dict.fromkeys((22, 208, 211, 322), _MEMORY),
    **dict.fromkeys((38, 41, 42, 47, 192, 194), _NETWORK),
    **dict.fromkeys(
        (81, *range(95, 100), 111, *range(127, 160), 175, 176, 198, 199, 304, 305), _PROTOCOL
    ),
    **dict.fromkeys((310, 311, 312, 313, 315, 316, 317, 318), _SIM),
    **dict.fromkeys((301, 314, 515), _BUSY),
    **dict.fromkeys((300, 302, 303, 320, 321), _MODEM),
    330: _SMSC,
}


def of_refusal(family: str, code: int | None) -> Cause:
    """The cause of a refusal, by the error's family ("cms", "cme") and number."""
    if family == "cms" and code is not None:
        return _BY_CMS.get(code, UNKNOWN_REFUSAL)
    if family == "cme" and code in (10, 11, 12, 13, 15):
        return _SIM
    if family == "cme" and code in (30, 31, 32):
        return _NETWORK
    return UNKNOWN_REFUSAL


_FIRST_WAIT_S = {_R: 300.0, _L: 1.0, _D: 2.0, _N: 15.0}
_LONGEST_WAIT_S = 3600.0


def retry_wait_s(fault: Fault, attempt: int, jitter: float) -> float | None:
    """How long to wait before the next attempt, the first being 1; None: do not try again.

    Doubles with each attempt up to an hour; `jitter` from 0 to 1 spreads it over ±25 %.
    """
    if fault is Fault.MESSAGE:
        return None
    wait = min(_FIRST_WAIT_S[fault] * 2.0 ** min(attempt - 1, 16), _LONGEST_WAIT_S)
    return wait * (0.75 + 0.5 * jitter)
