"""The commands of the control socket that concern the network and the phones behind it."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Final

from modemgw.simulator import inbox
from modemgw.simulator.behaviour import Behaviour, Rule, State, read_behaviour
from modemgw.simulator.control_targets import Answer, card_in, names_modems, some_modems
from modemgw.simulator.delay import AT_ONCE, Delay, Shape, read_delay
from modemgw.simulator.limits import COUNT_LIMIT, PERIODS, Limit
from modemgw.simulator.reports import ReportPolicy, Temporary

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.bank import Bank
    from modemgw.simulator.control_fields import Fields

_HOUR_S: Final = 3600
_PHONES: Final = re.compile(r"\+?[0-9*#?!\[\]-]{1,40}")
_SEARCHING: Final = 2  # not registered, but looking for a network (27.007 §7.2)
_BARRED: Final = 10  # RP-Cause: call barred (24.011 §8.2.5.4)
_REJECTED: Final = 21  # RP-Cause: short message transfer rejected
_TEMPORARY_LIMIT: Final = 20
_LIMITS_LIMIT: Final = 10


def _latency(bank: Bank, fields: Fields) -> Answer:
    """How long the network takes from Ctrl-Z to its answer.

    min_ms, max_ms: milliseconds; max_ms left out is min_ms. Or
    delay: a duration, or {"uniform": [LEAST, MOST]}, {"exponential": MEAN, "cap": MOST},
    {"lognormal": MEDIAN, "sigma": S, "cap": MOST}.
    modem, modems: for these only.
    """
    if fields.has("delay"):
        delay = read_delay(fields, "delay", AT_ONCE)
    else:
        low = fields.number("min_ms", 0, _HOUR_S * 1000)
        high = fields.number("max_ms", 0, _HOUR_S * 1000, low)
        if high < low:
            raise fields.error("max_ms", "it is less than min_ms")
        delay = Delay(low / 1000, Shape.UNIFORM, to_s=high / 1000)
    modems = some_modems(bank, fields)
    fields.finish()
    for modem in modems:
        modem.timing.submit = delay
    return {}


def _report(bank: Bank, fields: Fields) -> Answer:
    """How the network makes status reports; what is left out stays.

    state: on or off. st: TP-ST of the last report, 0 is delivered.
    delay: from delivery to the report, as in `latency`; or delay_ms.
    temporary: a list of {"after": DURATION, "st": 32 to 63}, reports that come before the last.
    on_hold: whether a text that has to wait is reported as such at once.
    lose, double, early: probabilities that a report is lost, comes twice, comes before the OK.
    modem, modems: to the SIMs that are in these now, whatever is said of the others.
    """
    reports = bank.network.reports
    numbers = _numbers(bank, fields)
    policies = [_read_policy(fields, reports.policy_of(number)) for number in numbers]
    fields.finish()
    for number, policy in zip(numbers, policies, strict=True):
        reports.set(policy, number)
    return {}


def _read_policy(fields: Fields, old: ReportPolicy) -> ReportPolicy:
    delay = read_delay(fields, "delay", old.delay)
    if fields.has("delay_ms"):
        delay = Delay(fields.number("delay_ms", 0, _HOUR_S * 1000) / 1000)
    return ReportPolicy(
        enabled=fields.choice("state", ("on", "off"), "on" if old.enabled else "off") == "on",
        delay=delay,
        st=fields.integer("st", 0, 255, old.st),
        temporary=_read_temporary(fields) if fields.has("temporary") else old.temporary,
        on_hold=fields.flag("on_hold", old.on_hold),
        lose=fields.number("lose", 0, 1, old.lose),
        double=fields.number("double", 0, 1, old.double),
        early=fields.number("early", 0, 1, old.early),
    )


def _read_temporary(fields: Fields) -> tuple[Temporary, ...]:
    entries = fields.objects("temporary")
    if len(entries) > _TEMPORARY_LIMIT:
        raise fields.error("temporary", f"{_TEMPORARY_LIMIT} at most, not {len(entries)}")
    timetable = []
    for entry in entries:
        timetable.append(Temporary(entry.seconds("after"), entry.integer("st", 0x20, 0x3F)))
        entry.finish()
    return tuple(timetable)


def _phone(bank: Bank, fields: Fields) -> Answer:
    """What the phones with a number, or with numbers like it, do; what is left out stays.

    number: as in +15550001001, or with the wildcards of a shell, as in +4477*.
    state: on, off (texts wait), full (texts wait), unknown (there is no such number).
    for: how long it is in this state; then it is on again.
    answer: a text or a list of them, said in turn; {text} is what came, {n} a count.
    answer_after: a delay as in `latency`. answer_p: how probable an answer is.
    alphabet: auto, gsm7, ucs2, of what it says.
    stop_after: says stop_text ("STOP") to a line's so-manieth text, and nothing more to that line.
    st, report_delay: of the report on texts to it. waiting_st: TP-ST while they wait, 32 to 63.
    refuse: the cause with which the network refuses texts to it at once.
    forget: true: behaves as all others again.
    """
    number = fields.text("number")
    if not _PHONES.fullmatch(number):
        raise fields.error("number", f"a number or a pattern is needed, not {number[:20]!r}")
    phones = bank.network.phones
    known = phones.rule(number)
    behaviour = read_behaviour(fields, Behaviour() if known is None else known.behaviour)
    seconds = fields.seconds("for", inf)
    if seconds != inf and behaviour.state is State.ON:
        raise fields.error("for", "it needs a state other than on")
    forget = fields.flag("forget", False)
    fields.finish()
    if forget:
        phones.forget_rule(number)
    else:
        phones.add_rule(Rule(number, behaviour))
    bank.network.phones_changed(number, None if seconds == inf or forget else seconds)
    return {"number": number, "state": phones.behaviour(number).state.value}


def _phones(bank: Bank, fields: Fields) -> Answer:
    """The rules for phones, in the order in which they are asked, and how many have a phone."""
    fields.finish()
    phones = bank.network.phones
    return {
        "phones": len(phones),
        "rules": [
            {
                "number": rule.number,
                "state": rule.behaviour.state.value,
                "answers": list(rule.behaviour.answers),
                "stop_after": rule.behaviour.stop_after,
            }
            for rule in phones.rules()
        ],
    }


def _limit(bank: Bank, fields: Fields) -> Answer:
    """How many texts the network takes from each SIM in a while; `count` left out: any number.

    count: so many. per: minute, hour, day; or a duration.
    code: the cause of the refusal (21). drop: true: says OK and throws them away.
    block: how long the first text beyond blocks the SIM.
    limits: a list of such objects, in place of all these.
    modem, modems: for the SIMs that are in these now, whatever is said of the others.
    """
    if fields.has("limits"):
        limits = _read_limits(fields)
    else:
        limits = (_read_limit(fields),) if fields.has("count") else ()
    numbers = _numbers(bank, fields)
    fields.finish()
    for number in numbers:
        bank.network.limits.set(limits, number)
    return {}


def _read_limits(fields: Fields) -> tuple[Limit, ...]:
    entries = fields.objects("limits")
    if len(entries) > _LIMITS_LIMIT:
        raise fields.error("limits", f"{_LIMITS_LIMIT} at most, not {len(entries)}")
    limits = []
    for entry in entries:
        limits.append(_read_limit(entry))
        entry.finish()
    return tuple(limits)


def _read_limit(fields: Fields) -> Limit:
    drop = fields.flag("drop", False)
    if drop and fields.has("code"):
        raise fields.error("code", "a text that is dropped is not refused; leave out code or drop")
    per = fields.value("per")
    return Limit(
        count=fields.integer("count", 0, COUNT_LIMIT),
        per_s=PERIODS[per] if isinstance(per, str) and per in PERIODS else fields.seconds("per"),
        code=None if drop else fields.integer("code", 1, 255, _REJECTED),
        block_s=fields.seconds("block", 0.0),
    )


def _numbers(bank: Bank, fields: Fields) -> list[str | None]:
    """The SIMs that are meant; None is all."""
    if not names_modems(fields):
        return [None]
    return [card_in(modem).number for modem in some_modems(bank, fields)]


def _block(bank: Bank, fields: Fields) -> Answer:
    """Let SIMs send nothing, as an operator does who suspects something.

    code: the cause of the refusal (10). drop: true: says OK and throws texts away.
    seconds: for how long; left out: until `unblock`.
    modem, modems: the SIMs that are in these now; left out: in all.
    """
    drop = fields.flag("drop", False)
    code = None if drop else fields.integer("code", 1, 255, _BARRED)
    seconds = fields.seconds("seconds", inf)
    numbers = [card_in(modem).number for modem in some_modems(bank, fields)]
    fields.finish()
    for number in numbers:
        bank.network.limits.block(number, code, seconds)
    return {}


def _unblock(bank: Bank, fields: Fields) -> Answer:
    """Let SIMs send again.

    modem, modems: the SIMs that are in these now; left out: in all.
    """
    numbers = [modem.number for modem in some_modems(bank, fields)]
    fields.finish()
    for number in numbers:
        bank.network.limits.unblock(number)
    return {}


def _outage(bank: Bank, fields: Fields) -> Answer:
    """A cell goes dark: modems lose their network, all at once.

    seconds: for how long; left out: until state=over.
    stat: what they tell as registration meanwhile (2: looking for a network).
    state: begins (where it is left out) or over.
    modem, modems: these; left out: all.
    """
    stat = fields.integer("stat", 0, 10, _SEARCHING)
    seconds = fields.seconds("seconds") if fields.has("seconds") else None
    begins = fields.choice("state", ("begins", "over"), "begins") == "begins"
    modems = some_modems(bank, fields)
    fields.finish()
    if begins:
        bank.outages.begin(modems, stat, seconds)
    else:
        bank.outages.end(modems)
    return {}


def _waiting(bank: Bank, fields: Fields) -> Answer:
    """How many texts and reports wait at the network, for each number.

    The answer's `quiet` says that nothing waits and nothing is to come by itself.
    """
    fields.finish()
    return {"quiet": bank.network.is_quiet, "waiting": bank.network.all_waiting()}


def _inbox(bank: Bank, fields: Fields) -> Answer:
    """What a phone received: TPDUs as they came, and the texts that a person reads.

    number: its number.
    """
    number = fields.text("number")
    fields.finish()
    phone = bank.network.phones.get(number)
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


COMMANDS: dict[str, Callable[[Bank, Fields], Answer]] = {
    "latency": _latency,
    "report": _report,
    "phone": _phone,
    "phones": _phones,
    "limit": _limit,
    "block": _block,
    "unblock": _unblock,
    "outage": _outage,
    "waiting": _waiting,
    "inbox": _inbox,
}
