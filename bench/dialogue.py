"""What the AT dialogue costs, without a port: an exchange of each sort, and octets read.

Usage: python -m bench.dialogue

Each exchange is what the driver does: the command is made and begun, its answer read in the pieces
in which a port gives it, and parsed. *Cut finely* gives every octet by itself. Figures are the best
and the median of the rounds.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from modemgw import pdu
from modemgw.at import commands
from modemgw.at.dialogue import Dialogue, Response

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
EXCHANGES = 300
PDU = pdu.encode("+31641600986", "a" * 160, ref=7)[0]
DELIVER = "07911326040000F0040B911346610089F60000208062917314480CC8F71D14969741F977FD07"


def ready() -> Dialogue:
    """A dialogue that is in step."""
    dialogue = Dialogue()
    dialogue.begin(commands.MARKERS[0])
    dialogue.receive(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    return dialogue


def submit(dialogue: Dialogue) -> None:
    """`AT+CMGS`, prompt, TPDU, answer."""
    command = commands.submit(PDU.length)
    dialogue.begin(command)
    dialogue.receive(b"\r\n> ")
    dialogue.payload(PDU.hex)
    (response,) = dialogue.receive(b"\r\n+CMGS: 123\r\n\r\nOK\r\n")
    assert isinstance(response, Response)
    assert command.parse(response.lines) == 123


def announced(dialogue: Dialogue) -> None:
    """`+CMTI`, `AT+CMGR`, and again before `AT+CMGD`."""
    dialogue.receive(b'\r\n+CMTI: "ME",7\r\n')
    for _ in range(2):
        command = commands.read_text(7)
        dialogue.begin(command)
        answer = f"\r\n+CMGR: 0,,30\r\n{DELIVER}\r\n\r\nOK\r\n".encode()
        (response,) = dialogue.receive(answer)
        assert isinstance(response, Response)
        assert command.parse(response.lines)
    dialogue.begin(commands.delete_text(7))
    dialogue.receive(b"\r\nOK\r\n")


_LISTING = (
    b"".join(f"\r\n+CMGL: {index},1,,30\r\n{DELIVER}".encode() for index in range(1, 256))
    + b"\r\n\r\nOK\r\n"
)


def listing(dialogue: Dialogue) -> None:
    """`AT+CMGL=4` of 255 texts, in pieces of a tty's buffer."""
    dialogue.begin(commands.LIST_TEXTS)
    events = [
        e
        for at in range(0, len(_LISTING), 4095)
        for e in dialogue.receive(_LISTING[at : at + 4095])
    ]
    (response,) = events
    assert isinstance(response, Response)
    assert len(commands.LIST_TEXTS.parse(response.lines)) == 255


def finely(dialogue: Dialogue) -> None:
    """A submit's answer, octet by octet, with an announcement inside."""
    dialogue.begin(commands.submit(PDU.length))
    dialogue.receive(b"\r\n> ")
    dialogue.payload(PDU.hex)
    for octet in b'\r\n+CMTI: "ME",7\r\n\r\n+CMGS: 123\r\n\r\nOK\r\n':
        dialogue.receive(bytes((octet,)))


def spewing(dialogue: Dialogue) -> None:
    """64 KiB of what a port of another kind prints."""
    line = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
    for _ in range(16):
        dialogue.receive((line * 64)[:4096])


CASES: tuple[tuple[str, Callable[[Dialogue], None], int, int], ...] = (
    ("a submit", submit, EXCHANGES, 0),
    ("an announced text, read twice and deleted", announced, EXCHANGES, 0),
    ("a listing of 255 texts", listing, 5, len(_LISTING)),
    ("a submit whose answer is cut finely", finely, EXCHANGES, 0),
    ("64 KiB that are no AT at all", spewing, 5, 65_536),
)


def timed(run: Callable[[Dialogue], None], times: int) -> float:
    """Seconds that it takes, each time."""
    dialogue = ready()
    gc.collect()
    began = time.process_time()
    for _ in range(times):
        run(dialogue)
    return (time.process_time() - began) / times


def main() -> int:
    """Measure, print."""
    table = Table("exchange", "best, µs", "median, µs", "MB/s", title="modemgw.at")
    for name, run, times, octets in CASES:
        taken = [timed(run, times) for _ in range(ROUNDS)]
        rate = f"{octets / min(taken) / 1e6:.1f}" if octets else ""
        best, median = min(taken) * 1e6, statistics.median(taken) * 1e6
        table.add_row(name, f"{best:.1f}", f"{median:.1f}", rate)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
