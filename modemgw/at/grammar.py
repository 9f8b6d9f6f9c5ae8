"""What may come back for a command, in a table, with its clause and its time limit.

A response is matched to its command by this: a line belongs to the answer that is awaited if its
row says so, and to nobody's otherwise. Commands that are not here (a maker's own, typed by a
person) may answer with lines under their own name or without any prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from modemgw.at.answers.registration import is_registration_answer
from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of
from modemgw.at.results import DIALLED, ORDINARY

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.at.results import Kind

MANY: Final = 1 << 20
"""For an answer of any number of lines; the dialogue has its own bound."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The grammar of an answer: information lines, a prompt or none, and a final result.

    `prefixes` may begin its lines, of which there are `most` at most: what comes beyond is an
    announcement, as is what `is_answer` denies where both have the same prefix (`+CREG:`).
    `free` lets lines without a prefix belong to it (an identity, a PDU). `needed`: an OK without
    any line is not all of it. `prompt`: the modem asks for a text first. `finals` may end it.
    """

    prefixes: frozenset[str] = frozenset()
    most: int = 0
    needed: bool = False
    free: bool = False
    prompt: bool = False
    finals: frozenset[Kind] = ORDINARY
    is_answer: Callable[[str], bool] | None = None

    def claims(self, line: str, prefix: str | None) -> bool:
        """Whether a line is part of the answer by its prefix."""
        return prefix in self.prefixes and (self.is_answer is None or self.is_answer(line))


@dataclass(frozen=True, slots=True)
class Limit:
    """How long the final result may take, in seconds, and who says so (a key of `SOURCES`)."""

    seconds: float
    source: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table."""

    clause: str
    answer: Answer
    limit: Limit


SOURCES: Final = {
    "Telit": "Telit UC864-E/G AT Commands Reference Guide, 80304ST10041a rev. 3, §3.2.4",
    "Telit, quoted": (
        "further rows of that table as a public driver for Telit modules quotes them; not seen in "
        "the guide itself"
    ),
    "GM862": "Telit AT Commands Reference Guide 80000ST10025a rev. 5, §3.2.4",
    "alike": "that of the command of its kind in Telit's table: +CREG, +CIMI, +CHLD or +COPS",
    "Quectel": "Quectel UGxx AT Commands Manual: 120 s, determined by the network",
    "SIM800": "SIM800 Series AT Command Manual V1.09, from memory: deleting all takes up to 25 s",
    "peers": "what SMS Server Tools and python-gsmmodem wait",
    "ours": "no maker's figure seen; well beyond any answer that we know of",
}
"""Who says how long. Figures below five seconds are taken as five: a busy modem answers late."""

_LOCAL: Final = Limit(5, "Telit")
_QUOTED: Final = Limit(5, "Telit, quoted")
_SIM: Final = Limit(20, "Telit")
_RADIO: Final = Limit(180, "Telit")
_LIKE_CREG: Final = Limit(5, "alike")
_LIKE_CIMI: Final = Limit(20, "alike")
_LIKE_CHLD: Final = Limit(20, "alike")
_LIKE_COPS: Final = Limit(180, "alike")
_OTHER: Final = Limit(5, "ours")

_NOTHING: Final = Answer()


def _one(*prefixes: str, needed: bool = True) -> Answer:
    return Answer(frozenset(prefixes), most=1, needed=needed)


def _many(*prefixes: str, free: bool = False) -> Answer:
    return Answer(frozenset(prefixes), most=MANY, free=free)


def _free(*prefixes: str) -> Answer:
    return Answer(frozenset(prefixes), most=1, free=True, needed=True)


def _registration(name: str, clause: str, limit: Limit = _LIKE_CREG) -> dict[str, Rule]:
    return {
        f"{name}?": Rule(clause, replace(_one(name), is_answer=is_registration_answer), limit),
        f"{name}=?": Rule(clause, _one(name), limit),
        f"{name}=": Rule(clause, _NOTHING, limit),
    }


