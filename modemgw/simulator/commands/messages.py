"""Message commands in PDU mode (3GPP TS 27.005 §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator.commands.entry import Ask, Entry, Reply
from modemgw.simulator.errors import Cms, cms
from modemgw.simulator.journal import Event
from modemgw.simulator.settings import Cnmi
from modemgw.simulator.storage import Stat

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.storage import Storage

_MEMORIES = ("ME", "SM")
_ALL = 4
_TPDU_LIMIT = 232  # octets that a TPDU of a submit can have, with room for all its fields
_CNMI_LIMITS = (2, 3, 0, 2, 1)
_DELETED_BY_FLAG = {
    1: (Stat.RECEIVED_READ,),
    2: (Stat.RECEIVED_READ, Stat.STORED_SENT),
    3: (Stat.RECEIVED_READ, Stat.STORED_SENT, Stat.STORED_UNSENT),
    4: tuple(Stat),
}


def _format(_modem: SimulatedModem, command: Command) -> Reply:
    if command.number(0, 0):
        raise cms(Cms.NOT_SUPPORTED)
    return []


def _service(modem: SimulatedModem, command: Command) -> Reply:
    service = command.number(0, 0)
    if service > 1:
        raise cms(Cms.NOT_SUPPORTED)
    modem.settings.csms = service
    return ["+CSMS: 1,1,1"]


def _read_service(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CSMS: {modem.settings.csms},1,1,1"]


def _usage(modem: SimulatedModem) -> list[str]:
    storages = (modem.storage(name) for name in modem.settings.memories)
    return [f"{len(storage)},{storage.capacity}" for storage in storages]


def _memories(modem: SimulatedModem, command: Command) -> Reply:
    """`+CPMS=mem1[,mem2[,mem3]]`: what is left out stays."""
    modem.usable_sim()
    if not command.params or any(name and name not in _MEMORIES for name in command.params[:3]):
        raise cms(Cms.NOT_ALLOWED)
    for position, name in enumerate(command.params[:3]):
        if name:
            modem.settings.memories[position] = name
    modem.flush()
    return [f"+CPMS: {','.join(_usage(modem))}"]


def _read_memories(modem: SimulatedModem, _command: Command) -> Reply:
    modem.usable_sim()
    named = zip(modem.settings.memories, _usage(modem), strict=True)
    return ["+CPMS: " + ",".join(f'"{name}",{usage}' for name, usage in named)]


def _service_centre(modem: SimulatedModem, _command: Command) -> Reply:
    modem.usable_sim()
    return [f'+CSCA: "{modem.network.smsc}",145']


def _indications(modem: SimulatedModem, command: Command) -> Reply:
    """`+CNMI`: values that are left out become 0 (27.005 §3.4.1)."""
    values = [command.number(position, 0) for position in range(5)]
    if any(value > limit for value, limit in zip(values, _CNMI_LIMITS, strict=True)):
        raise cms(Cms.NOT_ALLOWED)
    modem.settings.cnmi = Cnmi(*values)
    modem.receiver.cnmi_set()
    return []


def _read_indications(modem: SimulatedModem, _command: Command) -> Reply:
    cnmi = modem.settings.cnmi
    return [f"+CNMI: {cnmi.mode},{cnmi.mt},{cnmi.bm},{cnmi.ds},{cnmi.bfr}"]


def _readable(modem: SimulatedModem) -> Storage:
    modem.usable_sim()
    return modem.storage(modem.settings.memories[0])


def _list(modem: SimulatedModem, command: Command) -> Reply:
    wanted = command.number(0, Stat.RECEIVED_UNREAD)
    if wanted > _ALL:
        raise cms(Cms.NOT_ALLOWED)
    storage = _readable(modem)
    lines: list[str] = []
    for index, stored in storage:
        if wanted in (_ALL, stored.stat):
            storage.read(index)
            lines += [f"+CMGL: {index},{int(stored.stat)},,{stored.length}", stored.pdu]
    return lines


def _read(modem: SimulatedModem, command: Command) -> Reply:
    stored = _readable(modem).read(command.number(0, -1))
    if stored is None:
        raise cms(Cms.INVALID_INDEX)
    return [f"+CMGR: {int(stored.stat)},,{stored.length}", stored.pdu]


def _delete(modem: SimulatedModem, command: Command) -> Reply:
    storage = _readable(modem)
    index, flag = command.number(0, -1), command.number(1, 0)
    if flag == 0:
        doomed = [index]
        if storage.get(index) is None:
            raise cms(Cms.INVALID_INDEX)
    elif flag in _DELETED_BY_FLAG:
        doomed = [at for at, stored in storage if stored.stat in _DELETED_BY_FLAG[flag]]
    else:
        raise cms(Cms.NOT_ALLOWED)
    for at in doomed:
        stored = storage.remove(at)
        if stored is not None:
            modem.journal.write(
                Event.DELETE, modem.index, pdu=stored.pdu, storage=storage.name, index=at
            )
    modem.flush()
    return []


def _deletable(modem: SimulatedModem, _command: Command) -> Reply:
    places = ",".join(str(index) for index, _stored in _readable(modem))
    return [f"+CMGD: ({places}),(0-4)"]


def _send(modem: SimulatedModem, command: Command) -> Reply:
    modem.usable_sim()
    length = command.number(0, 0)
    if not 0 < length <= _TPDU_LIMIT:
        raise cms(Cms.INVALID_PDU_PARAMETER)
    return Ask(length)


def _acknowledge(modem: SimulatedModem, _command: Command) -> Reply:
    modem.receiver.acknowledge()
    return []


_MEMORY_TEST = '("ME","SM"),("ME","SM"),("ME","SM")'

TABLE: dict[str, Entry] = {
    "+CMGF": Entry(action="", set=_format, read="0", test="(0)"),
    "+CSMS": Entry(set=_service, read=_read_service, test="(0,1)"),
    "+CPMS": Entry(set=_memories, read=_read_memories, test=_MEMORY_TEST),
    "+CSCA": Entry(set="", read=_service_centre, test=""),
    "+CNMI": Entry(set=_indications, read=_read_indications, test="(0-2),(0-3),(0),(0-2),(0,1)"),
    "+CMGL": Entry(action=_list, set=_list, test="(0-4)"),
    "+CMGR": Entry(set=_read, test=""),
    "+CMGD": Entry(set=_delete, test=_deletable),
    "+CMGS": Entry(set=_send, test=""),
    "+CMMS": Entry(set="", read="0", test="(0-2)"),
    "+CNMA": Entry(action=_acknowledge, set=_acknowledge, test="(0-2)"),
    "+CGSMS": Entry(set="", read="1", test="(0-3)"),
}
