"""Answers and announcements of real modems: every expectation of every transcript.

A transcript says how its lines are taken apart, what the fields of those that a gateway reads are,
and which final result there is. Where the modem has printed something that is no answer any more
(a line cut short, text mode), the parse must say so.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.at import answers, commands, events
from modemgw.at.dialogue import Response, Unsolicited
from modemgw.at.errors import AtError
from modemgw.at.parameters import Parameter, information, prefix_of
from modemgw.at.results import CALL_RESULTS, final_result
from modemgw.at.unsolicited import is_head
from tests.at.driving import clean_dialogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.at.dialogue import Event

_FILE = Path(__file__).parent.parent / "data" / "at-transcripts.jsonl"
TRANSCRIPTS: list[dict[str, Any]] = [
    json.loads(line) for line in _FILE.read_text(encoding="ascii").splitlines()
]
# Lists of command names (+CLAC), where `&C` stands for a V.250 command and not for a prefix; and
# alternatives of lists (`(0)|(1)`), which stay text here: no command of ours answers so.
_NAMES = {"huawei-115", "zte-005"}
_BY_ID = {entry["id"]: entry for entry in TRANSCRIPTS}

every_transcript = pytest.mark.parametrize("entry", TRANSCRIPTS, ids=list(_BY_ID))


def _plain(values: tuple[Parameter, ...]) -> list[Any]:
    return [_plain(value) if isinstance(value, tuple) else value for value in values]


def _lines(entry: dict[str, Any]) -> list[str]:
    """The lines as they come off the wire: a string may hold line ends."""
    joined = "\n".join(entry["response_lines"])
    return [stripped for line in joined.splitlines() if (stripped := line.strip())]


def test_there_are_all_of_them() -> None:
    """As many as the collection has."""
    assert len(TRANSCRIPTS) == len(_BY_ID) == 1075


@every_transcript
def test_lines_are_taken_apart_as_two_tokenisers_agree(entry: dict[str, Any]) -> None:
    """Prefix and parameters of every information line; what is a final result is none."""
    if entry["id"] in _NAMES:
        names = answers.command_names(tuple(_lines(entry)[:-1]))
        assert {"+CMGS", "+CNMI", "+CPMS", "&C", "D"} <= names
        return
    lines = [line for line in entry["response_lines"] if final_result(line) is None]
    expected = [line for line in entry["expect"]["lines"] if "prefix" in line]
    for line, expectation in zip(filter(prefix_of, lines), expected, strict=True):
        found = information(line)
        assert found.prefix == expectation["prefix"]
        # Of unbalanced quotes nobody says what they should give, of `(0)|(1)` two say different.
        if "raw" not in expectation and ")|(" not in line:
            assert _plain(found.parameters) == expectation["params"]


@every_transcript
def test_final_results_are_recognised(entry: dict[str, Any]) -> None:
    """Kind, number and words; and no final result where there is none."""
    finals = [f for line in entry["response_lines"] if (f := final_result(line)) is not None]
    expected = entry["expect"].get("final")
    if expected is None:
        assert finals == []
        return
    (final,) = finals
    assert final.code == expected.get("code")
    assert final.text == expected.get("text", "")
    kind = "COMMAND NOT SUPPORT" if "PARAMETERS" in expected["final"] else expected["final"]
    assert final.kind.value == kind


# What each field of a line must be read as. `lines` are the answer's, or the announcement's.
Lines = tuple[str, ...]
Fields = dict[str, Any]


def _text(value: str | None) -> str | None:
    """A string as a parse gives it: nothing for an empty one, hex of UCS-2 read."""
    if value and len(value) % 4 == 0 and value.startswith("00") and len(value) > 4:
        return bytes.fromhex(value).decode("utf-16-be")
    return value or None


def _number(fields: Fields) -> str | None:
    number: str | None = fields.get("number_decoded") or fields["number"]
    if number and len(number) > 20:
        number = bytes.fromhex(number).decode("ascii")
    if number and number.isdigit() and fields.get("type") == 145:
        return f"+{number}"
    return number or None


def _registration(line: str, fields: Fields) -> None:
    prefix = information(line).prefix
    solicited = fields["solicited"] or "n" in fields
    assert answers.is_registration_answer(line) is (solicited or line == "+CREG: 0,1")
    expected = answers.NetworkStatus(
        answers.Registration(fields["stat"]),
        fields.get("n"),
        fields.get("lac"),
        fields.get("ci"),
        fields.get("act"),
        int(fields["rac_or_mme"], 16) if "rac_or_mme" in fields else None,
    )
    if fields["solicited"]:
        assert answers.network_status((line,), prefix) == expected
        assert answers.registration((line,), prefix) == fields["stat"]
    else:
        assert answers.registration_change(line) == expected


def _operators(line: str, fields: Fields) -> None:
    if "networks" not in fields:
        assert answers.operator((line,)) == answers.Operator(
            fields["mode"], fields["operator"], fields["format"], fields["act"]
        )
        return
    expected = tuple(
        answers.Network(
            answers.Availability(network["stat"]),
            _text(network["long"]),
            _text(network["short"]),
            _text(network["numeric"]) or "",
            network["act"],
        )
        for network in fields["networks"]
    )
    assert answers.networks((line,)) == expected


def _storages(line: str, fields: Fields) -> None:
    if "storages" in fields:
        assert answers.storage_use((line,)) == tuple(
            answers.StorageUse(use.get("memory"), use["used"], use["total"])
            for use in fields["storages"]
        )
        return
    lists = [[name for name in names if name] for names in fields["memories"]]
    if lists and lists[0] and isinstance(lists[0][0], list):
        lists = lists[0]
    if len(lists) == 15:  # Thuraya leaves the brackets out
        lists = [[name for (name,) in lists[at : at + 5]] for at in (0, 5, 10)]
    if not lists or not lists[0]:
        with pytest.raises(AtError, match="no storage"):
            answers.storage_choices((line,))
        return
    lists += [lists[0]] * (3 - len(lists))
    found = answers.storage_choices((line,))
    assert [list(names) for names in (found.read, found.write, found.receive)] == lists


def _announcement_settings(line: str, fields: Fields) -> None:
    expected = [[str(value) for value in values] for values in fields["supported"]]
    assert [list(values) for values in answers.announcement_choices((line,))] == expected


def _own_number(line: str, fields: Fields) -> None:
    assert answers.own_numbers((line,)) == (
        answers.OwnNumber(_text(fields["alpha"]), _number(fields)),
    )


def _clock(line: str, fields: Fields) -> None:
    assert answers.clock((line,)) == datetime.fromisoformat(fields.get("iso") or fields["local"])


def _file(line: str, fields: Fields) -> None:
    assert answers.file_answer((line,)) == answers.FileAnswer(**fields)


def _call(line: str, fields: Fields) -> None:
    (call,) = answers.calls((line,))
    assert call == answers.Call(
        fields["id"],
        fields["dir"] == 1,
        answers.CallStatus(fields["stat"]),
        fields["mode"],
        fields["mpty"] == 1,
        _number(fields),
    )


def _ussd(line: str, fields: Fields) -> None:
    said = answers.ussd(tuple(line.split("\n")))
    assert said.status == fields["m"]
    assert said.string == fields.get("str")
    assert said.dcs == fields.get("dcs")
    hexed = fields.get("string_form", "").endswith("hex")
    assert not hexed or said.form is answers.UssdForm.HEX


def _place(line: str, fields: Fields) -> None:
    assert answers.announced(line) == answers.Announcement(fields["memory"], fields["index"])


def _mode(line: str, fields: Fields) -> None:
    assert [information(line).number(at) for at in (0, 1)] == [fields["sysmode"], fields["submode"]]


_CHECKS: dict[str, Callable[[str, Fields], None]] = {
    "+CREG": _registration,
    "+CGREG": _registration,
    "+CEREG": _registration,
    "+C5GREG": _registration,
    "+COPS": _operators,
    "+CPMS": _storages,
    "+CNMI": _announcement_settings,
    "+CNUM": _own_number,
    "+CCLK": _clock,
    "+CRSM": _file,
    "+CLCC": _call,
    "+CUSD": _ussd,
    "+CMTI": _place,
    "+CDSI": _place,
    "+CBMI": _place,
    "^MODE": _mode,
    "+CFUN": lambda line, fields: _same(answers.function((line,)), fields["fun"]),
    "+CLIP": lambda line, fields: _same(answers.calling(line), answers.Caller(_number(fields))),
    "+CCWA": lambda line, fields: _same(
        answers.waiting_caller(line), answers.Caller(_number(fields), waiting=True)
    ),
    "+CPIN": lambda line, fields: _same(answers.sim_state((line,)), fields["state"].upper()),
    "+CSCA": lambda line, fields: _same(answers.service_centre((line,)), _number(fields)),
    "+CMGS": lambda line, fields: _same(answers.message_reference((line,)), fields["mr"]),
    "+CSQ": lambda line, fields: _same(answers.rssi_dbm((line,)), fields["dbm"]),
    "^RSSI": lambda line, fields: _same(
        answers.rssi_change(line), None if fields["rssi"] > 31 else 2 * fields["rssi"] - 113
    ),
}


def _same(found: object, expected: object) -> None:
    assert found == expected


_LISTED = {"+CMGL", "+CMGR", "+CMT", "+CDS"}  # read with the lines behind, below


@every_transcript
def test_fields_are_read(entry: dict[str, Any]) -> None:
    """Every field that the collection knows of a line, through the parse of its command."""
    if entry["id"] in _NAMES:
        return
    # An announcement can stand behind a listing's PDU, which the expectation has folded away.
    lines = [line for line in entry["response_lines"] if prefix_of(line)]
    expected = [line for line in entry["expect"]["lines"] if "prefix" in line]
    for line, expectation in zip(lines, expected, strict=True):
        fields = expectation.get("fields")
        if fields and expectation["prefix"] not in _LISTED:
            _CHECKS[expectation["prefix"]](line, fields)


_TEXTS = [
    entry
    for entry in TRANSCRIPTS
    if any(
        line.get("prefix") in _LISTED and line.get("fields") for line in entry["expect"]["lines"]
    )
]


@pytest.mark.parametrize("entry", _TEXTS, ids=[entry["id"] for entry in _TEXTS])
def test_texts_are_read_out_of_what_is_printed(entry: dict[str, Any]) -> None:
    """Index, status, length and PDU of each entry and of each text that comes directly.

    What is in text mode is refused: read as a PDU it would be lost.
    """
    lines = tuple(entry["response_lines"])
    expected = [
        line["fields"] for line in entry["expect"]["lines"] if line.get("prefix") in _LISTED
    ]
    in_text_mode = any("REC " in line or "STO " in line for line in lines)
    prefix = entry["category"]
    if prefix in ("+CMT", "+CDS"):
        (fields,) = expected
        text = answers.direct_text(lines)
        assert text.pdu.upper() == fields.get("pdu", fields.get("text_mode"))
        assert text.length == fields.get("length")
    elif in_text_mode:
        parse = answers.stored_text if prefix == "+CMGR" else answers.stored_texts
        with pytest.raises(AtError, match="text mode"):
            parse(lines)
    elif prefix == "+CMGR":
        (fields,) = expected
        found = answers.stored_text(lines)
        assert found is not None
        _check_entry(found, {"index": -1, **fields})
    else:
        for entry_found, fields in zip(answers.stored_texts(lines), expected, strict=True):
            _check_entry(entry_found, fields)


def _check_entry(found: answers.StoredText, fields: Fields) -> None:
    """Where the collection calls the second line text, it is a damaged PDU."""
    if "text_mode" in fields:
        assert found.pdu == fields["text_mode"].replace(" ", "")
        return
    assert (found.index, found.status, found.length) == (
        fields["index"],
        fields["stat"],
        fields["length"],
    )
    assert found.pdu.upper() == fields["pdu"]


def _wire(lines: list[str]) -> bytes:
    return "".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1")


def _octets(line: str) -> str:
    """The line as its octets of UTF-8 come out of the dialogue."""
    return line.encode().decode("latin-1")


_ANSWERS = [entry for entry in TRANSCRIPTS if not entry["unsolicited"]]


@pytest.mark.parametrize("entry", _ANSWERS, ids=[entry["id"] for entry in _ANSWERS])
def test_answers_come_whole_through_the_dialogue(entry: dict[str, Any]) -> None:
    """Every line of an answer is in the response to its command, or told as an announcement."""
    prefix = next((p for line in entry["response_lines"] if (p := prefix_of(line))), "+X")
    text = (entry["command"] or f"AT{prefix}").replace("=n", "=1")
    command = commands.plain(text)
    dialogue = clean_dialogue()
    dialogue.begin(command)
    events_: list[Event] = []
    if command.expects_prompt:
        events_ += dialogue.receive(b"\r\n> ")
        dialogue.payload("00")
    lines = [_octets(line) for line in _lines(entry) if not line.startswith("AT+")]
    has_final = entry["expect"].get("final") is not None
    stream = lines if has_final else [*lines, "OK"]
    events_ += dialogue.receive(_wire(stream))
    (response,) = [event for event in events_ if isinstance(event, Response)]
    assert response.final == final_result(stream[-1])
    told = [line for e in events_ if isinstance(e, Unsolicited) for line in e.lines]
    given = [*response.lines, *told]
    assert sorted(given) == sorted(lines[:-1] if has_final else lines)
    inside = [line for line in lines if line.startswith(("+CMTI", "^RSSI")) and len(lines) > 1]
    assert set(inside) <= set(told)


_UNSOLICITED = [entry for entry in TRANSCRIPTS if entry["unsolicited"]]


@pytest.mark.parametrize("entry", _UNSOLICITED, ids=[entry["id"] for entry in _UNSOLICITED])
def test_announcements_are_told_whole_while_idle(entry: dict[str, Any]) -> None:
    """Every unsolicited transcript comes out as announcements, and all that is in it is told.

    A heading whose PDU has not come is waited for.
    """
    lines = _lines(entry)
    dialogue = clean_dialogue()
    found = dialogue.receive(_wire(lines))
    told = [line for e in found if isinstance(e, Unsolicited) for line in e.lines]
    if len(lines) == 1 and is_head(lines[0]):
        assert found == []
        found = dialogue.receive(_wire([lines[0]]))
        told = [line for e in found if isinstance(e, Unsolicited) for line in e.lines]
    assert told == lines
    for event in found:
        assert isinstance(event, Unsolicited)
        events.told(event.lines)
    if lines[0].startswith("+CUSD"):
        assert len(found) == 1, "a string over several lines is one announcement"


def test_a_call_that_ends_is_no_final_result_of_another_command() -> None:
    """NO CARRIER is both; only what dials takes it."""
    final = final_result("NO CARRIER")
    assert final is not None
    assert final.kind in CALL_RESULTS
    assert final.kind not in commands.SIGNAL.answer.finals
