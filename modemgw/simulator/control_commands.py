"""The commands of the control socket. Each takes the bank and its fields and returns its answer.

A command reads all its fields, says so (`finish`), and only then acts: so a scenario can be checked
before anything happens. Its docstring is what `modemgw simulate ctl NAME --help` shows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.simulator import control_broadcast, control_clock, control_network, ussd
from modemgw.simulator.behaviour import ALPHABETS
from modemgw.simulator.control_fields import ControlError, Fields
from modemgw.simulator.control_targets import Answer, card_in, one_modem, some_modems
from modemgw.simulator.faults import Fault, FaultName

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.bank import Bank
    from modemgw.simulator.modem import SimulatedModem

_HOUR_S = 3600
_PDU_LIMIT = 400
_CALLER = re.compile(r"\+?[0-9*#]{0,20}")
_PIN = re.compile(r"([0-9]{4,8})?")


def _inject(bank: Bank, fields: Fields) -> Answer:
    """A text from a phone to the SIM in a modem.

    modem: its index. from: the phone's number. text: what it says, in as many parts as it takes.
    alphabet: auto, gsm7, ucs2. class: 0 to 3. ref, ref_bits: of the parts.
    pdu: one DELIVER in hex with the service centre's address, in place of from and text.
    order: which parts come, in which order, from 0, as in [2, 0, 1].
    """
    number = card_in(one_modem(bank, fields)).number
    pdus = [_raw(fields)] if fields.has("pdu") else _parts(bank, fields)
    if fields.has("order"):
        pdus = [pdus[at] for at in fields.integers("order", 0, len(pdus) - 1)]
    fields.finish()
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
            scts=bank.clock.date(),
            ref=ref,
            ref_bits=ref_bits,
            encoding=fields.choice("alphabet", ALPHABETS, "auto"),
            message_class=fields.integer("class", 0, 3) if fields.has("class") else None,
            smsc=bank.network.smsc,
        )
    except pdu.PduError as problem:
        raise ControlError(f"this text cannot be sent: {problem}") from None
    return [frame.hex for frame in frames]


def _unplug(bank: Bank, fields: Fields) -> Answer:
    """Take port and power away.

    modem, modems: these; left out: all.
    """
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.unplug()
    return {}


def _replug(bank: Bank, fields: Fields) -> Answer:
    """Plug in again what is unplugged.

    modem, modems: these; left out: all.
    """
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        bank.replug(modem.index)
    return {}


def _hang(bank: Bank, fields: Fields) -> Answer:
    """Let modems neither listen nor print for a while.

    seconds: for how long.
    modem, modems: these; left out: all.
    """
    seconds = fields.seconds("seconds")
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.hang(seconds)
    return {}


def _reboot(bank: Bank, fields: Fields) -> Answer:
    """Restart modems.

    modem, modems: these; left out: all.
    """
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.reboot()
    return {}


def _signal(bank: Bank, fields: Fields) -> Answer:
    """The signal around which it wanders.

    rssi: 0 to 31, or 99 for none.
    modem, modems: these; left out: all.
    """
    rssi = fields.integer("rssi", 0, 99)
    if 31 < rssi < 99:
        raise fields.error("rssi", f"0 to 31 or 99, not {rssi}")
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.radio.rssi = rssi
        modem.indicators.check()
    return {}


def _registration(bank: Bank, fields: Fields) -> Answer:
    """What modems tell of their registration.

    stat: as +CREG has it, 0 to 10; what an outage takes away meanwhile stays away.
    modem, modems: these; left out: all.
    """
    stat = fields.integer("stat", 0, 10)
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.set_registration(stat)
    return {}


def _fault(bank: Bank, fields: Fields) -> Answer:
    """Arm a fault, or disarm it.

    name: which, as docs/simulator.md lists them. p: probability on each occasion (1); 0 disarms.
    skip: so many occasions pass before the first that counts.
    count: after so many strikes it is over.
    code, codes: what an error says, or one of what it may say. seconds: how long it lasts.
    modem, modems: these; left out: all.
    """
    name = FaultName(fields.choice("name", tuple(FaultName)))
    p = fields.number("p", 0, 1, 1.0)
    codes = (
        tuple(fields.integers("codes", 0, 65_535))
        if fields.has("codes")
        else (fields.integer("code", 0, 65_535, 500),)
    )
    if not codes:
        raise fields.error("codes", "at least one")
    seconds = fields.seconds("seconds", 5.0)
    left = fields.integer("count", 1, 1_000_000) if fields.has("count") else None
    skip = fields.integer("skip", 0, 1_000_000, 0)
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.faults.arm(name, Fault(p, codes, seconds, left, skip))
        modem.babble.watch()
    return {}


def _faults(bank: Bank, fields: Fields) -> Answer:
    """What is armed.

    modem, modems: in these; left out: in all.
    """
    modems = some_modems(bank, fields)
    fields.finish()
    armed = [
        {"modem": modem.index, "name": name, "p": fault.p, "left": fault.left, "skip": fault.skip}
        for modem in modems
        for name, fault in modem.faults.armed().items()
    ]
    return {"faults": armed}


def _ring(bank: Bank, fields: Fields) -> Answer:
    """Let a phone call.

    modem: which. from: the caller's number, empty where it is withheld.
    rings: how often it rings, a second apart (3).
    """
    modem = one_modem(bank, fields)
    caller, rings = fields.text("from"), fields.integer("rings", 1, 100, 3)
    if not _CALLER.fullmatch(caller):
        raise fields.error("from", f"a number is needed, not {caller[:20]!r}")
    fields.finish()
    if not modem.call.ring(caller, rings):
        raise ControlError(f"modem {modem.index} is busy or out of reach")
    return {}


def _ussd(bank: Bank, fields: Fields) -> Answer:
    """What the network says by USSD. The answer's `heard` is what the user said.

    modem: which. script: maps codes to pages (null: it never answers), in place of what was.
    push: a page that it says by itself. A page is a text, or {"text": …, "answers": {…}}.
    """
    modem = one_modem(bank, fields)
    pages = (
        {
            code: None if said is None else ussd.page(said)
            for code, said in fields.mapping("script").items()
        }
        if fields.has("script")
        else None
    )
    pushed = ussd.page(fields.value("push")) if fields.has("push") else None
    fields.finish()
    if pages is not None:
        modem.ussd.script = pages
    if pushed is not None:
        modem.ussd.push(pushed)
    return {"heard": list(modem.ussd.heard), "open": modem.ussd.is_open}


def _sim(bank: Bank, fields: Fields) -> Answer:
    """Take a SIM out, put another in, or give it a PIN.

    modem: which. action: remove, insert, pin.
    generation: which card is inserted; 0 is the first. pin: asked for from now on, at once.
    """
    modem = one_modem(bank, fields)
    action = fields.choice("action", ("remove", "insert", "pin"))
    generation = fields.integer("generation", 0, 99, 0)
    pin = fields.text("pin", None if action == "pin" else "")
    if not _PIN.fullmatch(pin):
        raise fields.error("pin", "four to eight digits are needed, or none to ask for none")
    fields.finish()
    match action:
        case "remove":
            modem.remove_sim()
        case "insert":
            modem.insert_sim(bank.card(modem.index, generation))
        case _:
            card_in(modem).set_pin(pin)
    sim = modem.sim
    return {"iccid": sim and sim.iccid, "number": sim and sim.number}


def _storage(bank: Bank, fields: Fields) -> Answer:
    """How many texts a storage of a modem holds.

    modem: which. name: ME or SM. capacity: at most so many.
    """
    modem = one_modem(bank, fields)
    name, capacity = fields.choice("name", ("ME", "SM")), fields.integer("capacity", 1, 10_000)
    fields.finish()
    storage = modem.storage(name)
    storage.resize(capacity)
    modem.flush()
    return {"stored": len(storage)}


def _stats(bank: Bank, fields: Fields) -> Answer:
    """What each modem is, where it is, what it did."""
    fields.finish()
    return {
        "seed": bank.seed,
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
    "unplug": _unplug,
    "replug": _replug,
    "hang": _hang,
    "reboot": _reboot,
    "signal": _signal,
    "registration": _registration,
    "fault": _fault,
    "faults": _faults,
    "ring": _ring,
    "ussd": _ussd,
    "sim": _sim,
    "storage": _storage,
    "stats": _stats,
    **control_network.COMMANDS,
    **control_broadcast.COMMANDS,
    **control_clock.COMMANDS,
}

READ_ONLY: Final = frozenset({"faults", "phones", "waiting", "inbox", "stats"})
"""Those that change nothing; the journal does not tell of them."""
