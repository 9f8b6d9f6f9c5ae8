"""A part that the network has taken: what it must remember of it until it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.simulator.tpdu import Submit


@dataclass(slots=True, eq=False)
class Part:
    """From the modem with the index `modem`, whose SIM has the number `sender`, to `recipient`.

    `serial` counts the parts of that sender, from 1. `is_over`: its last report is made.
    """

    modem: int
    sender: str
    recipient: str
    submit: Submit
    mr: int
    serial: int
    submitted: datetime
    is_over: bool = False
