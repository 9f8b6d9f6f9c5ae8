"""Phone books (3GPP TS 27.007 §8.11 to §8.14): that of the card, of the modem, the own number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.simulator import charset, tpdu
from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.errors import Cme, cme
from modemgw.simulator.sim import PHONEBOOK_CAPACITY, Contact

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_NAMES = ("SM", "ME", "ON", "DC", "MC", "RC")
_CALL_LIST_CAPACITY = 10
_NUMBER_LENGTH, _NAME_LENGTH = 40, 14


@dataclass(frozen=True, slots=True)
class _Book:
    contacts: dict[int, Contact]
    capacity: int
    is_writable: bool = False


def _book(modem: SimulatedModem) -> _Book:
    """The book that `+CPBS` has chosen. AtError where the card cannot be read."""
    sim = modem.unlocked_sim()
    match modem.settings.phonebook:
        case "SM":
            return _Book(sim.phonebook, PHONEBOOK_CAPACITY, is_writable=True)
        case "ME":
            return _Book(modem.phonebook, PHONEBOOK_CAPACITY, is_writable=True)
        case "ON":
            return _Book({1: Contact(sim.number, tpdu.type_of(sim.number), "")}, 1)
        case _:
            return _Book({}, _CALL_LIST_CAPACITY)


def _choose(modem: SimulatedModem, command: Command) -> Reply:
    name = command.text(0)
    if name not in _NAMES:
        raise ValueError(f"+CPBS: no {name!r}")
    modem.settings.phonebook = name
    return []


def _chosen(modem: SimulatedModem, _command: Command) -> Reply:
    book = _book(modem)
    return [f'+CPBS: "{modem.settings.phonebook}",{len(book.contacts)},{book.capacity}']


def _entry(modem: SimulatedModem, name: str, index: int, contact: Contact) -> str:
    words = charset.written(contact.name, modem.settings.cscs)
    return f'{name}: {index},"{contact.number}",{contact.kind},"{words}"'


def _read(modem: SimulatedModem, command: Command) -> Reply:
    book = _book(modem)
    first = command.number(0, 0)
    last = command.number(1, first)
    if not 1 <= first <= last <= book.capacity:
        raise cme(Cme.INVALID_INDEX)
    return [
        _entry(modem, "+CPBR", index, contact)
        for index, contact in sorted(book.contacts.items())
        if first <= index <= last
    ]


def _readable(modem: SimulatedModem, _command: Command) -> Reply:
    return [f"+CPBR: (1-{_book(modem).capacity}),{_NUMBER_LENGTH},{_NAME_LENGTH}"]


def _find(modem: SimulatedModem, command: Command) -> Reply:
    wanted = charset.read(command.text(0), modem.settings.cscs).casefold()
    found = [
        _entry(modem, "+CPBF", index, contact)
        for index, contact in sorted(_book(modem).contacts.items())
        if contact.name.casefold().startswith(wanted)
    ]
    if not found:
        raise cme(Cme.NOT_FOUND)
    return found


def _write(modem: SimulatedModem, command: Command) -> Reply:
    """`+CPBW=[index][,number[,type[,name]]]`: without a number the place is emptied."""
    book = _book(modem)
    if not book.is_writable:
        raise cme(Cme.NOT_ALLOWED)
    free = next((at for at in range(1, book.capacity + 1) if at not in book.contacts), 0)
    index = command.number(0, free)
    if not index:
        raise cme(Cme.MEMORY_FULL)
    if index > book.capacity:
        raise cme(Cme.INVALID_INDEX)
    number = command.text(1)
    if not number:
        book.contacts.pop(index, None)
        return []
    name = charset.read(command.text(3), modem.settings.cscs)
    if len(number) > _NUMBER_LENGTH or len(name) > _NAME_LENGTH:
        raise cme(Cme.TEXT_TOO_LONG)
    book.contacts[index] = Contact(number, command.number(2, tpdu.type_of(number)), name)
    return []


def _writable(modem: SimulatedModem, _command: Command) -> Reply:
    capacity = _book(modem).capacity
    return [f"+CPBW: (1-{capacity}),{_NUMBER_LENGTH},(129,145),{_NAME_LENGTH}"]


TABLE: dict[str, Entry] = {
    "+CPBS": Entry(
        set=_choose, read=_chosen, test="(" + ",".join(f'"{name}"' for name in _NAMES) + ")"
    ),
    "+CPBR": Entry(set=_read, test=_readable),
    "+CPBF": Entry(set=_find, test=f"{_NUMBER_LENGTH},{_NAME_LENGTH}"),
    "+CPBW": Entry(set=_write, test=_writable),
}
