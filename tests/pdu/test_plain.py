"""What the JSON form says beyond the fields: meanings, where there are any."""

from __future__ import annotations

import json

import pytest

from modemgw import pdu

from .vectors import load_lines

VECTORS = load_lines("pdu-decode.jsonl")
BY_ID = {vector["id"]: vector for vector in VECTORS}
HEAD = "04 0B911346610089F6"
SCTS = "62304151906240"


def _of_vector(name: str) -> dict[str, object]:
    vector = BY_ID[name]
    tpdu = pdu.decode(
        vector["pdu"], sca=vector["sca_included"], to_network=vector["direction"] == "mo"
    )
    return pdu.as_dict(tpdu)


def _of_hex(tpdu: str, *, to_network: bool = False) -> dict[str, object]:
    return pdu.as_dict(pdu.decode(tpdu.replace(" ", ""), sca=False, to_network=to_network))


def test_a_plain_text_has_no_meanings_to_tell() -> None:
    """None of the keys is there for nothing."""
    fields = _of_hex(f"{HEAD} 00 00 {SCTS} 01 41")
    assert not {"protocol", "elements", "content", "status", "failure"} & set(fields)


@pytest.mark.parametrize(
    ("pid", "protocol"),
    [
        ("40", {"kind": "silent"}),
        ("41", {"kind": "replace", "number": 1}),
        ("22", {"kind": "telematic", "number": 2, "device": "group 3 fax"}),
    ],
)
def test_a_protocol_identifier_is_explained(pid: str, protocol: dict[str, object]) -> None:
    """Beside its number, in every TPDU that has one."""
    fields = _of_hex(f"{HEAD} {pid} 00 {SCTS} 01 41")
    assert (fields["pid"], fields["protocol"]) == (int(pid, 16), protocol)
    submit = _of_hex(f"01 00 0B911346610089F6 {pid} 00 01 41", to_network=True)
    command = _of_hex(f"02 00 {pid} 00 00 0B911346610089F6 00", to_network=True)
    report = _of_hex(f"00 01 {pid}", to_network=True)
    assert submit["protocol"] == command["protocol"] == report["protocol"] == protocol


def test_outcome_and_failure_are_in_words() -> None:
    """Of a status report, and of a report that refuses."""
    report = _of_hex(f"06 01 0B911346610089F6 {SCTS} {SCTS} 46")
    assert report["status"] == {"outcome": "permanent", "words": "validity period expired"}
    assert _of_hex(f"01 D0 00 {SCTS}")["failure"] == "SIM message storage full"


def test_elements_that_we_know_are_explained() -> None:
    """The others stand in `udh` alone."""
    assert _of_vector("udh-element-001")["elements"] == [
        {
            "iei": 1,
            "name": "special SMS message indication",
            "store": True,
            "type": "voice",
            "count": 3,
            "extended": 0,
            "profile": 1,
        }
    ]
    reply = _of_vector("udh-element-017")["elements"]
    number = {"number": "+31641600986", "ton": 1, "npi": 1}
    assert reply == [{"iei": 34, "name": "reply address", "address": number}]
    assert "elements" not in _of_vector("udh-element-020")


def test_voice_mail_is_explained_with_all_its_messages() -> None:
    """Nested values, too."""
    number = "0B911346610089F6"
    element = f"50 {number} 03 01 0102 1E C7 {number} 02AABB"
    octets = bytes.fromhex(element)
    header = bytes((len(octets) + 2, 0x23, len(octets))) + octets
    (fields,) = _list(
        _of_hex(f"44 {number} 00 04 {SCTS} {len(header):02X} {header.hex()}")["elements"]
    )
    assert isinstance(fields, dict)
    (message,) = fields["messages"]
    assert message["caller"]["number"] == "+31641600986"
    assert message["extension"] == "AABB"
    assert "extension" not in fields["mailbox"]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_content_of_a_whole_message_is_told() -> None:
    """Of one part only, as long as the others are elsewhere."""
    notification = _of_vector("gammu-007")["content"]
    assert isinstance(notification, dict)
    assert notification["type"] == "mms-notification"
    assert notification["url"] == "http://mts/?id=81460494"
    card = _of_vector("ports16-001")["content"]
    assert isinstance(card, dict)
    assert card["type"] == "vcard"
    push = _of_vector("jspdudecoder-009")["content"]
    assert isinstance(push, dict)
    assert push["media_type"] == "application/vnd.wap.slc"
    assert "content" not in _of_vector("ports16-concat-001")
    assert "content" not in _of_vector("ports8-001")


def test_a_time_in_content_is_written_as_all_times_are() -> None:
    """ISO 8601, with its offset."""
    body = "0106 01 BE 8C82 98696400 837500 88 06 80 04 65000000".replace(" ", "")
    data = "06 0504 0B84 23F0" + body
    length = len(bytes.fromhex(data))
    content = _of_hex(f"44 0B911346610089F6 00 04 {SCTS} {length:02X} {data}")["content"]
    assert isinstance(content, dict)
    assert content["expires_at"] == "2023-09-12T06:06:56+00:00"


def test_damaged_content_is_told_and_spoils_nothing() -> None:
    """The data are there as ever."""
    fields = _of_hex(f"44 0B911346610089F6 00 04 {SCTS} 09 06 0504 0B84 23F0 0107")
    assert fields["data"] == "0107"
    content = fields["content"]
    assert isinstance(content, dict)
    assert content["error"].startswith("WAP push: not a push")


def test_every_vector_can_be_written_as_json() -> None:
    """With all that is told beside the fields."""
    for vector in VECTORS:
        if not vector.get("malformed"):
            tpdu = pdu.decode(
                vector["pdu"],
                sca=vector["sca_included"],
                to_network=vector["direction"] == "mo",
            )
            json.dumps(pdu.as_dict(tpdu))
