"""Decoding agrees with what the standard says of 1,797 PDUs, most of them seen by nine peers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from modemgw import pdu

from .vectors import load_lines

if TYPE_CHECKING:
    from .vectors import Vector

VECTORS = load_lines("pdu-decode.jsonl")
INVALID = load_lines("pdu-invalid.jsonl")


def _decode(vector: Vector, *, lenient: bool) -> pdu.Tpdu:
    return pdu.decode(
        vector["pdu"],
        sca=vector["sca_included"],
        to_network=vector["direction"] == "mo",
        lenient=lenient,
    )


def _wrong(vector: Vector) -> dict[str, tuple[object, object]] | str:
    """The fields in which we differ, each with what was expected; empty if in none."""
    refusable = vector.get("prefer") == "either"
    lenient = vector.get("malformed", False) and not refusable
    try:
        fields = pdu.as_dict(_decode(vector, lenient=lenient))
    except pdu.PduError as error:
        return {} if refusable else str(error)
    absent = object()
    return {
        name: (expected, fields.get(name))
        for name, expected in vector["expect"].items()
        if fields.get(name, absent) != expected
    }


@pytest.mark.parametrize("category", sorted({vector["category"] for vector in VECTORS}))
def test_every_expected_field_of_every_vector_is_decoded(category: str) -> None:
    """No field of any vector of the category differs from what is expected."""
    wrong = {
        vector["id"]: problem
        for vector in VECTORS
        if vector["category"] == category
        if (problem := _wrong(vector))
    }
    assert wrong == {}


@pytest.mark.parametrize("category", sorted({vector["category"] for vector in INVALID}))
def test_every_invalid_pdu_is_refused_with_place_and_field(category: str) -> None:
    """A refusal names an octet that the PDU has, or its end, and the field."""
    for vector in INVALID:
        if vector["category"] != category:
            continue
        with pytest.raises(pdu.PduError) as caught:
            _decode(vector, lenient=False)
        at = caught.value.at
        assert at is not None
        assert 0 <= at <= len(vector["pdu"]) // 2 + 1
        assert caught.value.field


def test_a_well_formed_vector_means_the_same_to_a_lenient_reader() -> None:
    """Lenience changes nothing where nothing is wrong, and notes no defects."""
    for vector in VECTORS:
        if not vector.get("malformed"):
            lenient = _decode(vector, lenient=True)
            assert lenient == _decode(vector, lenient=False)
            assert "defects" not in pdu.as_dict(lenient)


def test_what_was_decoded_encodes_to_the_same_octets_where_it_is_canonical() -> None:
    """Constructed PDUs come back octet by octet, but for fillers and bits that carry nothing."""
    different = Counter(
        vector["category"]
        for vector in VECTORS
        if vector["source"].startswith("constructed") and not vector.get("malformed")
        if vector["sca_included"]
        if not _same_again(vector)
    )
    assert different == {}


def _same_again(vector: Vector) -> bool:
    tpdu = _decode(vector, lenient=False)
    return pdu.frame(tpdu).hex == str(vector["pdu"]).upper()
