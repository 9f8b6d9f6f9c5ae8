"""The SIM and the modem's functions: `+CPIN`, tries left, ICCID, `+CFUN` (27.007 §8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.at.answers.lines import every, first
from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines
    from modemgw.at.parameters import Information

_PIN_TRIES_LIMIT: Final = 15  # 102.221 §9.5: counted in four bits
# Where makers put the tries of PIN 1. What is not here has them first of all numbers.
_PIN_TRIES_AT: Final = {"^CPIN": 3}
_ICCID: Final = re.compile(r"(?<![0-9A-Fa-f])(89\d{16,18})[Ff]{0,2}(?![0-9A-Fa-f])", re.ASCII)
_SWAPPED: Final = re.compile(r"(?<![0-9A-Fa-f])98[0-9A-Fa-f]{16,18}(?![0-9A-Fa-f])")
_DONE: Final = (0x90, 0x91, 0x9F)  # 102.221 §10.2.1.1: SW1 of a command that was done


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """`+CRSM`, `+CSIM` (27.007 §8.18): what the SIM said, and the data in hex."""

    sw1: int
    sw2: int
    data: str

    @property
    def done(self) -> bool:
        """Whether the SIM did what it was told."""
        return self.sw1 in _DONE


def sim_state(lines: Lines) -> str:
    """`+CPIN?` (27.007 §8.3): `READY`, `SIM PIN`, `SIM PUK` …, in capitals."""
    return (first(lines, "+CPIN").text(0) or "").upper()


def pin_tries(lines: Lines, prefix: str) -> int:
    """How often the PIN may still be entered wrongly.

    27.007 §8.65 `+CPINR: SIM PIN,3,3`; makers have `+QPINC: "SC",3,10`, `+SPIC: 3,10,0,10`,
    `#PCT: 3`, `+UPINCNT: 3,3,10,10` and `^CPIN: READY,,10,3,10,3`, whose third is of PUK 1.
    """
    found = list(every(lines, prefix))
    if not found:
        raise AtError(f"no {prefix} in the answer {lines[:2]!r}")
    line = next((line for line in found if line.text(0) in ("SIM PIN", "SC")), found[0])
    start = _PIN_TRIES_AT.get(prefix, 0)
    for position in range(start if start < len(line.parameters) else 0, len(line.parameters)):
        tries = line.number(position)
        if tries is not None and 0 <= tries <= _PIN_TRIES_LIMIT:
            return tries
    raise AtError(f"no number of tries in the answer {lines[:1]!r}")


def iccid(lines: Lines) -> str:
    """`+CCID` and its like: 18 to 20 digits (E.118), filler `F` and quotes taken away.

    Some print the half octets as the SIM holds them, swapped; it shows at the 89 in front.
    """
    for line in lines:
        if found := _ICCID.search(line):
            return found[1]
        if swapped := _SWAPPED.search(line):
            return _digits(_unswapped(swapped[0]), lines)
    raise AtError(f"no ICCID in the answer {lines[:2]!r}")


def iccid_from_file(lines: Lines) -> str:
    """`+CRSM` of EF-ICCID (51.011 §10.1.1): ten octets, half octets swapped."""
    answer = file_answer(lines)
    if not answer.done or not re.fullmatch(r"[0-9A-Fa-f]{20}", answer.data):
        raise AtError(f"EF-ICCID could not be read: {lines[:1]!r}")
    return _digits(_unswapped(answer.data), lines)


def file_answer(lines: Lines) -> FileAnswer:
    """`+CRSM`. Raises AtError where it holds no status words."""
    line = first(lines, "+CRSM")
    sw1, sw2 = line.number(0), line.number(1)
    if sw1 is None or sw2 is None:
        raise AtError(f"no status words in the answer {lines[:1]!r}")
    return FileAnswer(sw1, sw2, _hex(line))


def function(lines: Lines) -> int | None:
    """`+CFUN?` (27.007 §8.2): 1 is full, 0 and 4 are without radio."""
    return first(lines, "+CFUN").number(0)


def function_choices(lines: Lines) -> tuple[Lines, Lines]:
    """`+CFUN=?`: what `<fun>` may be, and `<rst>`."""
    line = first(lines, "+CFUN")
    return line.options(0), line.options(1)


def sms_domain(lines: Lines) -> int:
    """`+CGSMS?` (27.007 §10.1.21): 0 PS, 1 CS, 2 PS preferred, 3 CS preferred."""
    domain = first(lines, "+CGSMS").number(0)
    if domain is None or not 0 <= domain <= 3:
        raise AtError(f"no domain in the answer {lines[:1]!r}")
    return domain


def command_names(lines: Lines) -> frozenset[str]:
    """`+CLAC` (27.007 §8.37): the commands that the modem knows, one a line or between commas."""
    joined = ",".join(
        line.split(":", 1)[1] if prefix_of(line) == "+CLAC" and ":" in line else line
        for line in lines
    )
    return frozenset(
        name for part in joined.split(",") if (name := part.strip().upper().removeprefix("AT"))
    )


def _unswapped(data: str) -> str:
    return "".join(data[at + 1] + data[at] for at in range(0, len(data) - 1, 2))


def _digits(text: str, lines: Lines) -> str:
    found = _ICCID.search(text)
    if found is None:
        raise AtError(f"no ICCID in the answer {lines[:2]!r}")
    return found[1]


def _hex(line: Information) -> str:
    data = line.text(2) or ""
    return data if re.fullmatch(r"[0-9A-Fa-f]*", data) else ""
