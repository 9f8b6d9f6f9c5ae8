"""The one error that the codec raises, and what a lenient reader does with it instead."""

from __future__ import annotations

from modemgw.pdu.value import value


class PduError(ValueError):
    """A PDU that cannot be read, or values that no PDU can carry.

    `at` is the octet offset from the start of what was given (the service-centre address
    included), None where values were to be encoded. `field` is the standard's name of the field
    (`TP-UDL`) or the name of the argument, `clause` where the standard speaks of it. As a defect
    of a value it is compared by content.
    """

    def __init__(
        self, message: str, *, at: int | None = None, field: str = "", clause: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.field = field
        self.clause = clause

    def __str__(self) -> str:
        octet = "" if self.at is None else f"octet {self.at}"
        where = ", ".join(part for part in (octet, self.field, self.clause) if part)
        return f"{self.message} ({where})" if where else self.message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PduError) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.message, self.at, self.field, self.clause))


#: Where a lenient reader notes what is wrong; None for a strict one.
Defects = list[PduError] | None


def note(error: PduError, defects: Defects) -> None:
    """Raise `error`, or keep it among the defects of a lenient reading."""
    if defects is None:
        raise error
    defects.append(error)


def truncated(octets: bytes, field: str, clause: str) -> PduError:
    """The error for a PDU that ends before `field` does."""
    return PduError(
        f"the PDU ends after {len(octets)} octets, inside or before {field}",
        at=len(octets),
        field=field,
        clause=clause,
    )


@value
class Fixed:
    """A field of fixed size: its name, its octets, and what says that it is not there."""

    name: str
    size: int
    stand_in: bytes


def completed(
    octets: bytes, at: int, fields: tuple[Fixed, ...], clause: str, defects: Defects
) -> bytes:
    """A PDU that ends inside the `fields` which begin at `at`, with stand-ins for what it lacks.

    A field that is there in part is not there: half a time is a wrong time. Raises PduError for
    a strict reader.
    """
    for i, field in enumerate(fields):
        if len(octets) < at + field.size:
            note(truncated(octets, field.name, clause), defects)
            return octets[:at] + b"".join(lacking.stand_in for lacking in fields[i:])
        at += field.size
    return octets
