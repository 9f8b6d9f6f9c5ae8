"""The test vectors, in the form that each target takes its octets in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.pdu.septets import pack
from tests.pdu.vectors import load_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Of applications whose data the codec reads.
PORTS = (226, 228, 2948, 2949, 9204, 9205, 9206, 9207)
_UTF_8 = 2  # kind of text, as targets choose it


def pdus() -> Iterator[bytes]:
    """Valid and invalid PDUs behind two flags: service centre in front, towards the network."""
    for name in ("pdu-decode.jsonl", "pdu-invalid.jsonl"):
        for vector in load_lines(name):
            try:
                octets = bytes.fromhex(vector["pdu"])
            except ValueError:
                continue
            flags = (vector["sca_included"], vector["direction"] == "mo")
            yield bytes(flags) + octets


def strings() -> Iterator[bytes]:
    """What should be hex."""
    for vector in load_lines("pdu-invalid.jsonl"):
        yield str(vector["pdu"]).encode()


def contents() -> Iterator[bytes]:
    """Data, and all elements of headers behind their identifier and a port."""
    for vector in load_lines("pdu-decode.jsonl"):
        expect = vector["expect"]
        port = expect.get("ports", {}).get("dst")
        if "data" in expect and port in PORTS:
            yield bytes((0x0F, PORTS.index(port))) + bytes.fromhex(expect["data"])
        for element in expect.get("udh", ()):
            yield bytes((element["iei"], 0)) + bytes.fromhex(element["data"])
    yield b"\x0f" + pack(b"*115*5#\r")


def texts() -> Iterator[bytes]:
    """Texts behind what decides on order and cut."""
    for vector in load_lines("pdu-encode.jsonl"):
        head = bytes((0, vector["options"].get("ref_bits") == 16, 0, _UTF_8, 0, 0))
        yield head + str(vector["text"]).encode("utf-8", "replace")


def texts_to_send() -> Iterator[bytes]:
    """Texts behind their options."""
    encodings = ["auto", "gsm7", "ucs2", "8bit"]
    for vector in load_lines("pdu-encode.jsonl"):
        options = vector["options"]
        national = options.get("national") or {}
        head = (
            options.get("ref_bits") == 16,
            encodings.index(options.get("encoding", "auto")),
            national.get("locking", 0),
            national.get("single", 0),
            bool(national),
            0,
            0,
            "ports" in options,
            _UTF_8,
            0,
            0,
        )
        yield bytes(head) + str(vector["text"]).encode("utf-8", "replace")


def streams() -> Iterator[bytes]:
    """Parts without their service centre, each behind a second, its length, and a flag."""
    for vector in load_lines("pdu-reassemble.jsonl"):
        stream = b""
        for part in vector["parts"]:
            octets = bytes.fromhex(part)
            tpdu = octets[octets[0] + 1 :]
            stream += bytes((1, len(tpdu))) + tpdu + b"\0"
        yield stream


def exchanges() -> Iterator[bytes]:
    """What modems wrote, behind a command, two flags and the cuts."""
    for number, vector in enumerate(load_lines("at-transcripts.jsonl")):
        lines = "".join(f"\r\n{line}\r\n" for line in vector["response_lines"])
        yield bytes((number % 256, 0, 1, 3, 7)) + f"{lines}\r\nOK\r\n".encode()


def answers() -> Iterator[bytes]:
    """The lines of answers and announcements, behind a command."""
    for number, vector in enumerate(load_lines("at-transcripts.jsonl")):
        yield bytes((number % 256,)) + "\n".join(vector["response_lines"]).encode()
