"""What a bank can be started with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modemgw.simulator.personality import DEFAULT_PROFILES, PERSONALITIES
from modemgw.simulator.scenario import EMPTY, Scenario

if TYPE_CHECKING:
    from pathlib import Path

MODEMS_LIMIT = 1000
DEFAULT_MODEMS = 4
_LONGEST_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `modemgw simulate`.

    `profiles` are handed round the modems in turn. Times are milliseconds: `submit_ms` from Ctrl-Z
    to the network's answer, `report_ms` from there to the status report, `boot_ms` the silence
    after power-up. `seed` makes faults, signals and latencies come again. ValueError where a value
    makes no sense. `scenario` has been laid over the others already, where `chosen` made them.
    """

    modems: int
    dir: Path
    profiles: tuple[str, ...] = DEFAULT_PROFILES
    submit_ms: float = 50.0
    report_ms: float = 50.0
    boot_ms: float = 300.0
    seed: int = 1
    scenario: Scenario = EMPTY

    def __post_init__(self) -> None:
        if not 1 <= self.modems <= MODEMS_LIMIT:
            raise ValueError(f"modems: 1 to {MODEMS_LIMIT}, not {self.modems}")
        for name in ("submit_ms", "report_ms", "boot_ms"):
            if not 0 <= (value := getattr(self, name)) <= _LONGEST_MS:
                raise ValueError(f"{name}: 0 to {_LONGEST_MS}, not {value:g}")
        unknown = sorted(set(self.profiles) - set(PERSONALITIES))
        if unknown or not self.profiles:
            known = ", ".join(sorted(PERSONALITIES))
            raise ValueError(f"unknown profiles {', '.join(unknown)!r}; there are {known}")
        beyond = [modem for modem in self.scenario.cards if modem >= self.modems]
        if beyond:
            raise ValueError(f"sims: there is no modem {beyond[0]} in a bank of {self.modems}")


def chosen(directory: Path, scenario: Scenario | None = None, **given: Any) -> Options:
    """The options of a command line, None where nothing was said, laid over a scenario's.

    ValueError as for Options.
    """
    said = {name: value for name, value in given.items() if value is not None}
    if scenario is None:
        return Options(**{"modems": DEFAULT_MODEMS, **said}, dir=directory)
    scenario = scenario.without(latency="submit_ms" in said, report_delay="report_ms" in said)
    options = {"modems": DEFAULT_MODEMS, **scenario.options, **said}
    return Options(**options, dir=directory, scenario=scenario)
