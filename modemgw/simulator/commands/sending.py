"""Messages out and into a storage: `+CMGS`, `+CMGW`, `+CMSS`, `+CMMS` (27.005 §3.5, §4.3 to
§4.5).

PDU mode announces a length and gives hex; text mode names a number and gives a text, to which
`+CSMP` and `+CSCA` add the rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.simulator import charset, compose, text_mode, tpdu
from modemgw.simulator.commands.entry import Ask, Entry, Reply
from modemgw.simulator.errors import Cms, cms
from modemgw.simulator.storage import Stat

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_TPDU_LIMIT = 232  # octets that a TPDU of a submit can have, with room for all its fields
_NOBODY = b"\x00\x81"
_UNSENT = (Stat.STORED_UNSENT, Stat.STORED_SENT)


def _send(modem: SimulatedModem, command: Command) -> Reply:
    modem.usable_sim()
    if modem.settings.text_mode:
        address = _address(modem, command, 0)
        if address == _NOBODY:
            raise ValueError("+CMGS: whom to")

        def submit_text(text: str) -> Reply:
            modem.submitter.begin(lambda: _composed(modem, text, address), told="+CMGS")
            return None

        return Ask(submit_text, typed=True)
    length = _length(command)

    def submit_pdu(text: str) -> Reply:
        modem.submitter.begin(lambda: tpdu.parse_submit(text.strip(), length), told="+CMGS")
        return None

    return Ask(submit_pdu)


def _write(modem: SimulatedModem, command: Command) -> Reply:
    modem.usable_sim()
    if modem.settings.text_mode:
        address, stat = _address(modem, command, 0), _status_word(command)
        return Ask(lambda text: _store_text(modem, text, address, stat), typed=True)
    length, stat = _length(command), Stat(command.number(1, Stat.STORED_UNSENT))
    return Ask(lambda text: _store(modem, text.strip().upper(), length, stat))


def _send_stored(modem: SimulatedModem, command: Command) -> Reply:
    """`+CMSS=index[,da[,toda]]`: from the second memory; once out it counts as sent."""
    modem.usable_sim()
    storage = modem.places(modem.settings.memories[1])
    index = command.number(0, -1)
    stored = storage.get(index)
    if stored is None:
        raise cms(Cms.INVALID_INDEX)
    if stored.stat not in _UNSENT:
        raise cms(Cms.NOT_ALLOWED)
    given = _address(modem, command, 1)

    def submit() -> tpdu.Submit:
        if given == _NOBODY:
            return tpdu.parse_submit(stored.pdu, stored.length)
        kept = tpdu.parse_submit(stored.pdu, stored.length, is_stored=True)
        return replace(kept, address=given)

    modem.submitter.begin(submit, told="+CMSS", sent=lambda: storage.sent(index))
    return None


def _store_text(modem: SimulatedModem, text: str, address: bytes, stat: Stat) -> Reply:
    submit = _composed(modem, text, address)
    if stat in _UNSENT:
        return _store(modem, submit.hex(0), submit.length, stat)
    deliver = tpdu.deliver_of(
        submit, sender=submit.destination, smsc=modem.service_centre, at=modem.clock.now()
    )
    return _store(modem, deliver, tpdu.look(deliver).length, stat)


def _store(modem: SimulatedModem, pdu: str, length: int, stat: Stat) -> Reply:
    try:
        if stat in _UNSENT:
            tpdu.parse_submit(pdu, length, is_stored=True)
        elif tpdu.look(pdu).length != length:
            raise ValueError("another length was announced")
    except ValueError:
        raise cms(Cms.INVALID_PDU_PARAMETER) from None
    index = modem.places(modem.settings.memories[1]).add(pdu, length, stat)
    if index is None:
        raise cms(Cms.MEMORY_FULL)
    return [f"+CMGW: {index}"]


def _composed(modem: SimulatedModem, text: str, address: bytes) -> tpdu.Submit:
    settings = modem.settings
    return compose.submit(
        text,
        address=address,
        sca=tpdu.encode_sca(modem.service_centre),
        csmp=settings.csmp,
        charset_name=settings.cscs,
    )


def _length(command: Command) -> int:
    length = command.number(0, 0)
    if not 0 < length <= _TPDU_LIMIT:
        raise cms(Cms.INVALID_PDU_PARAMETER)
    return length


def _address(modem: SimulatedModem, command: Command, position: int) -> bytes:
    """The address field of `<da>[,<toda>]`. ValueError for what is no number."""
    number = charset.read(command.text(position), modem.settings.cscs)
    if not number:
        return _NOBODY
    kind = command.number(position + 1, tpdu.type_of(number))
    if not 128 <= kind <= 255:
        raise ValueError(f"{command.name}: {kind} is no type of address")
    return tpdu.encode_address(number, kind)


def _status_word(command: Command) -> Stat:
    word = command.text(2) or text_mode.STATUS_WORDS[Stat.STORED_UNSENT]
    if word not in text_mode.STATUSES:
        raise ValueError(f"{command.name}: {word!r} is no status")
    return text_mode.STATUSES[word]


TABLE: dict[str, Entry] = {
    "+CMGS": Entry(set=_send, test=""),
    "+CMGW": Entry(action=_write, set=_write, test=""),
    "+CMSS": Entry(set=_send_stored, test=""),
}
