"""The one error that the codec raises, and the defect that a lenient reading notes instead."""

from __future__ import annotations


class PduError(ValueError):
    """A PDU that cannot be read, or values that no PDU can carry.

    `at` is the octet offset from the start of what was given (the service-centre address
    included), None where values were to be encoded. `field` is the standard's name of the field
    (`TP-UDL`) or the name of the argument, `clause` where the standard speaks of it.
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


def truncated(octets: bytes, field: str, clause: str) -> PduError:
    """The error for a PDU that ends before `field` does."""
    return PduError(
        f"the PDU ends after {len(octets)} octets, inside or before {field}",
        at=len(octets),
        field=field,
        clause=clause,
    )
