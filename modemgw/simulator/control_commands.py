"""The commands of the control socket. Each takes the bank and its fields and returns its answer.

`modem` is an index; where a command can mean all modems, leaving it out does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from modemgw import pdu
from modemgw.simulator import inbox, ussd
from modemgw.simulator.control_fields import ControlError, Fields
from modemgw.simulator.faults import Fault, FaultName

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.bank import Bank
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.sim import Sim

_HOUR_S = 3600
_PDU_LIMIT = 400
_BROADCAST_GSM, _BROADCAST_UCS2 = 0x0F, 0x48  # 23.038 §5
Answer: TypeAlias = dict[str, object]


def _modem(bank: Bank, fields: Fields) -> SimulatedModem:
    return bank.modems[fields.integer("modem", 0, len(bank.modems) - 1)]


def _modems(bank: Bank, fields: Fields) -> tuple[SimulatedModem, ...]:
    return (_modem(bank, fields),) if fields.has("modem") else bank.modems


def _card_in(modem: SimulatedModem) -> Sim:
    if modem.sim is None:
        raise ControlError(f"there is no SIM in modem {modem.index}")
    return modem.sim


def _inject(bank: Bank, fields: Fields) -> Answer:
    """A text from a phone to a modem's SIM: `text` in as many parts as it takes, or one `pdu`."""
    number = _card_in(_modem(bank, fields)).number
    pdus = [_raw(fields)] if fields.has("pdu") else _parts(bank, fields)
    if fields.has("order"):
        pdus = [pdus[at] for at in fields.integers("order", 0, len(pdus) - 1)]
    bank.network.deliver(number, pdus)
    return {"parts": len(pdus), "pdus": pdus}


def _raw(fields: Fields) -> str:
    text = fields.text("pdu")
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        raise ControlError("pdu: hex is needed, the service centre's address in front") from None
    if not 1 <= len(octets) <= _PDU_LIMIT:
        raise ControlError(f"pdu: 1 to {_PDU_LIMIT} octets, not {len(octets)}")
    return text


def _parts(bank: Bank, fields: Fields) -> list[str]:
    ref_bits = fields.integer("ref_bits", 8, 16, 8)
    ref = fields.integer("ref", 0, 2**ref_bits - 1, bank.network.next_concat_ref())
    try:
        frames = pdu.encode_deliver(
            fields.text("from"),
            fields.text("text"),
            scts=datetime.now(UTC),
            ref=ref,
            ref_bits=ref_bits,
            encoding=fields.choice("alphabet", ("auto", "gsm7", "ucs2", "8bit"), "auto"),
            message_class=fields.integer("class", 0, 3) if fields.has("class") else None,
            smsc=bank.network.smsc,
        )
    except pdu.PduError as problem:
        raise ControlError(f"this text cannot be sent: {problem}") from None
    return [frame.hex for frame in frames]


def _broadcast(bank: Bank, fields: Fields) -> Answer:
    """`text` on cell broadcast channel `channel`, to one modem or all; `shown` counts the pages
    that their users wanted to see."""
    said, channel = fields.text("text"), fields.integer("channel", 0, 0xFFFF, 50)
    serial = pdu.SerialNumber(
        pdu.BroadcastScope.NETWORK, fields.integer("code", 0, 1023, 1), update=0
    )
    dcs = _BROADCAST_GSM if pdu.segment(said).encoding == "gsm7" else _BROADCAST_UCS2
    try:
        pages = pdu.encode_broadcast(said, serial=serial, message_id=channel, dcs=dcs)
    except pdu.PduError as problem:
        raise ControlError(f"this text cannot be broadcast: {problem}") from None
    shown = sum(modem.receiver.broadcast(page) for modem in _modems(bank, fields) for page in pages)
    return {"pages": pages, "shown": shown}


def _unplug(bank: Bank, fields: Fields) -> Answer:
    for modem in _modems(bank, fields):
        modem.unplug()
    return {}


def _replug(bank: Bank, fields: Fields) -> Answer:
    for modem in _modems(bank, fields):
        bank.replug(modem.index)
    return {}


def _hang(bank: Bank, fields: Fields) -> Answer:
    seconds = fields.number("seconds", 0, _HOUR_S)
    for modem in _modems(bank, fields):
        modem.hang(seconds)
    return {}


def _reboot(bank: Bank, fields: Fields) -> Answer:
    for modem in _modems(bank, fields):
        modem.reboot()
    return {}


def _signal(bank: Bank, fields: Fields) -> Answer:
    rssi = fields.integer("rssi", 0, 99)
    if 31 < rssi < 99:
        raise ControlError(f"rssi: 0 to 31 or 99, not {rssi}")
    for modem in _modems(bank, fields):
        modem.radio.rssi = rssi
        modem.indicators.check()
    return {}


def _registration(bank: Bank, fields: Fields) -> Answer:
    stat = fields.integer("stat", 0, 10)
    for modem in _modems(bank, fields):
        modem.set_registration(stat)
    return {}


