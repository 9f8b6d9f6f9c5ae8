"""Encoding gives, bit for bit, the PDUs that the vectors expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw import pdu

from .vectors import load_lines

if TYPE_CHECKING:
    from .vectors import Vector

VECTORS = load_lines("pdu-encode.jsonl")


def _encode(vector: Vector) -> list[pdu.Frame]:
    options = dict(vector["options"])
    national = options.pop("national", None)
    ports = options.pop("ports", None)
    data = options.pop("data", None)
    return pdu.encode(
        options.pop("to"),
        vector["text"],
        message_class=options.pop("class", None),
        national=None if national is None else pdu.National(**national),
        ports=None if ports is None else pdu.Ports(**ports),
        data=None if data is None else bytes.fromhex(data),
        **options,
    )


@pytest.mark.parametrize("category", sorted({vector["category"] for vector in VECTORS}))
def test_every_text_becomes_the_expected_pdus(category: str) -> None:
    """PDUs, the n of AT+CMGS, and the encoding are those of the vector."""
    for vector in VECTORS:
        if vector["category"] != category:
            continue
        frames = _encode(vector)
        assert [frame.hex for frame in frames] == vector["expect_pdus"], vector["id"]
        assert [frame.length for frame in frames] == vector["lengths"], vector["id"]
        assert {frame.encoding.value for frame in frames} == {vector["encoding"]}, vector["id"]


def test_every_part_decodes_to_its_share_of_the_text() -> None:
    """What `segment` shows is what the parts say, and joined it is the text."""
    for vector in VECTORS:
        options = vector["options"]
        if "data" in options:
            continue
        national = options.get("national")
        said = []
        for frame in _encode(vector):
            tpdu = pdu.decode(frame.hex, to_network=True)
            assert isinstance(tpdu, pdu.Submit)
            said.append(tpdu.text)
        shown = pdu.segment(
            vector["text"],
            encoding=options["encoding"],
            ref_bits=options.get("ref_bits", 8),
            national=None if national is None else pdu.National(**national),
            reserved=6 if "ports" in options else 0,
        )
        assert list(shown.parts) == said, vector["id"]
        assert "".join(shown.parts) == vector["text"], vector["id"]