def _setting(name: str, clause: str, limit: Limit = _LOCAL) -> dict[str, Rule]:
    """A value that is read, tested and set, each with what V.250 §5.4 makes of it."""
    return {
        f"{name}?": Rule(clause, _one(name), limit),
        f"{name}=?": Rule(clause, _one(name), limit),
        f"{name}=": Rule(clause, _NOTHING, limit),
    }


RULES: Final[dict[str, Rule]] = {
    "": Rule("V.250 §5.2.1", _NOTHING, Limit(1, "ours")),
    "E": Rule("V.250 §6.2.4", _NOTHING, _OTHER),
    "V": Rule("V.250 §6.2.6", _NOTHING, _OTHER),
    "Z": Rule("V.250 §6.1.1", _NOTHING, _OTHER),
    "&F": Rule("V.250 §6.1.2", _NOTHING, _OTHER),
    "&W": Rule("maker", _NOTHING, _OTHER),
    "I": Rule("V.250 §6.1.3", _many(free=True), _QUOTED),
    "D": Rule("V.250 §6.3.1", replace(_NOTHING, finals=DIALLED), _LIKE_COPS),
    "A": Rule("V.250 §6.3.5", replace(_NOTHING, finals=DIALLED), _LIKE_COPS),
    "H": Rule("V.250 §6.3.6", _NOTHING, _LIKE_CHLD),
    "O": Rule("V.250 §6.3.7", replace(_NOTHING, finals=DIALLED), _OTHER),
    "+GMI": Rule("V.250 §6.1.4", _free("+GMI"), _QUOTED),
    "+GMM": Rule("V.250 §6.1.5", _free("+GMM"), _QUOTED),
    "+GMR": Rule("V.250 §6.1.6", _free("+GMR"), _QUOTED),
    "+GSN": Rule("V.250 §6.1.7", _free("+GSN"), Limit(20, "Telit, quoted")),
    "+CGMI": Rule("27.007 §5.1", _free("+CGMI"), _LOCAL),
    "+CGMM": Rule("27.007 §5.2", _free("+CGMM"), _LOCAL),
    "+CGMR": Rule("27.007 §5.3", _free("+CGMR", "+REVISION"), _LOCAL),
    "+CGSN": Rule("27.007 §5.4", _free("+CGSN"), _SIM),
    "+CGSN=": Rule("27.007 §5.4", _free("+CGSN"), _LIKE_CIMI),
    "+CIMI": Rule("27.007 §5.6", _free("+CIMI"), _SIM),
    **_setting("+CSCS", "27.007 §5.5"),
    **_setting("+CRC", "27.007 §6.11"),
    "+CHUP": Rule("27.007 §6.5", _NOTHING, _LIKE_CHLD),
    "+CNUM": Rule("27.007 §7.1", _many("+CNUM"), _SIM),
    **_registration("+CREG", "27.007 §7.2", _LOCAL),
    **_registration("+CGREG", "27.007 §10.1.20"),
    **_registration("+CEREG", "27.007 §10.1.22"),
    **_registration("+C5GREG", "27.007 §10.1.47"),
    "+COPS?": Rule("27.007 §7.3", _one("+COPS"), Limit(30, "GM862")),
    "+COPS=?": Rule("27.007 §7.3", _many("+COPS", free=True), _RADIO),
    "+COPS=": Rule("27.007 §7.3", _NOTHING, _RADIO),
    "+CLIP?": Rule("27.007 §7.6", _one("+CLIP"), _RADIO),
    "+CLIP=": Rule("27.007 §7.6", _NOTHING, Limit(15, "GM862")),
    "+CCWA=": Rule("27.007 §7.12", _many("+CCWA"), _SIM),
    # `+CUSD:` is always an announcement, also where a modem prints it before the OK.
    "+CUSD=": Rule("27.007 §7.15", _NOTHING, _RADIO),
    "+CUSD?": Rule("27.007 §7.15", _one("+CUSD"), _OTHER),
    "+CLCC": Rule("27.007 §7.18", _many("+CLCC"), _SIM),
    "+CFUN?": Rule("27.007 §8.2", _one("+CFUN"), Limit(15, "ours")),
    "+CFUN=?": Rule("27.007 §8.2", _one("+CFUN"), Limit(15, "ours")),
    "+CFUN=": Rule("27.007 §8.2", _NOTHING, Limit(30, "ours")),
    "+CPIN?": Rule("27.007 §8.3", _one("+CPIN"), _SIM),
    "+CPIN=": Rule("27.007 §8.3", _NOTHING, Limit(30, "peers")),
    "+CPINR": Rule("27.007 §8.65", _many("+CPINR"), _LIKE_CIMI),
    "+CPINR=": Rule("27.007 §8.65", _many("+CPINR"), _LIKE_CIMI),
    "+QPINC=": Rule("Quectel", _many("+QPINC"), _LIKE_CIMI),
    "+QPINC?": Rule("Quectel", _many("+QPINC"), _LIKE_CIMI),
    "+SPIC": Rule("SIMCom", _one("+SPIC"), _LIKE_CIMI),
    "#PCT": Rule("Telit", _one("#PCT"), Limit(10, "Telit, quoted")),
    "+UPINCNT": Rule("u-blox", _one("+UPINCNT"), _LIKE_CIMI),
    "^SPIC": Rule("Cinterion", _one("^SPIC"), _LIKE_CIMI),
    "^CPIN?": Rule("Huawei", _one("^CPIN"), _LIKE_CIMI),
    "+CSQ": Rule("27.007 §8.5", _one("+CSQ"), _LOCAL),
    "+CESQ": Rule("27.007 §8.69", _one("+CESQ"), _OTHER),
    "+CIND?": Rule("27.007 §8.9", _one("+CIND"), _OTHER),
    "+CIND=?": Rule("27.007 §8.9", _one("+CIND"), _OTHER),
    **_setting("+CMER", "27.007 §8.10", _OTHER),
    **_setting("+CCLK", "27.007 §8.15", _OTHER),
    **_setting("+CTZU", "27.007 §8.40", _OTHER),
    **_setting("+CTZR", "27.007 §8.41", _OTHER),
    "+CSIM=": Rule("27.007 §8.17", _one("+CSIM"), _LIKE_CIMI),
    "+CRSM=": Rule("27.007 §8.18", _one("+CRSM"), _LIKE_CIMI),
    "+CLAC": Rule("27.007 §8.37", _many("+CLAC", free=True), Limit(5, "GM862")),
    **_setting("+CMEE", "27.007 §9.1", _QUOTED),
    **_setting("+CGSMS", "27.007 §10.1.21", _OTHER),
    "+CCID": Rule("maker", _free("+CCID"), _LIKE_CIMI),
    "+CCID?": Rule("maker", _free("+CCID"), _LIKE_CIMI),
    "+ICCID": Rule("maker", _free("+ICCID"), _LIKE_CIMI),
    "+QCCID": Rule("Quectel", _free("+QCCID", "+CCID"), _LIKE_CIMI),
    "+CICCID": Rule("SIMCom", _free("+CICCID", "+ICCID"), _LIKE_CIMI),
    "^ICCID?": Rule("Huawei", _free("^ICCID"), _LIKE_CIMI),
    "#CCID": Rule("Telit", _free("#CCID"), _LIKE_CIMI),
    "^SCID": Rule("Cinterion", _free("^SCID"), _LIKE_CIMI),
    "+CSMS?": Rule("27.005 §3.2.1", _one("+CSMS"), _QUOTED),
    "+CSMS=?": Rule("27.005 §3.2.1", _one("+CSMS"), _QUOTED),
    "+CSMS=": Rule("27.005 §3.2.1", _one("+CSMS", needed=False), _QUOTED),
    "+CPMS?": Rule("27.005 §3.2.2", _one("+CPMS"), Limit(15, "ours")),
    "+CPMS=?": Rule("27.005 §3.2.2", _one("+CPMS"), Limit(15, "ours")),
    "+CPMS=": Rule("27.005 §3.2.2", _one("+CPMS", needed=False), Limit(15, "ours")),
    **_setting("+CMGF", "27.005 §3.2.3", _QUOTED),
    **_setting("+CSCA", "27.005 §3.3.1", Limit(20, "Telit, quoted")),
    **_setting("+CNMI", "27.005 §3.4.1", _QUOTED),
    "+CMGL": Rule("27.005 §4.1", _many("+CMGL", free=True), Limit(60, "peers")),
    "+CMGL=": Rule("27.005 §4.1", _many("+CMGL", free=True), Limit(60, "peers")),
    "+CMGR=": Rule(
        "27.005 §4.2", Answer(frozenset({"+CMGR"}), most=1, free=True), Limit(15, "ours")
    ),
    "+CNMA": Rule("27.005 §4.6", _NOTHING, _OTHER),
    "+CNMA=": Rule("27.005 §4.6", _NOTHING, _OTHER),
    "+CMGS=": Rule(
        "27.005 §4.3",
        replace(_one("+CMGS", needed=False), prompt=True),
        Limit(120, "Quectel"),
    ),
    "+CMSS=": Rule("27.005 §4.7", _one("+CMSS", needed=False), Limit(120, "Quectel")),
    "+CMGW=": Rule("27.005 §4.4", replace(_one("+CMGW"), prompt=True), Limit(15, "ours")),
    "+CMGD=": Rule("27.005 §3.5.4", _NOTHING, Limit(25, "SIM800")),
    "+CMGD=?": Rule("27.005 §3.5.4", _one("+CMGD"), Limit(15, "ours")),
    **_setting("+CMMS", "27.005 §3.5.6", _OTHER),
}
"""By name and form: `+X` is done, `+X?` read, `+X=?` tested, `+X=` set (V.250 §5.4)."""

