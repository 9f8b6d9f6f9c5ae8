"""Commands of the mobile equipment: network, signal, clock, indicators, USSD (3GPP TS 27.007)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator import charset
from modemgw.simulator.command_line import Form
from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.errors import AtError, Cme, cme
from modemgw.simulator.indicators import DESCRIPTIONS
from modemgw.simulator.modem_clock import time_of
from modemgw.simulator.text_mode import time_string

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_AUTOMATIC, _DEREGISTER, _FORMAT_ONLY = 0, 2, 3
_FULL, _OFF_FORMS, _RESTARTS = 1, (0, 4), (15, 16)


def iccid(modem: SimulatedModem, command: Command) -> Reply:
    """The SIM's number by the maker's own command."""
    if command.form is Form.TEST:
        return []
    if command.form is Form.SET:
        raise AtError
    line = modem.personality.iccid[command.name]
    return [line.replace("{iccid}", modem.present_sim().iccid)]


def _registration(modem: SimulatedModem, command: Command) -> Reply:
    level = modem.settings.registration_reports[command.name]
    return [f"{command.name}: {level},{modem.radio.told(level)}"]


def _report_registration(modem: SimulatedModem, command: Command) -> Reply:
    level = command.number(0, 0)
    if level > 2:
        raise ValueError(f"{command.name}: 0 to 2, not {level}")
    modem.settings.registration_reports[command.name] = level
    return []


def _operator(modem: SimulatedModem, _command: Command) -> Reply:
    radio = modem.radio
    if not radio.is_registered:
        return ["+COPS: 0"]
    settings = modem.settings
    numeric = settings.cops_format == 2
    name = radio.plmn if numeric else charset.written(radio.operator, settings.cscs)
    return [f'+COPS: 0,{modem.settings.cops_format},"{name}",{radio.access_technology}']


def _choose_operator(modem: SimulatedModem, command: Command) -> Reply:
    """`+COPS=mode[,format[,oper]]` (27.007 §7.3). There is one operator; another is not found."""
    mode, form = command.number(0, 0), command.number(1, 0)
    if mode > 4 or form > 2:
        raise ValueError(f"+COPS: {command.argument}")
    if mode == _DEREGISTER:
        raise cme(Cme.NOT_SUPPORTED)
    if mode == _FORMAT_ONLY:
        modem.settings.cops_format = form
    elif mode != _AUTOMATIC:
        wanted, radio = command.text(2), modem.radio
        name = wanted if form == 2 else charset.read(wanted, modem.settings.cscs)
        if not name:
            raise ValueError("+COPS: an operator has to be named")
        if name != (radio.plmn if form == 2 else radio.operator):
            raise cme(Cme.NO_NETWORK_SERVICE)
    return []


def _operators(modem: SimulatedModem, _command: Command) -> Reply:
    radio = modem.radio
    name = charset.written(radio.operator, modem.settings.cscs)
    operator = f'(2,"{name}","{name}","{radio.plmn}",{radio.access_technology})'
    return [f"+COPS: {operator},,(0,1,3,4),(0-2)"]


def _signal(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CSQ: {modem.radio.measure(modem.rng)},99"]


def _extended_signal(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CESQ: {modem.radio.measure_extended(modem.rng)}"]


def _functionality(modem: SimulatedModem, command: Command) -> Reply:
    level, restart = command.number(0, 1), command.number(1, 0)
    if restart or level in _RESTARTS:
        asyncio.get_running_loop().call_soon(modem.reboot)
    elif level == _FULL or level in _OFF_FORMS:
        before = modem.radio.registration
        modem.radio.functionality = level
        if modem.radio.registration != before:
            asyncio.get_running_loop().call_soon(modem.registration_changed)
    else:
        raise ValueError(f"+CFUN: {level} is not offered")
    return []


def _read_functionality(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CFUN: {modem.radio.functionality}"]


def _attached(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CGATT: {int(modem.radio.is_registered)}"]


def _clock(modem: SimulatedModem, _command: Command) -> Reply:
    return [f'+CCLK: "{time_string(modem.clock.now())}"']


def _set_clock(modem: SimulatedModem, command: Command) -> Reply:
    modem.clock.set(time_of(command.text(0)))
    return []


def _indicators(modem: SimulatedModem, _command: Command) -> Reply:
    return ["+CIND: " + ",".join(str(value) for value in modem.indicators.values())]


def _ussd(modem: SimulatedModem, command: Command) -> Reply:
    """0 and 1 switch the announcements, 2 ends a session; a string begins or continues one."""
    what = command.number(0, 0)
    if what > 2:
        raise ValueError(f"+CUSD: 0 to 2, not {what}")
    if what == 2:
        modem.ussd.end()
        return []
    modem.settings.ussd = what == 1
    if len(command.params) > 1:
        modem.present_sim()
        modem.ussd.say(command.text(1))
    return []


def _read_ussd(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CUSD: {int(modem.settings.ussd)}"]


def _registered(*, test: str) -> Entry:
    return Entry(set=_report_registration, read=_registration, test=test)


TABLE: dict[str, Entry] = {
    "+CREG": _registered(test="(0-2)"),
    "+CGREG": _registered(test="(0-2)"),
    "+CEREG": _registered(test="(0-2)"),
    "+COPS": Entry(set=_choose_operator, read=_operator, test=_operators),
    "+CSQ": Entry(action=_signal, test="(0-31,99),(0-7,99)"),
    "+CESQ": Entry(
        action=_extended_signal,
        test="(0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)",
    ),
    "+CBC": Entry(action="0,100", test="(0),(0-100)"),
    "+CCLK": Entry(set=_set_clock, read=_clock, test=""),
    "+CIND": Entry(read=_indicators, test=",".join(DESCRIPTIONS)),
    "+CFUN": Entry(set=_functionality, read=_read_functionality, test="(0,1,4,15,16),(0,1)"),
    "+CGATT": Entry(set="", read=_attached, test="(0,1)"),
    "+CUSD": Entry(set=_ussd, read=_read_ussd, test="(0-2)"),
}
