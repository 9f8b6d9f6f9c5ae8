"""What a value of the codec is: a slotted dataclass, compared and hashed by its content.

To the type checker it is frozen: an assignment to a field is an error of `mypy --strict`, which
the whole program must pass. At run time it is not, because a frozen dataclass sets each field
through `object.__setattr__`, and that alone costs more than decoding a short PDU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Make `cls` a value."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
