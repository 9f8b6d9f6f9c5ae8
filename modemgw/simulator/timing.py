"""How long simulated things take."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.simulator.delay import USUAL, Delay


@dataclass(slots=True)
class Timing:
    """Times of one modem, in seconds; the control socket changes them while it runs.

    `submit` is from Ctrl-Z to the network's decision.
    `boot_s` is the silence after power-up. `acknowledge_s` is how long a direct delivery waits for
    `+CNMA` (24.011 §10.1 allows 12 to 20). `chatter_s` parts the announcements that a talkative
    maker prints by itself, `garbage_s` the occasions of that fault. `ussd_s` is how long the
    network takes to answer a USSD string.
    """

    submit: Delay = USUAL
    boot_s: float = 0.3
    acknowledge_s: float = 15.0
    chatter_s: float = 5.0
    garbage_s: float = 0.1
    ussd_s: float = 0.1
