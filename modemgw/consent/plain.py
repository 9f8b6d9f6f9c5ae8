"""Text in plain characters, of which each is known where it stood.

Digits of all scripts and widths become those of ASCII, and what is invisible goes: by such means a
number is hidden, or only typed on another keyboard.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A character with the marks that belong to it: only together do they have a composed form.
_CLUSTER: Final = re.compile(r".[\u0300-\u036f\u0900-\u0903\u093a-\u094f]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Plain:
    """`text` in plain characters. `origins`: from where to where each of them stood in the text as
    it was; None: where it stands.
    """

    text: str
    origins: Sequence[tuple[int, int]] | None = None

    def places(self, start: int, end: int) -> Iterator[int]:
        """Which characters of the text as it was these were."""
        if self.origins is None:
            yield from range(start, end)
            return
        for origin in self.origins[start:end]:
            yield from range(*origin)


def plain(text: str) -> Plain:
    """A text in plain characters."""
    if text.isascii():
        return Plain(text)
    characters: list[str] = []
    origins: list[tuple[int, int]] = []
    for cluster in _CLUSTER.finditer(text):
        folded = _fold(cluster[0])
        characters.append(folded)
        origins += [cluster.span()] * len(folded)
    return Plain("".join(characters), origins)


def _fold(cluster: str) -> str:
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c
        for c in unicodedata.normalize("NFKC", cluster)
        if unicodedata.category(c) != "Cf"
    )
