"""The table of commands that a simulated modem answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator import accent
from modemgw.simulator.command_line import Form
from modemgw.simulator.commands import (
    calls,
    card,
    equipment,
    general,
    kept,
    messages,
    phonebook,
    sending,
    service,
)
from modemgw.simulator.commands.entry import Ask, Entry, Reply
from modemgw.simulator.errors import AtError, Cme, Cms, cme, cms

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

__all__ = ["Ask", "Reply", "execute", "listing"]

_OF_MESSAGES: dict[str, Entry] = {**service.TABLE, **messages.TABLE, **sending.TABLE}
TABLE: dict[str, Entry] = {
    **general.TABLE,
    **kept.TABLE,
    **equipment.TABLE,
    **card.TABLE,
    **calls.TABLE,
    **phonebook.TABLE,
    **_OF_MESSAGES,
}


def execute(modem: SimulatedModem, command: Command) -> Reply:
    """Run one command: its information lines, or Ask for a text. AtError where it is refused."""
    try:
        accent.refuse(modem.personality, command)
        lines = accent.literal(modem, command)
        if lines is not None:
            return lines
        reply = _execute(modem, command)
    except ValueError:
        raise _invalid(modem, command) from None
    if reply is None or isinstance(reply, Ask):
        return reply
    return accent.spoken(modem, command, reply)


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


def _invalid(modem: SimulatedModem, command: Command) -> AtError:
    """A parameter that is none: 27.005 has codes of its own for it (§3.2.5)."""
    if command.name not in _OF_MESSAGES:
        return cme(Cme.INVALID_PARAMETER)
    text_mode = modem.settings.text_mode
    return cms(Cms.INVALID_TEXT_PARAMETER if text_mode else Cms.INVALID_PDU_PARAMETER)


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
