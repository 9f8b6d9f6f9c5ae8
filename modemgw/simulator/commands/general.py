"""General commands (V.250 §6.1, §6.2) and those that say who answers (27.007 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator.accent import settings_of
from modemgw.simulator.charset import CHARSETS
from modemgw.simulator.command_line import Form
from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.settings import REGISTER_LIMITS, Profile

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.settings import Settings


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


def _result_codes(modem: SimulatedModem, command: Command) -> Reply:
    level = command.number(0, 0)
    if level > 4:
        raise ValueError(f"X: 0 to 4, not {level}")
    modem.settings.result_codes = level
    return []


def _reset(modem: SimulatedModem, command: Command) -> Reply:
    """Z: hang up, and be as after switching on (V.250 §6.1.1)."""
    _switch(command, default=0)
    modem.call.hang_up()
    modem.settings = modem.fresh_settings()
    return []


def _factory(modem: SimulatedModem, command: Command) -> Reply:
    if command.number(0, 0):
        raise ValueError("&F: 0 alone")
    modem.settings = settings_of(modem.personality)
    return []


def _store(modem: SimulatedModem, command: Command) -> Reply:
    _switch(command, default=0)
    modem.profile = Profile.of(modem.settings)
    return []


def _view(modem: SimulatedModem, _command: Command) -> Reply:
    """&V: what is in force and what &W has stored, in the words of the commands."""
    return [
        "ACTIVE PROFILE:",
        *_told(modem.settings),
        "",
        "STORED PROFILE 0:",
        *_told(modem.fresh_settings()),
    ]


def _told(settings: Settings) -> list[str]:
    switches = (
        f"E{int(settings.echo)} Q{int(settings.quiet)} V{int(settings.verbose)} "
        f"X{settings.result_codes}"
    )
    registers = " ".join(f"S{n:02d}:{value:03d}" for n, value in settings.registers.items())
    return [switches, registers, f"+CMEE:{settings.cmee} +CSMS:{settings.csms}"]


def _register(modem: SimulatedModem, command: Command) -> Reply:
    number = int(command.name[1:])
    if command.form is Form.READ:
        return [f"{modem.settings.registers[number]:03d}"]
    low, high = REGISTER_LIMITS[number]
    if command.form is Form.TEST:
        return [f"({low}-{high})"]
    value = command.number(0, 0)
    if not low <= value <= high:
        raise ValueError(f"{command.name}: {low} to {high}, not {value}")
    modem.settings.registers[number] = value
    return []


def _identify(modem: SimulatedModem, command: Command) -> Reply:
    """I0 says all; a higher number one thing alone, or nothing (V.250 §6.1.3)."""
    who = modem.personality
    match command.number(0, 0):
        case 0:
            return [who.maker, who.model, f"Revision: {who.revision}"]
        case 1:
            return [who.revision]
        case 2:
            return [modem.imei]
        case 3:
            return [who.model]
        case _:
            return []


def _maker(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.personality.maker]


def _model(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.personality.model]


def _revision(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.personality.revision]


def _serial(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.imei]


def _charset(modem: SimulatedModem, command: Command) -> Reply:
    charset = command.text(0).upper()
    if charset not in CHARSETS:
        raise ValueError(f"+CSCS: {charset!r} is not offered")
    modem.settings.cscs = charset
    return []


def _read_charset(modem: SimulatedModem, _command: Command) -> Reply:
    return [f'+CSCS: "{modem.settings.cscs}"']


def hush(modem: SimulatedModem, command: Command) -> Reply:
    """A maker's command that switches its own announcements: 0 is off."""
    modem.settings.chatter = command.argument.strip() != "0"
    return []


def _errors(modem: SimulatedModem, command: Command) -> Reply:
    level = command.number(0, 0)
    if level > 2:
        raise ValueError(f"+CMEE: 0 to 2, not {level}")
    modem.settings.cmee = level
    return []


def _read_errors(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CMEE: {modem.settings.cmee}"]


_ACCEPTED = Entry(action="", set="")
_REGISTER = Entry(set=_register, read=_register, test=_register)

_CHARSET_TEST = "(" + ",".join(f'"{name}"' for name in CHARSETS) + ")"

TABLE: dict[str, Entry] = {
    "E": Entry(action=_echo),
    "V": Entry(action=_verbose),
    "Q": Entry(action=_quiet),
    "X": Entry(action=_result_codes),
    "Z": Entry(action=_reset),
    "&F": Entry(action=_factory),
    "&V": Entry(action=_view),
    "&W": Entry(action=_store),
    "I": Entry(action=_identify),
    "&C": _ACCEPTED,
    "&D": _ACCEPTED,
    "&K": _ACCEPTED,
    "&S": _ACCEPTED,
    "&R": _ACCEPTED,
    "L": _ACCEPTED,
    "M": _ACCEPTED,
    "P": _ACCEPTED,
    "T": _ACCEPTED,
    **{f"S{number}": _REGISTER for number in REGISTER_LIMITS},
    "+CMEE": Entry(set=_errors, read=_read_errors, test="(0-2)"),
    "+GMI": Entry(action=_maker, test=""),
    "+GMM": Entry(action=_model, test=""),
    "+GMR": Entry(action=_revision, test=""),
    "+GSN": Entry(action=_serial, test=""),
    "+CGMI": Entry(action=_maker, test=""),
    "+CGMM": Entry(action=_model, test=""),
    "+CGMR": Entry(action=_revision, test=""),
    "+CGSN": Entry(action=_serial, test=""),
    "+GCAP": Entry(action="+CGSM", test=""),
    "+CSCS": Entry(set=_charset, read=_read_charset, test=_CHARSET_TEST),
    "+IPR": Entry(set="", read="115200", test="(),(115200)"),
    "+ICF": Entry(set="", read="3,3", test="(1-6),(0-3)"),
    "+WS46": Entry(set="", read="12", test="(12,22,25,28)"),
}
