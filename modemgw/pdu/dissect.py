"""A PDU for a technician's eye: every octet with its field, its meaning and the clause.

This is no second decoder. It knows in which order the fields of a TPDU stand and how long they
are, and asks the readers of the codec what they say; whether the PDU is right, and where not,
`decode` decides. So a damaged PDU is shown as far as it makes sense, and beyond that with its
octets as they are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from modemgw.pdu.decoder import decode
from modemgw.pdu.dissect_fields import walk_service_centre
from modemgw.pdu.dissect_tpdu import walk_tpdu
from modemgw.pdu.dissect_walk import Field, LostError, Walk
from modemgw.pdu.errors import PduError

_OCTETS: Final = re.compile("(?:[0-9A-Fa-f]{2})*")


def dissect(pdu: str, *, sca: bool = True, to_network: bool = False) -> tuple[Field, ...]:
    """The fields of `pdu`, in order, each octet in exactly one of them.

    The arguments are those of `decode`. Never fails: where `decode` refuses the PDU, the field
    with the offending octet bears that error as its `defect`, and the fields go on behind it
    while they make sense. Of a string that is not hex throughout, the octets up to the first
    wrong digit are shown.
    """
    walk = Walk(_leading_octets(pdu))
    try:
        if sca:
            walk_service_centre(walk)
        walk_tpdu(walk, to_network=to_network)
    except LostError:
        walk.rest("not read")
    else:
        walk.rest("beyond the TPDU")
    try:
        decode(pdu, sca=sca, to_network=to_network)
    except PduError as error:
        return _with_defect(walk.fields, error)
    return tuple(walk.fields)


def _leading_octets(pdu: str) -> bytes:
    octets = _OCTETS.match(pdu)
    return bytes.fromhex(octets[0]) if octets else b""


def _with_defect(fields: list[Field], error: PduError) -> tuple[Field, ...]:
    """`fields`, the one in which the error lies marked; behind them all, it is a field itself."""
    at = error.at or 0
    for i, field in enumerate(fields):
        if at < field.at + len(field.octets):
            return (*fields[:i], replace(field, defect=error), *fields[i + 1 :])
    return (*fields, Field(at, b"", error.field, error.clause, "missing", defect=error))
