"""Lanes: where messages wait for a line.

A lane is a name made of four things: the line that alone may send from it (`*`: any line of the
pool), the pool (empty: the default pool; `!`: none, for automatic answers, which no pause and no
limit of a pool holds), the API key that sent it (its last eight digits; empty: the gateway itself),
and whether its texts wait for the first sweeps after a start (marketing, and what was scheduled).
So nobody has to step over what may not go: a pool that is paused or has used up its limit is a few
lanes that are left alone, and pools and keys that share a line are lanes that it takes turns at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Set

PRIORITY_LIMIT = 9
PRIORITIES = {"marketing": 2, "transactional": 5, "conversational": 8}
AUTOMATIC_PRIORITY = PRIORITY_LIMIT + 1  # confirmations overtake everything

Flow: TypeAlias = tuple[str, str]
"""Who shares a line with others: a pool and a key."""

DEFAULT_POOL: Final = ""
ANSWERS: Final = "!"  # no name that a pool may have

_ANY_LINE = "*"
_KEY_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane; see above."""

    line: str | None
    pool: str
    key: str
    patient: bool

    @property
    def flow(self) -> Flow:
        """Whose turn it is when a message of this lane is sent."""
        return self.pool, self.key

    @property
    def name(self) -> str:
        """As it stands in the database."""
        return "|".join((self.line or _ANY_LINE, self.pool, self.key, "patient" * self.patient))

    @staticmethod
    @lru_cache(maxsize=4_096)
    def parse(name: str) -> Lane:
        """The lane of a name. ValueError where it is none."""
        line, pool, key, patient = name.split("|")
        return Lane(None if line == _ANY_LINE else line, pool, key, bool(patient))


def is_of(pool: str, pools: Collection[str]) -> bool:
    """Whether lines of these pools send what waits for one."""
    return pool in (DEFAULT_POOL, ANSWERS) or pool in pools


def lane_of_answers(line_id: str) -> str:
    """The name of the lane of what a line answers by itself."""
    return Lane(line_id, ANSWERS, "", patient=False).name


def is_patient(kind: str | None, send_at: float | None) -> bool:
    """Whether a text waits for the first sweeps after a start."""
    return kind == "marketing" or send_at is not None


def lane_of(
    line_id: str | None,
    pool: str | None,
    key_id: str | None,
    *,
    kind: str | None,
    send_at: float | None = None,
) -> str:
    """The name of the lane of a text; `line_id` None: any line of the pool may send it."""
    key = (key_id or "")[-_KEY_DIGITS:]
    return Lane(line_id, pool or "", key, is_patient(kind, send_at)).name


class WaitingLanes:
    """The lanes in which something may wait, so that a claim looks at these alone.

    A lane comes in with whatever is put into it and goes when a claim has found it empty, unless
    something was put into it meanwhile: `mark` tells the moments apart.
    """

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}  # when each was last put into
        self._tops: dict[str, int] = {}  # the highest priority since it was last found empty
        self._by_line: dict[str | None, dict[str, Lane]] = {}
        self.mark = 0

    def add(self, name: str, priority: int) -> Lane:
        """Something of this priority waits in this lane."""
        self.mark += 1
        self._marks[name] = self.mark
        self._tops[name] = max(self._tops.get(name, priority), priority)
        lane = Lane.parse(name)
        self._by_line.setdefault(lane.line, {})[name] = lane
        return lane

    def emptied(self, names: Iterable[str], mark: int) -> None:
        """Nothing was found in these lanes by who began to look at a moment."""
        for name in names:
            if self._marks.get(name, mark + 1) <= mark:
                del self._marks[name], self._tops[name]
                line = Lane.parse(name).line
                of_line = self._by_line[line]
                del of_line[name]
                if not of_line:
                    del self._by_line[line]

    def of(
        self, line_id: str, pools: Set[str], is_open: Callable[[str], bool], *, patient_too: bool
    ) -> list[str]:
        """Those that a line of these pools may send from: its own, of whatever pool, and theirs."""
        own, shared = self._by_line.get(line_id, {}), self._by_line.get(None, {})
        open_pools = set(filter(is_open, {*pools, *(lane.pool for lane in own.values())}))
        open_to_all = open_pools & pools
        return [
            name
            for lanes, allowed in ((own, open_pools), (shared, open_to_all))
            for name, lane in lanes.items()
            if lane.pool in allowed and (patient_too or not lane.patient)
        ]

    def urgent_first(self, names: Iterable[str]) -> list[str]:
        """Lanes in the order of the highest priority that was put into each."""
        return sorted(names, key=lambda name: -self._tops.get(name, 0))

    def of_line(self, line_id: str) -> list[str]:
        """Those that a line alone may send from."""
        return list(self._by_line.get(line_id, ()))
