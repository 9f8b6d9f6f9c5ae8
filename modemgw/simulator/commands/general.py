"""General commands (V.250 §6.1, §6.2) and those that say who answers (27.007 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator.accent import settings_of
from modemgw.simulator.commands.entry import Entry, Reply

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem


def _echo(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.echo = _switch(command, default=0)
    return []


def _verbose(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.verbose = _switch(command, default=0)
    return []


def _quiet(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.quiet = _switch(command, default=0)
    return []


def _switch(command: Command, default: int) -> bool:
    value = command.number(0, default)
    if value > 1:
        raise ValueError(f"{command.name}: 0 or 1, not {value}")
    return bool(value)


def _defaults(modem: SimulatedModem, _command: Command) -> Reply:
    modem.settings = settings_of(modem.personality)
    return []


def _identify(modem: SimulatedModem, _command: Command) -> Reply:
    who = modem.personality
    return [who.maker, who.model, f"Revision: {who.revision}"]


def _maker(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.personality.maker]


def _model(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.personality.model]


def _revision(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.personality.revision]


def _serial(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.imei]


def _hang_up(modem: SimulatedModem, _command: Command) -> Reply:
    modem.call.hang_up()
    return []


def _charset(modem: SimulatedModem, command: Command) -> Reply:
    charset = command.text(0).upper()
    if charset not in ("GSM", "IRA", "UCS2", "HEX"):
        raise ValueError(f"+CSCS: {charset!r} is not offered")
    modem.settings.cscs = charset
    return []


def _read_charset(modem: SimulatedModem, _command: Command) -> Reply:
    return [f'+CSCS: "{modem.settings.cscs}"']


def hush(modem: SimulatedModem, command: Command) -> Reply:
    """A maker's command that switches its own announcements: 0 is off."""
    modem.settings.chatter = command.argument.strip() != "0"
    return []


_ACCEPTED = Entry(action="", set="")

TABLE: dict[str, Entry] = {
    "E": Entry(action=_echo),
    "V": Entry(action=_verbose),
    "Q": Entry(action=_quiet),
    "Z": Entry(action=_defaults),
    "&F": Entry(action=_defaults),
    "I": Entry(action=_identify),
    "H": Entry(action=_hang_up),
    "&C": _ACCEPTED,
    "&D": _ACCEPTED,
    "&K": _ACCEPTED,
    "&W": _ACCEPTED,
    "X": _ACCEPTED,
    "L": _ACCEPTED,
    "M": _ACCEPTED,
    "S0": Entry(set="", read="000"),
    "S3": Entry(set="", read="013"),
    "S4": Entry(set="", read="010"),
    "S7": Entry(set="", read="060"),
    "+GMI": Entry(action=_maker, test=""),
    "+GMM": Entry(action=_model, test=""),
    "+GMR": Entry(action=_revision, test=""),
    "+GSN": Entry(action=_serial, test=""),
    "+CGMI": Entry(action=_maker, test=""),
    "+CGMM": Entry(action=_model, test=""),
    "+CGMR": Entry(action=_revision, test=""),
    "+CGSN": Entry(action=_serial, test=""),
    "+GCAP": Entry(action="+CGSM", test=""),
    "+CSCS": Entry(set=_charset, read=_read_charset, test='("GSM","IRA","UCS2","HEX")'),
    "+IPR": Entry(set="", read="115200", test="(),(115200)"),
    "+IFC": Entry(set="", read="0,0", test="(0-2),(0-2)"),
}
