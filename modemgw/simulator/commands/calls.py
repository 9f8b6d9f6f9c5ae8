"""Commands of voice calls (V.250 §6.3; 3GPP TS 27.007 §6, §7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.errors import AtError, Cme, cme

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_READY, _RINGING, _IN_CALL = 0, 3, 4
_DIALLED = re.compile(r"[TPtp]?\s*(\+?[0-9*#ABCDabcd,wW-]+)[IiGg]{0,2};")


def _dial(modem: SimulatedModem, command: Command) -> Reply:
    """A call with a semicolon behind its number is a voice call (27.007 §6.2); there are no others
    here."""
    dialled = _DIALLED.fullmatch(command.argument.strip())
    if dialled is None:
        raise AtError(word="NO CARRIER")
    modem.call.dial(dialled[1].replace("-", ""))
    return []


def _answer(modem: SimulatedModem, _command: Command) -> Reply:
    modem.call.answer()
    return []


def _hang_up(modem: SimulatedModem, command: Command) -> Reply:
    if command.number(0, 0):
        raise ValueError(f"{command.name}: 0 alone")
    modem.call.hang_up()
    return []


def _data(_modem: SimulatedModem, _command: Command) -> Reply:
    raise AtError(word="NO CARRIER")


def _list(modem: SimulatedModem, _command: Command) -> Reply:
    return modem.call.described()


def _activity(modem: SimulatedModem, _command: Command) -> Reply:
    call = modem.call
    status = _RINGING if call.is_ringing else _IN_CALL if call.is_there else _READY
    return [f"+CPAS: {status}"]


def _caller_shown(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.clip = _switch(command)
    return []


def _read_caller_shown(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CLIP: {int(modem.settings.clip)},1"]


def _extended_ring(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.extended_ring = _switch(command)
    return []


def _read_extended_ring(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CRC: {int(modem.settings.extended_ring)}"]


def _switch(command: Command) -> bool:
    value = command.number(0, 0)
    if value > 1:
        raise ValueError(f"{command.name}: 0 or 1, not {value}")
    return bool(value)


def _tones(modem: SimulatedModem, _command: Command) -> Reply:
    if not modem.call.is_active:
        raise cme(Cme.NOT_ALLOWED)
    return []


TABLE: dict[str, Entry] = {
    "D": Entry(action=_dial),
    "A": Entry(action=_answer),
    "H": Entry(action=_hang_up),
    "O": Entry(action=_data),
    "+CHUP": Entry(action=_hang_up, test=""),
    "+CLCC": Entry(action=_list, test=""),
    "+CPAS": Entry(action=_activity, test="(0,3,4)"),
    "+CLIP": Entry(set=_caller_shown, read=_read_caller_shown, test="(0,1)"),
    "+CRC": Entry(set=_extended_ring, read=_read_extended_ring, test="(0,1)"),
    "+VTS": Entry(set=_tones, test="(0-9,*,#,A,B,C,D)"),
}
