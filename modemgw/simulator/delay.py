"""How long something takes: always the same, or drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf, log
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from modemgw.simulator.control_fields import Fields

_SIGMA: Final = 0.5
_SIGMA_LIMIT: Final = 5.0


class Shape(StrEnum):
    """How the draws are distributed."""

    FIXED = "fixed"
    UNIFORM = "uniform"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True)
class Delay:
    """`s` is the time itself, the least, the mean or the median, in seconds, as `shape` has it.

    `to_s` is the most of a uniform one, `sigma` the spread of a lognormal one (of the natural
    logarithm); nothing is longer than `cap_s`.
    """

    s: float
    shape: Shape = Shape.FIXED
    to_s: float = 0.0
    sigma: float = _SIGMA
    cap_s: float = inf

    @property
    def is_drawn(self) -> bool:
        """Whether it takes chance to tell it."""
        return self.shape is not Shape.FIXED

    def draw(self, rng: Random) -> float:
        """One of them, in seconds."""
        match self.shape:
            case Shape.FIXED:
                return self.s
            case Shape.UNIFORM:
                return rng.uniform(self.s, self.to_s)
            case Shape.EXPONENTIAL:
                drawn = rng.expovariate(1 / self.s) if self.s else 0.0
            case Shape.LOGNORMAL:
                drawn = rng.lognormvariate(log(self.s), self.sigma) if self.s else 0.0
        return min(drawn, self.cap_s)


AT_ONCE: Final = Delay(0.0)
USUAL: Final = Delay(0.05)


def read_delay(fields: Fields, name: str, default: Delay) -> Delay:
    """A duration, or an object with one of `uniform` (a list of two), `exponential` (the mean) and
    `lognormal` (the median, with `sigma`), the last two with `cap`. ControlError for others."""
    if not fields.has(name) or not fields.is_object(name):
        return Delay(fields.seconds(name, default.s)) if fields.has(name) else default
    inner = fields.object(name)
    shape = inner.one_of(Shape.UNIFORM, Shape.EXPONENTIAL, Shape.LOGNORMAL)
    if shape == Shape.UNIFORM:
        low, high = inner.span(shape)
        delay = Delay(low, Shape.UNIFORM, to_s=high)
    else:
        delay = Delay(
            inner.seconds(shape),
            Shape(shape),
            sigma=inner.number("sigma", 0, _SIGMA_LIMIT, _SIGMA),
            cap_s=inner.seconds("cap", inf),
        )
    inner.finish()
    return delay
