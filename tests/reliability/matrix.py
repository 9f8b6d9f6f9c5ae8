"""The faults, each on a modem of its own, and what must come of them.

Times are those of real modems, in seconds; a run with less patience divides them all. How often a
fault strikes is told for 20 texts and for 200: what holds a modem for two minutes strikes seldom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Doubt(Enum):
    """How many texts may be in doubt in the end. Where the network reports, none that it took."""

    NONE = "none"  # the answer, or its absence, is certain
    SOME = "some"  # at most one for each strike
    EACH = "each"  # one for each strike: nobody can know


@dataclass(frozen=True, slots=True)
class Arm:
    """A fault of the simulator. `few` and `many` are how often it may strike in a run with 20 and
    with 200 texts; None: as often as it likes."""

    name: str
    p: float = 1.0
    seconds: float = 0.0
    codes: tuple[int, ...] = ()
    few: int | None = None
    many: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A fault and its modem.

    `inbound`: texts come in meanwhile, too; `direct`: every second one is of class 0, which no
    modem stores. `reports`: the network tells what it delivered, `report_after_s` later: a report
    that comes while a modem starts is thrown away by it, so where that is the fault they come when
    all is over. `fails`: a text that is struck ends, with a reason. `slower` is what the time of a
    submit is multiplied by; `places` is how many texts the SIM stores, where they are stored there.
    """

    key: str
    words: str
    arms: tuple[Arm, ...]
    doubt: Doubt = Doubt.NONE
    inbound: bool = False
    reports: bool = False
    report_after_s: float = 60.0
    fails: bool = False
    direct: bool = False
    slower: float = 1.0
    places: int | None = None
    profile: str = "generic"


def _row(key: str, words: str, *arms: Arm, **more: object) -> Row:
    return Row(key, words, arms, **more)  # type: ignore[arg-type]


def _refused(key: str, words: str, *codes: int, **more: object) -> Row:
    few, many = more.pop("few", 5), more.pop("many", 40)
    arm = Arm("cms_error", 0.5, codes=codes, few=few, many=many)  # type: ignore[arg-type]
    return _row(key, words, arm, **more)


# What is not announced is found by a listing: so there is something to list.
_LISTED = Arm("drop_cmti", 0.3)
_NOBODY_KNOWS = (331, 332, 500, 512, 0)

