"""How messages are handled: format, service, parameters, routing, acknowledgement (27.005 §3.2 to
§3.4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator import charset, compose, tpdu
from modemgw.simulator.command_line import Form
from modemgw.simulator.commands.entry import Ask, Entry, Reply
from modemgw.simulator.errors import Cms, cms
from modemgw.simulator.settings import Cnmi, Cscb, Csmp, SavedService, ranges

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_CNMI_LIMITS = (2, 3, 3, 2, 1)
_PROFILES = 4
_NEGATIVE = 2
_ACKNOWLEDGEMENT_LIMIT = 164  # octets of an SMS-DELIVER-REPORT (23.040 §9.2.2.1a)


def _format(modem: SimulatedModem, command: Command) -> Reply:
    mode = command.number(0, 0)
    if mode > 1:
        raise cms(Cms.NOT_SUPPORTED)
    modem.settings.text_mode = mode == 1
    return []


def _read_format(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CMGF: {int(modem.settings.text_mode)}"]


def _service(modem: SimulatedModem, command: Command) -> Reply:
    service = command.number(0, 0)
    if service > 1:
        raise cms(Cms.NOT_SUPPORTED)
    modem.settings.csms = service
    return ["+CSMS: 1,1,1"]


def _read_service(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CSMS: {modem.settings.csms},1,1,1"]


def _service_centre(modem: SimulatedModem, _command: Command) -> Reply:
    modem.usable_sim()
    number = modem.service_centre
    written = charset.written(number, modem.settings.cscs)
    return [f'+CSCA: "{written}",{tpdu.type_of(number)}']


def _set_service_centre(modem: SimulatedModem, command: Command) -> Reply:
    """`+CSCA=sca[,tosca]`: kept on the card (EF-SMSP, 31.102 §4.2.27)."""
    sim = modem.usable_sim()
    number = charset.read(command.text(0), modem.settings.cscs)
    kind = command.number(1, tpdu.type_of(number))
    if kind == tpdu.type_of("+") and not number.startswith("+"):
        number = f"+{number}"
    tpdu.encode_address(number)
    sim.service_centre = number
    return []


def _parameters(modem: SimulatedModem, command: Command) -> Reply:
    """`+CSMP=[fo[,vp[,pid[,dcs]]]]`: what is left out stays."""
    before = modem.settings.csmp
    given = Csmp(
        fo=command.number(0, before.fo),
        vp=command.text(1) or before.vp,
        pid=command.number(2, before.pid),
        dcs=command.number(3, before.dcs),
    )
    compose.check(given)
    modem.settings.csmp = given
    return []


def _read_parameters(modem: SimulatedModem, _command: Command) -> Reply:
    csmp = modem.settings.csmp
    vp = csmp.vp if csmp.vp.isdecimal() else f'"{csmp.vp}"'
    return [f"+CSMP: {csmp.fo},{vp},{csmp.pid},{csmp.dcs}"]


def _details(modem: SimulatedModem, command: Command) -> Reply:
    show = command.number(0, 0)
    if show > 1:
        raise ValueError(f"+CSDH: 0 or 1, not {show}")
    modem.settings.csdh = show == 1
    return []


def _read_details(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CSDH: {int(modem.settings.csdh)}"]


def _broadcasts(modem: SimulatedModem, command: Command) -> Reply:
    given = Cscb(command.number(0, 0), command.text(1), command.text(2))
    if given.mode > 1:
        raise ValueError(f"+CSCB: 0 or 1, not {given.mode}")
    for text in (given.mids, given.dcss):
        ranges(text)
    modem.settings.cscb = given
    return []


def _read_broadcasts(modem: SimulatedModem, _command: Command) -> Reply:
    cscb = modem.settings.cscb
    return [f'+CSCB: {cscb.mode},"{cscb.mids}","{cscb.dcss}"']


def _save(modem: SimulatedModem, command: Command) -> Reply:
    """`+CSAS`: service centre, parameters and broadcasts, to outlive a restart (27.005 §3.3.5)."""
    sim = modem.usable_sim()
    settings = modem.settings
    modem.saved_services[_profile(command)] = SavedService(
        sim.service_centre, settings.csmp, settings.cscb
    )
    return []


def _restore(modem: SimulatedModem, command: Command) -> Reply:
    sim = modem.usable_sim()
    saved = modem.saved_services.get(_profile(command), SavedService())
    sim.service_centre = saved.service_centre
    modem.settings.csmp, modem.settings.cscb = saved.csmp, saved.cscb
    return []


def _profile(command: Command) -> int:
    number = command.number(0, 0)
    if number >= _PROFILES:
        raise ValueError(f"{command.name}: 0 to {_PROFILES - 1}, not {number}")
    return number


def _indications(modem: SimulatedModem, command: Command) -> Reply:
    """`+CNMI`: values that are left out become 0 (27.005 §3.4.1)."""
    values = [command.number(position, 0) for position in range(5)]
    if any(value > limit for value, limit in zip(values, _CNMI_LIMITS, strict=True)):
        raise cms(Cms.NOT_ALLOWED)
    modem.settings.cnmi = Cnmi(*values)
    asyncio.get_running_loop().call_soon(modem.receiver.cnmi_set)
    return []


def _read_indications(modem: SimulatedModem, _command: Command) -> Reply:
    cnmi = modem.settings.cnmi
    return [f"+CNMI: {cnmi.mode},{cnmi.mt},{cnmi.bm},{cnmi.ds},{cnmi.bfr}"]


def _acknowledge(modem: SimulatedModem, command: Command) -> Reply:
    """`+CNMA[=n[,length]]` (27.005 §3.4.4, §4.6): 0 and 1 say yes, 2 says no; with a length a
    report follows. Who does not wait for the answer to a submit has it refused: the message
    service is taken.
    """
    if modem.terminal.came_early:
        raise cms(Cms.RESERVED)
    modem.receiver.expect_acknowledgement()
    if command.form is Form.ACTION:
        modem.receiver.acknowledge()
        return []
    if modem.settings.text_mode:
        raise ValueError("+CNMA: numbers are for PDU mode")
    n, length = command.number(0, 0), command.number(1, 0)
    if n > _NEGATIVE or length > _ACKNOWLEDGEMENT_LIMIT or (length and not n):
        raise ValueError(f"+CNMA: {command.argument}")
    if not length:
        modem.receiver.acknowledge(refused=n == _NEGATIVE)
        return []
    return Ask(lambda text: _report(modem, text, length, refused=n == _NEGATIVE))


def _report(modem: SimulatedModem, text: str, length: int, *, refused: bool) -> Reply:
    """An SMS-DELIVER-REPORT for the network: `text` in hex, without a service centre's address."""
    try:
        octets = bytes.fromhex(text.strip())
    except ValueError:
        octets = b""
    if len(octets) != length:
        raise cms(Cms.INVALID_PDU_PARAMETER)
    modem.receiver.acknowledge(refused=refused)
    return []


def _acknowledgements(modem: SimulatedModem, _command: Command) -> Reply:
    return [] if modem.settings.text_mode else ["+CNMA: (0-2)"]


TABLE: dict[str, Entry] = {
    "+CMGF": Entry(action="", set=_format, read=_read_format, test="(0,1)"),
    "+CSMS": Entry(set=_service, read=_read_service, test="(0,1)"),
    "+CSCA": Entry(set=_set_service_centre, read=_service_centre, test=""),
    "+CSMP": Entry(set=_parameters, read=_read_parameters, test=""),
    "+CSDH": Entry(set=_details, read=_read_details, test="(0,1)"),
    "+CSCB": Entry(set=_broadcasts, read=_read_broadcasts, test="(0,1)"),
    "+CSAS": Entry(action=_save, set=_save, test=f"(0-{_PROFILES - 1})"),
    "+CRES": Entry(action=_restore, set=_restore, test=f"(0-{_PROFILES - 1})"),
    "+CNMI": Entry(set=_indications, read=_read_indications, test="(0-2),(0-3),(0-3),(0-2),(0,1)"),
    "+CNMA": Entry(action=_acknowledge, set=_acknowledge, test=_acknowledgements),
}
