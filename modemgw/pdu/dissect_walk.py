"""A walk over the octets of a PDU that leaves nothing out: each octet goes into one `Field`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modemgw.pdu.value import value

if TYPE_CHECKING:
    from modemgw.pdu.errors import PduError


@value
class Bits:
    """Some bits of an octet. In `pattern` they are digits, and the others are dots."""

    pattern: str
    name: str
    clause: str
    meaning: str


@value
class Field:
    """A group of octets that means one thing.

    `at` is the offset of the first octet, `name` the standard's name of the field (`TP-SCTS`),
    `clause` where the standard speaks of it. `bits` are the parts of an octet that has several.
    `defect` is what `decode` refuses the PDU for, if that lies here. A field without octets is a
    place where octets are missing.
    """

    at: int
    octets: bytes
    name: str
    clause: str
    meaning: str
    bits: tuple[Bits, ...] = ()
    defect: PduError | None = None


class LostError(Exception):
    """What follows cannot be told: the PDU ends early, or a length makes no sense."""


#: What the octets of a field mean, and what the bits of an octet do.
Words = Callable[[bytes], str]
Explain = Callable[[int], tuple[Bits, ...]]


def no_bits(_octet: int) -> tuple[Bits, ...]:
    """For fields whose bits mean nothing by themselves."""
    return ()


class Walk:
    """The octets, where we stand, and the fields so far."""

    __slots__ = ("at", "fields", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0
        self.fields: list[Field] = []

    def take(
        self, count: int, name: str, clause: str, words: Words, explain: Explain = no_bits
    ) -> bytes:
        """The next `count` octets, as a field; no octets are no field.

        Raises LostError, with a field for what is there, if the PDU ends before.
        """
        octets = self.octets[self.at : self.at + count]
        if len(octets) == count:
            if octets:
                self._add(Field(self.at, octets, name, clause, words(octets), explain(octets[0])))
            return octets
        if octets:
            self._add(
                Field(self.at, octets, name, clause, f"cut short: {len(octets)} of {count} octets")
            )
        raise LostError

    def rest(self, meaning: str) -> None:
        """All that is left, as a field of no name."""
        octets = self.octets[self.at :]
        if octets:
            self._add(Field(self.at, octets, "", "", meaning))

    def _add(self, field: Field) -> None:
        self.fields.append(field)
        self.at += len(field.octets)
