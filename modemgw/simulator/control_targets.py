"""Whom a control command means: `modem` is an index, `modems` a list of them, neither all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from modemgw.simulator.control_fields import ControlError

if TYPE_CHECKING:
    from modemgw.simulator.bank import Bank
    from modemgw.simulator.control_fields import Fields
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.sim import Sim

Answer: TypeAlias = dict[str, object]


def one_modem(bank: Bank, fields: Fields) -> SimulatedModem:
    """The one that `modem` names."""
    return bank.modems[fields.integer("modem", 0, len(bank.modems) - 1)]


def some_modems(bank: Bank, fields: Fields) -> tuple[SimulatedModem, ...]:
    """Those that are named, or all."""
    if fields.has("modems"):
        return tuple(bank.modems[at] for at in fields.integers("modems", 0, len(bank.modems) - 1))
    return (one_modem(bank, fields),) if fields.has("modem") else bank.modems


def names_modems(fields: Fields) -> bool:
    """Whether a command is for some modems only."""
    return fields.has("modem") or fields.has("modems")


def card_in(modem: SimulatedModem) -> Sim:
    """The SIM in it. ControlError without one."""
    if modem.sim is None:
        raise ControlError(f"there is no SIM in modem {modem.index}")
    return modem.sim