ROWS: tuple[Row, ...] = (
    _refused("cms-message", "`+CMS ERROR`: the text's fault", 1, 28, 30, 96, fails=True),
    _refused("cms-recipient", "`+CMS ERROR`: the recipient's", 27, few=2, many=10),
    _refused("cms-line", "`+CMS ERROR`: the line's", 8, 10, 21, 50, few=2, many=4),
    _refused("cms-network", "`+CMS ERROR`: the network's", 38, 41, 42, 47),
    _refused("cms-centre", "`+CMS ERROR`: the service centre's", 192, 194, 208, 211),
    _refused("cms-modem", "`+CMS ERROR`: the modem's", 302, 314, 320, 322),
    _refused("cms-sim", "`+CMS ERROR`: the SIM's", 310, 311, 313, few=2, many=4),
    _refused("cms-duplicate", "`+CMS ERROR: 197`: it has it already", 197),
    _refused("cms-unknown", "an error that proves nothing, not taken", *_NOBODY_KNOWS,
             doubt=Doubt.EACH),
    _row("error-taken", "an error that proves nothing, taken",
         Arm("accepted_error", 0.5, codes=_NOBODY_KNOWS, few=5, many=40), doubt=Doubt.EACH),
    _row("error-taken-reports", "the same, reports on",
         Arm("accepted_error", 0.5, codes=_NOBODY_KNOWS, few=5, many=40), reports=True),
    _row("never-answers", "`AT+CMGS` never answers, nothing taken",
         Arm("no_answer", 0.4, seconds=150, few=2, many=4), doubt=Doubt.EACH),
    _row("ok-lost", "OK lost after the network took it",
         Arm("lost_ok", 0.4, few=2, many=5), doubt=Doubt.EACH),
    _row("ok-lost-reports", "the same, reports on",
         Arm("lost_ok", 0.4, few=2, many=5), reports=True),
    _row("ok-after-65s", "OK after 65 s", Arm("late_ok", 0.4, seconds=65, few=2, many=4)),
    _row("ok-after-122s", "OK after 122 s, just beyond the limit",
         Arm("late_ok", 0.4, seconds=122, few=2, many=4)),
    _row("ok-after-130s", "OK after 130 s, beyond the limit",
         Arm("late_ok", 0.4, seconds=130, few=2, many=4)),
    _row("no-prompt", "no prompt", Arm("no_prompt", 0.4, few=3, many=12)),
    _row("prompt-late", "prompt after 12 s, beyond the limit",
         Arm("slow_prompt", 0.4, seconds=12, few=3, many=12)),
    _row("garbage", "garbage between answers", Arm("garbage"), doubt=Doubt.SOME, inbound=True),
    _row("garbled", "octets above 127 inside answers",
         Arm("garbled", 0.1, few=6, many=12), _LISTED, doubt=Doubt.SOME, inbound=True),
    _row("nul", "NULs", Arm("nul", 0.5), _LISTED, inbound=True),
    _row("trickle", "octets one by one", Arm("trickle", seconds=0.001), _LISTED, inbound=True),
    _row("urc", "announcements at every point", Arm("urc", 0.3), Arm("drop_cmti", 0.6),
         inbound=True, direct=True),
    _row("cmti-doubled", "doubled `+CMTI`", Arm("dup_cmti", 0.5), inbound=True),
    _row("cmti-lost", "lost `+CMTI`", Arm("drop_cmti", 0.5), inbound=True),
    _row("reboot", "reboot in the middle of a submit",
         Arm("reboot_in_submit", 0.3, few=3, many=20), doubt=Doubt.EACH, inbound=True),
    _row("reboot-reports", "the same, reports on",
         Arm("reboot_in_submit", 0.3, few=3, many=20), doubt=Doubt.SOME, reports=True,
         report_after_s=600),
    _row("unplug-submit", "unplugged in the middle of a submit",
         Arm("unplug_in_submit", 0.3, seconds=10, few=3, many=12), doubt=Doubt.EACH, inbound=True),
    _row("unplug-submit-reports", "the same, reports on",
         Arm("unplug_in_submit", 0.3, seconds=10, few=3, many=12), doubt=Doubt.SOME, reports=True,
         report_after_s=600),
    _row("unplug-listing", "unplugged in the middle of a listing", Arm("drop_cmti", 0.5),
         Arm("unplug_in_listing", seconds=10, few=3, many=12), inbound=True),
    _row("unplug-delete", "unplugged in the middle of a delete",
         Arm("unplug_in_delete", 0.4, seconds=10, few=3, many=12), inbound=True),
    _row("echo", "echo returns", Arm("echo", 0.3), inbound=True),
    _row("sim-removed", "SIM out for 20 s", Arm("sim_removed", 0.3, seconds=20, few=2, many=6)),
    _row("sim-full", "SIM full, nothing announced", Arm("drop_cmti"), Arm("memory_full"),
         inbound=True, places=5, profile="huawei-e3372"),
    _row("registration", "registration lost for a minute",
         Arm("registration_lost", 0.3, seconds=60, few=2, many=4), doubt=Doubt.SOME),
    _row("slow", "ten times slower", Arm("slow", seconds=0.3), inbound=True, slower=10),
    _row("answers-late", "any answer 15 s late, now and then",
         Arm("slow", 0.1, seconds=15, few=6, many=12), inbound=True),
    _row("dead", "the port opens, the modem is dead for a minute",
         Arm("dead", 0.1, seconds=60, few=2, many=6), inbound=True),
    _row("stuck", "stuck until it is reset", Arm("stuck", 0.3, few=2, many=4), inbound=True),
)  # fmt: skip


def named(key: str) -> Row:
    """The row of this key; KeyError names those that there are."""
    return {row.key: row for row in ROWS}[key]


@dataclass(frozen=True, slots=True)
class Size:
    """A run: how many texts a fault, and what all time limits are multiplied by."""

    texts: int
    patience: float
    limit_s: float
    submit_ms: float
    rows: tuple[Row, ...] = field(default=ROWS)

    @property
    def is_long(self) -> bool:
        """Whether faults may strike as often as in a run with 200 texts."""
        return self.texts >= 100


REAL = Size(texts=200, patience=1.0, limit_s=2700.0, submit_ms=200.0)
HURRIED = Size(texts=20, patience=0.05, limit_s=150.0, submit_ms=20.0)
