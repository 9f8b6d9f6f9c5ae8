"""Lanes: where messages wait for a line.

A lane is a name. Messages bound to a line wait in the line's lane, the others in their pool's; the
default pool's name is empty. Texts that wait for the first sweeps after a start (marketing, and
what was scheduled) have lanes of their own, so that nobody has to step over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATIENT = "/patient"

PRIORITY_LIMIT = 9
PRIORITIES = {"marketing": 2, "transactional": 5, "conversational": 8}
AUTOMATIC_PRIORITY = PRIORITY_LIMIT + 1  # confirmations overtake everything


def is_patient(kind: str | None, send_at: float | None) -> bool:
    """Whether a text waits for the first sweeps after a start."""
    return kind == "marketing" or send_at is not None


def line_lane(line_id: str, *, patient: bool) -> str:
    """The lane of what only this line may send."""
    return f"line:{line_id}" + _PATIENT * patient


def pool_lane(pool: str | None, *, patient: bool) -> str:
    """The lane of what any line of the pool may send."""
    return f"pool:{pool or ''}" + _PATIENT * patient


def lanes_of(line_id: str, pools: Iterable[str], *, patient_too: bool) -> list[str]:
    """The lanes that a line serves: its own, its pools', the default pool's."""
    calm = (False, True) if patient_too else (False,)
    return [
        lane
        for patient in calm
        for lane in (
            line_lane(line_id, patient=patient),
            *(pool_lane(pool, patient=patient) for pool in ("", *pools)),
        )
    ]