def _fault(bank: Bank, fields: Fields) -> Answer:
    """`p` of 0 disarms; `count` ends it after so many strikes; `code`, or `codes` for one of
    several, is what an error says."""
    name = FaultName(fields.choice("name", tuple(FaultName)))
    p = fields.number("p", 0, 1)
    codes = (
        tuple(fields.integers("codes", 0, 65_535))
        if fields.has("codes")
        else (fields.integer("code", 0, 65_535, 500),)
    )
    if not codes:
        raise ControlError("codes: at least one")
    for modem in _modems(bank, fields):
        fault = Fault(
            p=p,
            codes=codes,
            seconds=fields.number("seconds", 0, _HOUR_S, 5),
            left=fields.integer("count", 1, 1_000_000) if fields.has("count") else None,
        )
        modem.faults.arm(name, fault)
        modem.watch_garbage()
    return {}


def _latency(bank: Bank, fields: Fields) -> Answer:
    low = fields.number("min_ms", 0, _HOUR_S * 1000)
    high = fields.number("max_ms", 0, _HOUR_S * 1000, low)
    if high < low:
        raise ControlError("max_ms is less than min_ms")
    for modem in _modems(bank, fields):
        modem.timing.submit_min_s, modem.timing.submit_max_s = low / 1000, high / 1000
    return {}


def _report(bank: Bank, fields: Fields) -> Answer:
    """How the network reports: `state`, `delay_ms`, `st` (TP-ST); what is left out stays.

    With `modem`: to the SIM that is in it now, whatever is said of the others.
    """
    network = bank.network
    one = fields.has("modem")
    policy = network.reports_of(_card_in(_modem(bank, fields)).number) if one else network.reports
    if fields.has("state"):
        policy.enabled = fields.choice("state", ("on", "off")) == "on"
    policy.delay_s = fields.number("delay_ms", 0, _HOUR_S * 1000, policy.delay_s * 1000) / 1000
    policy.st = fields.integer("st", 0, 255, policy.st)
    return {}


def _ring(bank: Bank, fields: Fields) -> Answer:
    modem = _modem(bank, fields)
    if not modem.call.ring(fields.text("from"), fields.integer("rings", 1, 100, 3)):
        raise ControlError(f"modem {modem.index} is busy or out of reach")
    return {}


def _ussd(bank: Bank, fields: Fields) -> Answer:
    """What the network says: `script` maps codes to pages (null: it never answers), in place of
    what they led to; `push` is a page that it says by itself. `heard` is what the user said."""
    modem = _modem(bank, fields)
    if fields.has("script"):
        script = fields.mapping("script")
        pages = {code: None if said is None else ussd.page(said) for code, said in script.items()}
        modem.ussd.script = pages
    if fields.has("push"):
        modem.ussd.push(ussd.page(fields.value("push")))
    return {"heard": list(modem.ussd.heard), "open": modem.ussd.is_open}


def _sim(bank: Bank, fields: Fields) -> Answer:
    """`remove`; `insert` another card (`generation` tells which, 0 is the first); `pin` sets the
    PIN that it asks for after the next power-up, and at once."""
    modem = _modem(bank, fields)
    match fields.choice("action", ("remove", "insert", "pin")):
        case "remove":
            modem.remove_sim()
        case "insert":
            modem.insert_sim(bank.card(modem.index, fields.integer("generation", 0, 99, 0)))
        case _:
            _card_in(modem).set_pin(fields.text("pin"))
    sim = modem.sim
    return {"iccid": sim and sim.iccid, "number": sim and sim.number}


def _storage(bank: Bank, fields: Fields) -> Answer:
    """How many texts the storage `name` of a modem holds at most: `capacity`."""
    modem = _modem(bank, fields)
    storage = modem.storage(fields.choice("name", ("ME", "SM")))
    storage.capacity = fields.integer("capacity", 1, 10_000)
    return {"stored": len(storage)}


def _inbox(bank: Bank, fields: Fields) -> Answer:
    """What the phone `number` received: TPDUs as they came, and the texts that a person reads."""
    phone = bank.network.phones.get(fields.text("number"))
    if phone is None:
        return {"messages": [], "texts": []}
    return {
        "messages": [
            {"from": received.sender, "pdu": received.pdu, "t": received.t}
            for received in phone.received
        ],
        "texts": [
            {"from": text.sender, "text": text.text, "complete": text.complete}
            for text in inbox.texts(phone)
        ],
    }


def _stats(bank: Bank, _fields: Fields) -> Answer:
    return {
        "accepted": bank.network.accepted,
        "phones": len(bank.network.phones),
        "modems": [_about(bank, modem) for modem in bank.modems],
    }


def _about(bank: Bank, modem: SimulatedModem) -> Answer:
    sim = modem.sim
    return {
        "modem": modem.index,
        "port": str(bank.link(modem.index)),
        "power": modem.power.value,
        "profile": modem.personality.name,
        "imei": modem.imei,
        "iccid": sim and sim.iccid,
        "number": sim and sim.number,
        "registration": modem.radio.registration,
        "submits": modem.submitter.submits,
        "taken": modem.receiver.taken,
        "stored": {name: len(modem.storage(name)) for name in ("ME", "SM")},
        "waiting": bank.network.waiting(modem.number),
    }


COMMANDS: dict[str, Callable[[Bank, Fields], Answer]] = {
    "inject": _inject,
    "broadcast": _broadcast,
    "unplug": _unplug,
    "replug": _replug,
    "hang": _hang,
    "reboot": _reboot,
    "signal": _signal,
    "registration": _registration,
    "fault": _fault,
    "latency": _latency,
    "report": _report,
    "ring": _ring,
    "ussd": _ussd,
    "sim": _sim,
    "storage": _storage,
    "inbox": _inbox,
    "stats": _stats,
}
