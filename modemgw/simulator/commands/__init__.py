"""The table of commands that a simulated modem answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator.command_line import Form
from modemgw.simulator.commands import equipment, general, messages
from modemgw.simulator.commands.entry import Ask, Entry, Reply
from modemgw.simulator.errors import AtError, Cme, cme

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

__all__ = ["Ask", "Reply", "execute", "listing"]

TABLE: dict[str, Entry] = {**general.TABLE, **equipment.TABLE, **messages.TABLE}


def execute(modem: SimulatedModem, command: Command) -> Reply:
    """Run one command: its information lines, or Ask for a text. AtError where it is refused."""
    personality = modem.personality
    if command.name in personality.iccid_commands:
        return equipment.iccid(modem, command)
    if personality.hush and command.name == personality.hush:
        return general.hush(modem, command)
    if command.name == "+CLAC" and command.form is Form.ACTION and personality.lists_commands:
        return listing(modem)
    entry = TABLE.get(command.name)
    answer = entry.answer(command.form) if entry else None
    if answer is None:
        raise AtError(word=personality.unknown)
    if isinstance(answer, str):
        return [f"{command.name}: {answer}"] if answer else []
    try:
        return answer(modem, command)
    except ValueError:
        raise cme(Cme.INVALID_PARAMETER) from None


def listing(modem: SimulatedModem) -> Reply:
    """`+CLAC`: what there is, one a line (27.007 §8.37)."""
    extended = [name for name in TABLE if not name[0].isalpha() and name[0] != "&"]
    return sorted({*extended, *modem.personality.iccid_commands})