_BASIC = re.compile(r"(&?[A-Z])[0-9]*(?:=[0-9]*|\?)?", re.IGNORECASE)
_EXTENDED = re.compile(r"([+^#$%*!_@][A-Z0-9_/.]+)\s*(=\?|\?|=)?", re.IGNORECASE)
_VALUES = re.compile(r'(?:"[^"]*"?|[^";])*')  # a semicolon in quotes is a text's


def keys_of(text: str) -> tuple[str, ...]:
    """The commands of a line (V.250 §5.2.1, §5.4.1), as keys of `RULES`.

    Raises AtError for what does not begin as a command line. What makers have added to the syntax
    (`AT\\Q3`) is a command of its own up to the next semicolon.
    """
    if text[:2].upper() != "AT":
        raise AtError(f"no command line: {text[:40]!r}")
    keys: list[str] = []
    rest = text[2:].lstrip(" ;")
    while rest:
        extended = _EXTENDED.match(rest)
        basic = _BASIC.match(rest) if rest[0] not in "Dd" else None
        if extended:
            keys.append(extended[1].upper() + (extended[2] or ""))
        elif basic:
            keys.append(basic[1].upper())
        else:
            keys.append(rest[0].upper())
        end = basic.end() if basic else _end_of_values(rest, extended.end() if extended else 0)
        rest = rest[end:].lstrip(" ;")
    return tuple(keys) or ("",)


