"""What a scenario says: the bank, its SIMs, its network, and what happens when."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from modemgw.simulator.network import DEFAULT_SETTINGS, NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_OPERATOR: Final = "Simtel"
DEFAULT_PLMN: Final = "00101"
_REPORT_DELAYS: Final = ("delay", "delay_ms")


@dataclass(frozen=True, slots=True)
class Step:
    """A control request at a time: `at_s` seconds from the start, then `times` times in all, each
    `every_s` seconds behind the one before. `path` is where the file says so.
    """

    path: str
    request: Mapping[str, object]
    at_s: float = 0.0
    every_s: float = 0.0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Card:
    """The SIM of a modem, where it is not as the bank makes it."""

    number: str | None = None
    pin: str | None = None
    operator: str | None = None
    plmn: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """`options` are those of the bank that the file names; `setup` is done before the modems are
    plugged in, `script` runs from then on.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    network: NetworkSettings = DEFAULT_SETTINGS
    operator: str = DEFAULT_OPERATOR
    plmn: str = DEFAULT_PLMN
    cards: Mapping[int, Card] = field(default_factory=dict)
    setup: tuple[Step, ...] = ()
    script: tuple[Step, ...] = ()

    def without(self, *, latency: bool, report_delay: bool) -> Scenario:
        """It without what it says of these, where somebody has said otherwise."""
        setup = [step for step in self.setup if not (latency and step.request["cmd"] == "latency")]
        if report_delay:
            setup = [_without_delay(step) for step in setup]
        return replace(self, setup=tuple(setup))


EMPTY: Final = Scenario()


def _without_delay(step: Step) -> Step:
    if step.request["cmd"] != "report":
        return step
    kept = {name: said for name, said in step.request.items() if name not in _REPORT_DELAYS}
    return replace(step, request=kept)
