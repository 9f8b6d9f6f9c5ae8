"""One try with each personality, and what came of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator.personality import PERSONALITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def with_each(attempt: Callable[[int, str], None], own: Mapping[str, str]) -> str:
    """Try each; in words, how many held and which did not.

    `own` says of which personalities it is known that the judge may not take them, and why; some
    of that is chance. Raises AssertionError where another did not hold.
    """
    failed: dict[str, str] = {}
    for modem, name in enumerate(PERSONALITIES):
        try:
            attempt(modem, name)
        except AssertionError as problem:
            failed[name] = " ".join(str(problem).split())[:200]
    assert set(failed) <= set(own), failed
    held = f"{len(PERSONALITIES) - len(failed)} of {len(PERSONALITIES)} personalities"
    return "; ".join([held, *(f"{name} {own[name]}" for name in failed)])
