"""Runs a scenario: what is so from the start, and what happens at its times."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from modemgw.simulator.requests import carry_out, rehearse

if TYPE_CHECKING:
    from modemgw.simulator.bank import Bank
    from modemgw.simulator.scenario import Scenario, Step
    from modemgw.simulator.timers import Timers


class Script:
    """The scenario of one bank."""

    def __init__(self, bank: Bank, scenario: Scenario, timers: Timers) -> None:
        """Checks every step. ControlError naming the first that cannot be."""
        self._bank = bank
        self._scenario = scenario
        self._timers = timers
        for step in (*scenario.setup, *scenario.script):
            rehearse(bank, step.request, step.path)

    def set_up(self) -> None:
        """Do what is so from the start."""
        for step in self._scenario.setup:
            self._do(step, "scenario")

    def start(self) -> None:
        """From now on the clock of the script runs."""
        for step in self._scenario.script:
            self._later(step, step.at_s, step.times)

    def _later(self, step: Step, seconds: float, times: int) -> None:
        def act() -> None:
            if times > 1:
                self._later(step, step.every_s, times - 1)
            self._do(step, "script")

        self._timers.after(seconds, act)

    def _do(self, step: Step, by: str) -> None:
        answer = carry_out(self._bank, step.request, by)
        if not answer["ok"]:
            sys.stderr.write(f"modemgw simulate: {step.path.rstrip('.')}: {answer['error']}\n")
