"""Stored messages: `+CPMS`, `+CMGL`, `+CMGR`, `+CMGD` (3GPP TS 27.005 §3.2, §3.4, §3.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator import text_mode
from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.errors import Cms, cms
from modemgw.simulator.journal import Event
from modemgw.simulator.storage import Stat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.storage import Places

_MEMORIES = ("ME", "SM", "MT")
_READABLE = (*_MEMORIES, "BM")
_ALL = 4
_DELETED_BY_FLAG = {
    1: (Stat.RECEIVED_READ,),
    2: (Stat.RECEIVED_READ, Stat.STORED_SENT),
    3: (Stat.RECEIVED_READ, Stat.STORED_SENT, Stat.STORED_UNSENT),
    4: tuple(Stat),
}
_BY_WORD = {
    **{word: (stat,) for word, stat in text_mode.STATUSES.items()},
    text_mode.ALL_WORD: tuple(Stat),
}


def _usage(modem: SimulatedModem) -> list[str]:
    storages = (modem.places(name) for name in modem.settings.memories)
    return [f"{len(storage)},{storage.capacity}" for storage in storages]


def _memories(modem: SimulatedModem, command: Command) -> Reply:
    """`+CPMS=mem1[,mem2[,mem3]]`: what is left out stays."""
    modem.usable_sim()
    if not command.params or len(command.params) > 3:
        raise cms(Cms.NOT_ALLOWED)
    for name, offered in zip(command.params, _offered(modem), strict=False):
        if name and name not in offered:
            raise cms(Cms.NOT_ALLOWED)
    for position, name in enumerate(command.params):
        if name:
            modem.settings.memories[position] = name
    modem.flush()
    return [f"+CPMS: {','.join(_usage(modem))}"]


def _offered(modem: SimulatedModem) -> Sequence[Sequence[str]]:
    """What each place of `+CPMS` takes."""
    return modem.personality.memories or (_READABLE, _MEMORIES, _MEMORIES)


def _read_memories(modem: SimulatedModem, _command: Command) -> Reply:
    modem.usable_sim()
    named = zip(modem.settings.memories, _usage(modem), strict=True)
    return ["+CPMS: " + ",".join(f'"{name}",{usage}' for name, usage in named)]


def _readable(modem: SimulatedModem) -> Places:
    modem.usable_sim()
    return modem.places(modem.settings.memories[0])


def view(modem: SimulatedModem) -> text_mode.View:
    """How text mode shows messages now."""
    return text_mode.View(modem.settings.cscs, modem.settings.csdh)


def _wanted(modem: SimulatedModem, command: Command) -> tuple[Stat, ...]:
    """Which messages `+CMGL` is to list: numbers in PDU mode, words in text mode."""
    if modem.settings.text_mode:
        word = command.text(0) or text_mode.STATUS_WORDS[Stat.RECEIVED_UNREAD]
        if word not in _BY_WORD:
            raise ValueError(f"+CMGL: {word!r} is no status")
        return _BY_WORD[word]
    number = command.number(0, Stat.RECEIVED_UNREAD)
    if number > _ALL:
        raise cms(Cms.NOT_ALLOWED)
    return tuple(Stat) if number == _ALL else (Stat(number),)


def _list(modem: SimulatedModem, command: Command) -> Reply:
    storage = _readable(modem)
    wanted = _wanted(modem, command)
    lines: list[str] = []
    for index, stored in storage:
        if stored.stat in wanted:
            storage.read(index)
            if modem.settings.text_mode:
                lines += text_mode.listed(index, stored, view(modem))
            else:
                lines += [f"+CMGL: {index},{int(stored.stat)},,{stored.length}", stored.pdu]
    return lines


def _statuses(modem: SimulatedModem, _command: Command) -> Reply:
    if not modem.settings.text_mode:
        return [f"+CMGL: (0-{_ALL})"]
    return ["+CMGL: (" + ",".join(f'"{word}"' for word in _BY_WORD) + ")"]


def _read(modem: SimulatedModem, command: Command) -> Reply:
    stored = _readable(modem).read(command.number(0, -1))
    if stored is None:
        raise cms(Cms.INVALID_INDEX)
    if modem.settings.text_mode:
        return text_mode.shown(stored, view(modem))
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


def _names(names: tuple[str, ...]) -> str:
    return "(" + ",".join(f'"{name}"' for name in names) + ")"


_MEMORY_TEST = ",".join((_names(_READABLE), _names(_MEMORIES), _names(_MEMORIES)))

TABLE: dict[str, Entry] = {
    "+CPMS": Entry(set=_memories, read=_read_memories, test=_MEMORY_TEST),
    "+CMGL": Entry(action=_list, set=_list, test=_statuses),
    "+CMGR": Entry(set=_read, test=""),
    "+CMGD": Entry(set=_delete, test=_deletable),
}
