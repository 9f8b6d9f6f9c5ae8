"""Commands of the SIM card: its locks, its identity, its files (3GPP TS 27.007 §7, §8)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator import charset, tpdu
from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.errors import Cme, cme
from modemgw.simulator.sim import PIN_TRIES, Lock

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.sim import Sim

_EF_ICCID = 0x2FE2  # 102 221 §13.2
_EF_IMSI = 0x6F07  # 31.102 §4.2.2
_EF_SMSS = 0x6F43  # 31.102 §4.2.9
_READ_BINARY = 176
_UPDATE_BINARY = 214
_NO_SUCH_FILE = '106,130,""'
_WRONG_LENGTH = '103,0,""'
_CARD_LOCK = "SC"
_BARRINGS = ("AO", "OI", "OX", "AI", "IR", "AB", "AG", "AC")
_ALL_CLASSES = 7
_PIN_LENGTHS = range(4, 9)


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
        raise _wrong_password(sim)
    asyncio.get_running_loop().call_soon(modem.flush)
    return []


def _wrong_password(sim: Sim) -> Exception:
    return cme(Cme.SIM_PUK_REQUIRED if sim.lock is Lock.PUK else Cme.WRONG_PASSWORD)


def _pin_tries(modem: SimulatedModem, _command: Command) -> Reply:
    """27.007 §8.65, of the PIN alone."""
    return [f"+CPINR: SIM PIN,{modem.present_sim().tries},{PIN_TRIES}"]


def _lock(modem: SimulatedModem, command: Command) -> Reply:
    """`+CLCK=fac,mode[,password[,class]]` (27.007 §7.4): the card's PIN; barrings are all off."""
    facility, mode = command.text(0).upper(), command.number(1, 2)
    sim = modem.unlocked_sim()
    if facility in _BARRINGS and mode == 2:
        return [f"+CLCK: 0,{_ALL_CLASSES}"]
    if facility != _CARD_LOCK or mode > 2:
        raise cme(Cme.NOT_SUPPORTED)
    if mode == 2:
        return [f"+CLCK: {int(sim.pin is not None)}"]
    if not sim.ask_for_pin(command.text(2), enabled=mode == 1):
        raise _wrong_password(sim)
    return []


def _password(modem: SimulatedModem, command: Command) -> Reply:
    """`+CPWD="SC",old,new` (27.007 §7.5); the card lets it be changed while it asks for it."""
    sim = modem.unlocked_sim()
    new = command.text(2)
    if command.text(0).upper() != _CARD_LOCK or sim.pin is None:
        raise cme(Cme.NOT_ALLOWED)
    if not new.isdecimal() or len(new) not in _PIN_LENGTHS:
        raise ValueError("+CPWD: four to eight digits")
    if not sim.change_pin(command.text(1), new):
        raise _wrong_password(sim)
    return []


def _imsi(modem: SimulatedModem, _command: Command) -> Reply:
    return [modem.unlocked_sim().imsi]


def _own_number(modem: SimulatedModem, _command: Command) -> Reply:
    number = modem.present_sim().number
    name = charset.written("", modem.settings.cscs)
    return [f'+CNUM: "{name}","{number}",{tpdu.type_of(number)}']


def _sim_file(modem: SimulatedModem, command: Command) -> Reply:
    """`+CRSM=command,fileid,P1,P2,P3[,data]` (27.007 §8.18) on the files that a gateway may
    want."""
    sim = modem.present_sim()
    what, file = command.number(0, 0), command.number(1, 0)
    offset = command.number(2, 0) << 8 | command.number(3, 0)
    length = command.number(4, 0)
    if what == _UPDATE_BINARY and file == _EF_SMSS:
        return [f"+CRSM: {_update_smss(sim, offset, length, command.text(5))}"]
    if what != _READ_BINARY:
        raise cme(Cme.NOT_SUPPORTED)
    content = _content(sim, file)
    if content is None:
        return [f"+CRSM: {_NO_SUCH_FILE}"]
    end = offset + (length or len(content))
    if end > len(content):
        return [f"+CRSM: {_WRONG_LENGTH}"]
    return [f'+CRSM: 144,0,"{content[offset:end].hex().upper()}"']


def _content(sim: Sim, file: int) -> bytes | None:
    match file:
        case fileid if fileid == _EF_SMSS:
            return bytes((sim.last_mr, 0xFF))
        case fileid if fileid == _EF_ICCID:
            return _swapped(sim.iccid)
        case fileid if fileid == _EF_IMSI:
            octets = _swapped("9" + sim.imsi)  # odd number of digits: 24.008 §10.5.1.4
            return bytes((len(octets),)) + octets
        case _:
            return None


def _swapped(digits: str) -> bytes:
    digits += "F" * (len(digits) % 2)
    return bytes.fromhex("".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2)))


def _update_smss(sim: Sim, offset: int, length: int, data: str) -> str:
    """The last used TP-MR can be written; the flag behind it is not kept."""
    octets = bytes.fromhex(data)
    if len(octets) != length or not length or offset + length > 2:
        return _WRONG_LENGTH
    if offset == 0:
        sim.last_mr = octets[0]
    return '144,0,""'


TABLE: dict[str, Entry] = {
    "+CPIN": Entry(set=_enter_pin, read=_pin_state, test=""),
    "+CPINR": Entry(action=_pin_tries, set=_pin_tries, test=""),
    "+CLCK": Entry(
        set=_lock, test="(" + ",".join(f'"{name}"' for name in (_CARD_LOCK, *_BARRINGS)) + ")"
    ),
    "+CPWD": Entry(set=_password, test='("SC",8)'),
    "+CIMI": Entry(action=_imsi, test=""),
    "+CNUM": Entry(action=_own_number, test=""),
    "+CRSM": Entry(set=_sim_file, test=""),
}
