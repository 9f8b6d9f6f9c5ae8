"""The table of commands that a simulated modem answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator import accent
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
    try:
        accent.refuse(modem.personality, command)
        lines = accent.literal(modem, command)
        if lines is not None:
            return lines
        reply = _execute(modem, command)
    except ValueError:
        raise cme(Cme.INVALID_PARAMETER) from None
    return reply if isinstance(reply, Ask) else accent.spoken(modem, command, reply)


def _execute(modem: SimulatedModem, command: Command) -> Reply:
    personality = modem.personality
    if command.name in personality.iccid:
        return equipment.iccid(modem, command)
    if personality.hush and command.name == personality.hush:
        return general.hush(modem, command)
    if command.name == "+CLAC" and command.form is Form.ACTION:
        return _list(modem)
    entry = TABLE.get(command.name)
    answer = entry.answer(command.form) if entry else None
    if answer is None:
        raise AtError(word=personality.unknown)
    if isinstance(answer, str):
        return [f"{command.name}: {answer}"] if answer else []
    return answer(modem, command)


def _list(modem: SimulatedModem) -> Reply:
    match modem.personality.command_list:
        case "lines":
            return listing(modem)
        case "line":
            return ["+CLAC:" + ",".join(listing(modem))]
        case _:
            raise AtError(word=modem.personality.unknown)


def listing(modem: SimulatedModem) -> list[str]:
    """`+CLAC`: what there is, one a line (27.007 §8.37)."""
    extended = [name for name in TABLE if not name[0].isalpha() and name[0] != "&"]
    return sorted({*extended, *modem.personality.iccid} - {*modem.personality.refuses})