def _end_of_values(text: str, start: int) -> int:
    found = _VALUES.match(text, start)
    return found.end() if found else len(text)


def rule_for(key: str) -> Rule:
    """The row of a command; a lenient one where the table does not have it."""
    found = RULES.get(key)
    if found is not None:
        return found
    name = key.rstrip("=?")
    prefixes = frozenset({name} if _EXTENDED.fullmatch(name) else ())
    return Rule("maker", Answer(prefixes, most=MANY, free=True), _OTHER)


def answer_of(answers: tuple[Answer, ...]) -> Answer:
    """What commands joined by `;` answer: their lines, one final result (V.250 §5.2.1)."""
    if len(answers) == 1:
        return answers[0]
    return Answer(
        prefixes=frozenset().union(*(answer.prefixes for answer in answers)),
        most=sum(answer.most for answer in answers),
        needed=any(answer.needed for answer in answers),
        free=any(answer.free for answer in answers),
        prompt=answers[-1].prompt,
        finals=frozenset().union(*(answer.finals for answer in answers)),
        is_answer=_Any(answers),
    )


@dataclass(frozen=True, slots=True)
class _Any:
    """Claims what one of several answers claims."""

    answers: tuple[Answer, ...]

    def __call__(self, line: str) -> bool:
        prefix = prefix_of(line)
        return any(answer.claims(line, prefix) for answer in self.answers)
