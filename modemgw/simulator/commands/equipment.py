"""Commands of the mobile equipment: SIM, network, signal, calls (3GPP TS 27.007)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator.command_line import Form
from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.errors import AtError, Cme, cme
from modemgw.simulator.sim import PIN_TRIES, Lock

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_EF_ICCID = 0x2FE2  # 102 221 §13.2
_EF_SMSS = 0x6F43  # 31.102 §4.2.9
_READ_BINARY = 176
_FULL, _OFF_FORMS, _RESTARTS = 1, (0, 4), (15, 16)


def iccid(modem: SimulatedModem, command: Command) -> Reply:
    """The SIM's number by the maker's own command."""
    if command.form is Form.TEST:
        return []
    if command.form is Form.SET:
        raise AtError
    line = modem.personality.iccid[command.name]
    return [line.replace("{iccid}", modem.present_sim().iccid)]


def _errors(modem: SimulatedModem, command: Command) -> Reply:
    level = command.number(0, 0)
    if level > 2:
        raise ValueError(f"+CMEE: 0 to 2, not {level}")
    modem.settings.cmee = level
    return []


def _read_errors(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CMEE: {modem.settings.cmee}"]


def _pin_state(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CPIN: {modem.present_sim().lock}"]


def _enter_pin(modem: SimulatedModem, command: Command) -> Reply:
    sim = modem.present_sim()
    if sim.lock is Lock.READY:
        raise cme(Cme.NOT_ALLOWED)
    if sim.lock is Lock.PUK:
        entered = sim.enter_puk(command.text(0), command.text(1))
    else:
        entered = sim.enter_pin(command.text(0))
    if not entered:
        raise cme(Cme.SIM_PUK_REQUIRED if sim.lock is Lock.PUK else Cme.WRONG_PASSWORD)
    asyncio.get_running_loop().call_soon(modem.flush)
    return []


def _pin_tries(modem: SimulatedModem, _command: Command) -> Reply:
    """27.007 §8.65, of the PIN alone."""
    return [f"+CPINR: SIM PIN,{modem.present_sim().tries},{PIN_TRIES}"]


def _imsi(modem: SimulatedModem, _command: Command) -> Reply:
    sim = modem.present_sim()
    if sim.lock is not Lock.READY:
        raise cme(Cme.SIM_PIN_REQUIRED if sim.lock is Lock.PIN else Cme.SIM_PUK_REQUIRED)
    return [sim.imsi]


def _own_number(modem: SimulatedModem, _command: Command) -> Reply:
    return [f'+CNUM: "","{modem.present_sim().number}",145']


def _sim_file(modem: SimulatedModem, command: Command) -> Reply:
    """`+CRSM` (27.007 §8.18), READ BINARY of the two files that a gateway may want."""
    sim = modem.present_sim()
    if command.number(0, 0) != _READ_BINARY:
        raise cme(Cme.NOT_SUPPORTED)
    match command.number(1, 0):
        case fileid if fileid == _EF_SMSS:
            content = f"{sim.last_mr:02X}FF"
        case fileid if fileid == _EF_ICCID:
            digits = sim.iccid + "F" * (len(sim.iccid) % 2)
            content = "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))
        case _:
            return ['+CRSM: 106,130,""']
    return [f'+CRSM: 144,0,"{content}"']


def _registration(modem: SimulatedModem, command: Command) -> Reply:
    level = modem.settings.registration_reports[command.name]
    answer = f"{command.name}: {level},{modem.radio.registration}"
    if level > 1 and modem.radio.is_registered:
        radio = modem.radio
        answer += f',"{radio.area}","{radio.cell}",{radio.access_technology}'
    return [answer]


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
    numeric = modem.settings.cops_format == 2
    name = radio.plmn if numeric else radio.operator
    return [f'+COPS: 0,{modem.settings.cops_format},"{name}",{radio.access_technology}']


def _choose_operator(modem: SimulatedModem, command: Command) -> Reply:
    mode = command.number(0, 0)
    if mode not in (0, 3):
        raise cme(Cme.NOT_SUPPORTED)
    if mode == 3:
        modem.settings.cops_format = min(2, command.number(1, 0))
    return []


def _operators(modem: SimulatedModem, _command: Command) -> Reply:
    radio = modem.radio
    operator = f'(2,"{radio.operator}","{radio.operator}","{radio.plmn}",7)'
    return [f"+COPS: {operator},,(0,1,3),(0-2)"]


def _signal(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CSQ: {modem.radio.measure(modem.rng)},99"]


def _functionality(modem: SimulatedModem, command: Command) -> Reply:
    level, restart = command.number(0, 1), command.number(1, 0)
    if restart or level in _RESTARTS:
        asyncio.get_running_loop().call_soon(modem.reboot)
    elif level == _FULL or level in _OFF_FORMS:
        modem.radio.functionality = level
        asyncio.get_running_loop().call_soon(modem.flush)
    else:
        raise ValueError(f"+CFUN: {level} is not offered")
    return []


def _read_functionality(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CFUN: {modem.radio.functionality}"]


def _attached(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CGATT: {int(modem.radio.is_registered)}"]


def _caller_shown(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.clip = bool(command.number(0, 0))
    return []


def _read_caller_shown(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CLIP: {int(modem.settings.clip)},1"]


def _extended_ring(modem: SimulatedModem, command: Command) -> Reply:
    modem.settings.extended_ring = bool(command.number(0, 0))
    return []


def _read_extended_ring(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CRC: {int(modem.settings.extended_ring)}"]


def _hang_up(modem: SimulatedModem, _command: Command) -> Reply:
    modem.call.hang_up()
    return []


def _activity(modem: SimulatedModem, _command: Command) -> Reply:
    ringing = 3
    return [f"+CPAS: {ringing if modem.call.is_ringing else 0}"]


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
    "+CMEE": Entry(set=_errors, read=_read_errors, test="(0-2)"),
    "+CPIN": Entry(set=_enter_pin, read=_pin_state, test=""),
    "+CPINR": Entry(action=_pin_tries, set=_pin_tries, test=""),
    "+CIMI": Entry(action=_imsi, test=""),
    "+CNUM": Entry(action=_own_number, test=""),
    "+CRSM": Entry(set=_sim_file, test=""),
    "+CREG": _registered(test="(0-2)"),
    "+CGREG": _registered(test="(0-2)"),
    "+CEREG": _registered(test="(0-2)"),
    "+COPS": Entry(set=_choose_operator, read=_operator, test=_operators),
    "+CSQ": Entry(action=_signal, test="(0-31,99),(0-7,99)"),
    "+CFUN": Entry(set=_functionality, read=_read_functionality, test="(0,1,4,15,16),(0,1)"),
    "+CGATT": Entry(set="", read=_attached, test="(0,1)"),
    "+CLIP": Entry(set=_caller_shown, read=_read_caller_shown, test="(0,1)"),
    "+CRC": Entry(set=_extended_ring, read=_read_extended_ring, test="(0,1)"),
    "+CHUP": Entry(action=_hang_up, test=""),
    "+CUSD": Entry(set=_ussd, read=_read_ussd, test="(0-2)"),
    "+CPAS": Entry(action=_activity, test="(0,3,4)"),
}
