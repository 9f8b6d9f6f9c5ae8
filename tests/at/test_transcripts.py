"""A thousand answers and announcements of real modems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modemgw.at import answers, commands
from modemgw.at.dialogue import Noise, Response, Unsolicited
from modemgw.at.parameters import Parameter, information, prefix_of
from modemgw.at.results import final_result
from modemgw.at.unsolicited import is_head, is_unsolicited
from tests.at.driving import clean_dialogue

_FILE = Path(__file__).parent.parent / "data" / "at-transcripts.jsonl"
TRANSCRIPTS: list[dict[str, Any]] = [
    json.loads(line) for line in _FILE.read_text(encoding="ascii").splitlines()
]
# Lists of command names (+CLAC), where `&C` stands for a V.250 command and not for a prefix; and
# alternatives of lists (`(0)|(1)`), which stay text here: no command of ours answers so.
_NO_INFORMATION = {"huawei-115", "zte-005", "cinterion-002"}


def _plain(values: tuple[Parameter, ...]) -> list[Any]:
    return [_plain(value) if isinstance(value, tuple) else value for value in values]


def _ids(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["id"] for entry in entries]


_TOKENISED = [
    entry
    for entry in TRANSCRIPTS
    if entry["id"] not in _NO_INFORMATION
    and not any("raw" in line for line in entry["expect"]["lines"])
]


@pytest.mark.parametrize("entry", _TOKENISED, ids=_ids(_TOKENISED))
def test_lines_are_taken_apart_as_two_tokenisers_agree(entry: dict[str, Any]) -> None:
    """Prefix and parameters of every information line; what is a final result is none."""
    lines = [line for line in entry["response_lines"] if final_result(line) is None]
    found = [information(line) for line in lines if prefix_of(line)]
    expected = [line for line in entry["expect"]["lines"] if "params" in line]
    assert [(line.prefix, _plain(line.parameters)) for line in found] == [
        (line["prefix"], line["params"]) for line in expected
    ]


@pytest.mark.parametrize("entry", TRANSCRIPTS, ids=_ids(TRANSCRIPTS))
def test_final_results_are_recognised(entry: dict[str, Any]) -> None:
    """Kind, number and words; and no final result where there is none."""
    finals = [f for line in entry["response_lines"] if (f := final_result(line)) is not None]
    expected = entry["expect"].get("final")
    if expected is None:
        assert finals == []
        return
    (final,) = finals
    assert final.code == expected.get("code")
    if "text" in expected:
        assert final.text == expected["text"]


_UNSOLICITED = [entry for entry in TRANSCRIPTS if entry["unsolicited"]]


def test_announcements_are_told_whole_while_idle() -> None:
    """Every unsolicited transcript comes out as announcements; what is not known, as noise."""
    unknown: list[str] = []
    for entry in _UNSOLICITED:
        # The text of +CUSD may hold line ends, which make lines of their own.
        lines = "\n".join(entry["response_lines"]).splitlines()
        events = clean_dialogue().receive("".join(f"\r\n{line}\r\n" for line in lines).encode())
        if len(lines) == 1 and is_head(lines[0]):
            continue  # its second line is waited for
        told = [line for e in events if isinstance(e, Unsolicited) for line in e.lines]
        noise = [e.line for e in events if isinstance(e, Noise)]
        assert sorted(told + noise) == sorted(line.strip() for line in lines), entry["id"]
        unknown += [line for line in noise if is_unsolicited(line)]
    assert unknown == []


_ANSWERS = [
    entry
    for entry in TRANSCRIPTS
    if entry["expect"].get("final") and entry["command"] and entry["command"].startswith("AT+CMG")
]


@pytest.mark.parametrize("entry", _ANSWERS, ids=_ids(_ANSWERS))
def test_texts_are_read_out_of_listings(entry: dict[str, Any]) -> None:
    """+CMGL and +CMGR give the PDUs that the transcript holds."""
    dialogue = clean_dialogue()
    command = commands.plain(entry["command"])
    dialogue.begin(command)
    stream = "".join(f"\r\n{line}\r\n" for line in entry["response_lines"]).encode("latin-1")
    responses = [e for e in dialogue.receive(stream) if isinstance(e, Response)]
    (response,) = responses
    pdus = [
        line["fields"]["pdu"]
        for line in entry["expect"]["lines"]
        if line["prefix"] in ("+CMGL", "+CMGR") and "pdu" in line.get("fields", {})
    ]
    if not pdus:
        return
    if entry["command"].startswith("AT+CMGR"):
        text = answers.stored_text(response.lines)
        assert text is not None
        found = [text.pdu]
    else:
        found = [text.pdu for text in answers.stored_texts(response.lines)]
    assert [pdu.upper() for pdu in found] == pdus


def _fields(prefix: str, *names: str) -> list[tuple[str, dict[str, Any]]]:
    """Lines of answers with their typed fields, where all the names are there."""
    found = []
    for entry in TRANSCRIPTS:
        lines = [line for line in entry["response_lines"] if prefix_of(line) == prefix]
        expected = [line for line in entry["expect"]["lines"] if line.get("prefix") == prefix]
        for line, expectation in zip(lines, expected, strict=False):
            fields = expectation.get("fields", {})
            if all(name in fields for name in names):
                found.append((line, fields))
    assert found
    return found


def test_registration_answers_are_read() -> None:
    """`<stat>` of +CREG?, +CGREG? and +CEREG?, beyond 8 as unknown."""
    for prefix in ("+CREG", "+CGREG", "+CEREG"):
        for line, fields in _fields(prefix, "n", "stat"):
            expected = fields["stat"] if fields["stat"] <= 8 else 4
            assert answers.is_registration_answer(line), line
            assert answers.registration((line,), prefix) == expected


def test_signal_is_read() -> None:
    """dBm, or None."""
    for line, fields in _fields("+CSQ", "rssi"):
        assert answers.rssi_dbm((line,)) == fields["dbm"]


def test_announced_places_are_read() -> None:
    """Storage and index of +CMTI and +CDSI."""
    for prefix in ("+CMTI", "+CDSI"):
        for line, fields in _fields(prefix, "memory", "index"):
            place = answers.announced(line)
            assert (place.storage, place.index) == (fields["memory"], fields["index"])


def test_message_references_are_read() -> None:
    """0 to 255."""
    for line, fields in _fields("+CMGS", "mr"):
        assert answers.message_reference((line,)) == fields["mr"]


def test_sim_states_are_read() -> None:
    """READY, SIM PIN and their like."""
    for line, fields in _fields("+CPIN", "state"):
        assert answers.sim_state((line,)) == (fields["state"] or "").upper()


def test_storages_are_read() -> None:
    """What +CPMS=? offers for reading."""
    for line, fields in _fields("+CPMS", "memories"):
        offered = fields["memories"] or [[]]
        nested = bool(offered[0]) and isinstance(offered[0][0], list)
        if expected := [name for name in (offered[0][0] if nested else offered[0]) if name]:
            assert list(answers.storage_choices((line,)).read) == expected
