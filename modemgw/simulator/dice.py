"""Chance that comes again: the same seed and the same matter, the same draws.

A stream that several matters shared would give each of them what the others left, and which of two
modems comes first is the machine's business. So every matter is named, and its draws hang on its
name alone.
"""

from __future__ import annotations

from random import Random


def dice(seed: int, *matter: object) -> Random:
    """A source for one matter, such as `dice(7, "answer", "+15550001001", 3)`."""
    return Random(f"{seed}/{'/'.join(map(str, matter))}")
