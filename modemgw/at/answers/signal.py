"""Signal: `+CSQ` (27.007 §8.5), `+CESQ` (§8.69) and what Huawei announces, in dBm and dB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.at.answers.lines import first
from modemgw.at.errors import AtError
from modemgw.at.parameters import information

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines


@dataclass(frozen=True, slots=True)
class ExtendedSignal:
    """`+CESQ`: each value where the radio in use has it, else None.

    GSM has `rxlev_dbm`, UTRAN `rscp_dbm` and `ecno_db`, E-UTRAN `rsrp_dbm` and `rsrq_db`. Values
    are the lower ends of the steps that the standard gives; the lowest step has none.
    """

    rxlev_dbm: float | None
    bit_errors: int | None
    rscp_dbm: float | None
    ecno_db: float | None
    rsrq_db: float | None
    rsrp_dbm: float | None

    @property
    def dbm(self) -> float | None:
        """The received power by which the modem judges the cell that it uses."""
        powers = (self.rsrp_dbm, self.rscp_dbm, self.rxlev_dbm)
        return next((power for power in powers if power is not None), None)


def rssi_dbm(lines: Lines) -> int | None:
    """`+CSQ`: -113 to -51 dBm; None: not known or not detectable."""
    return _rssi(first(lines, "+CSQ").number(0))


def rssi_change(line: str) -> int | None:
    """`^RSSI:` or `+CSQ:`, announced, on the same scale."""
    return _rssi(information(line).number(0))


def extended_signal(lines: Lines) -> ExtendedSignal:
    """`+CESQ`. Raises AtError where it has fewer than its six values."""
    line = first(lines, "+CESQ")
    if len(line.parameters) < 6:
        raise AtError(f"fewer than six values in {lines[:1]!r}")
    rxlev, errors, rscp, ecno, rsrq, rsrp = (line.number(position) for position in range(6))
    return ExtendedSignal(
        rxlev_dbm=_step(rxlev, 63, -111, 1),
        bit_errors=errors if errors is not None and 0 <= errors <= 7 else None,
        rscp_dbm=_step(rscp, 96, -121, 1),
        ecno_db=_step(ecno, 49, -24.5, 0.5),
        rsrq_db=_step(rsrq, 34, -20, 0.5),
        rsrp_dbm=_step(rsrp, 97, -141, 1),
    )


def _rssi(rssi: int | None) -> int | None:
    return None if rssi is None or not 0 <= rssi <= 31 else 2 * rssi - 113


def _step(value: int | None, highest: int, zero: float, width: float) -> float | None:
    """The lower end of a step; None for 99 and 255, which are above any scale."""
    return None if value is None or not 0 <= value <= highest else zero + value * width
