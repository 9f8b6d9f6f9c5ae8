"""`modemgw pdu decode` and `encode` keep the promises that scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modemgw import pdu
from modemgw.cli.pdu import app
from modemgw.cli.pdu_view import printable

from .vectors import load_lines

PDU = "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07"
HALF_PAIR = "07911326040000F0440B911346610089F6000862304151906240080500034D0201D83D"
REPORT = "07911326040000F006010B911346610089F6623041519062406230415190134000"


def _rows(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def test_decode_answers_every_line_in_order_and_never_stops() -> None:
    """A bad line, an empty one and one that is no UTF-8 get an error with its octet."""
    lines = b"\n".join([PDU.encode(), b"zz", b"", b"\xff", PDU[:-2].encode(), PDU.encode()])
    result = CliRunner().invoke(app, ["decode", "--json", "-"], input=lines)
    rows = _rows(result.stdout)
    assert result.exit_code == 0
    assert len(rows) == 6
    assert rows[0] == rows[5]
    assert rows[0]["text"] == "How are you?"
    assert [row["at"] for row in rows[1:5]] == [0, 0, 0, 37]


def test_decode_answers_a_line_before_the_next_is_there() -> None:
    """A script may talk to it line by line: each answer is flushed."""
    program = "from modemgw.cli.pdu import app; app()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "decode", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(PDU + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["type"] == "deliver"
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def _human(*arguments: str) -> str:
    """What a person sees who is content with the answer."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_decode_shows_arguments_to_people() -> None:
    """Fields, then the text by itself; an error on standard error, and status 1."""
    shown = _human("decode", PDU, HALF_PAIR, REPORT)
    assert "\nHow are you?\n" in shown
    assert "SMS-STATUS-REPORT" in shown
    result = CliRunner().invoke(app, ["decode", PDU, "[zz"])
    assert result.exit_code == 1
    assert "not a hex digit" in result.stderr
    assert "How are you?" in result.stdout


def test_decode_shows_every_octet_within_eighty_columns() -> None:
    """In order, whatever the PDU; nothing but the text itself is wider than a terminal."""
    for vector in load_lines("pdu-decode.jsonl")[::40]:
        options = [] if vector["sca_included"] else ["--no-sca"]
        options += ["--to-network"] if vector["direction"] == "mo" else []
        shown = CliRunner().invoke(app, ["decode", *options, vector["pdu"]]).stdout
        head, *rows = shown.split("\n\n")[0].splitlines()
        assert max(map(len, rows)) <= 80
        column = slice(head.index("octets"), head.index("field"))
        octets = "".join(row[column] for row in rows if "." not in row[column])
        assert octets.replace(" ", "") == vector["pdu"].upper(), vector["id"]


def test_decode_shows_a_damaged_pdu_up_to_the_damage() -> None:
    """With the octet, the words and the clause of the error; --lenient has the text, too."""
    result = CliRunner().invoke(app, ["decode", PDU[:-2]])
    assert result.exit_code == 1
    assert "2002-08-26 19:37:41+00:00" in result.stdout
    assert "cut short: 10 of 11 octets" in result.stdout
    last = result.stdout.strip().splitlines()[-3]
    assert last.split() == ["37", "error", "the", "PDU", "ends", "after", "37", "§9.2.3.16"]
    assert "(octet 37, TP-UD, 23.040 §9.2.3.16)" in result.stderr
    assert "\nHow are you\n" in _human("decode", "--lenient", PDU[:-2])


def test_decode_does_as_the_documentation_shows() -> None:
    """The example of docs/pdu.md, but for spaces at the ends of lines."""
    docs = (Path(__file__).parents[2] / "docs" / "pdu.md").read_text(encoding="utf-8")
    command, _, answer = docs.split("```console\n$ modemgw pdu ", 1)[1].partition("\n")
    shown = CliRunner().invoke(app, command.split()).stdout
    assert answer.split("```")[0].split("\n") == [
        *(line.rstrip() for line in shown.rstrip().split("\n")),
        "",
    ]


def test_decode_shows_what_an_application_gets() -> None:
    """A card that was sent to its port."""
    (frame,) = pdu.encode_deliver(
        "+31641600986",
        data=b"BEGIN:VCARD\r\nN:Ann\r\nEND:VCARD\r\n",
        ports=pdu.Ports(9204, 9204),
        scts=datetime(2026, 3, 14, tzinfo=UTC),
    )
    shown = _human("decode", frame.hex)
    assert "to port 9204 (vCard)" in shown
    assert "type: vcard" in shown
    assert "N:Ann" in shown


def test_decode_shows_the_text_of_a_report() -> None:
    """An SMS-SUBMIT-REPORT can bring one; a command has none."""
    shown = _human("decode", "0001046230410000000005C8329BFD06")
    assert shown.endswith("\nHello\n\n")
    assert "SMS-COMMAND" in _human("decode", "--to-network", "000201000207038121F300")
    assert "SMS-DELIVER-REPORT" in _human("decode", "--to-network", "000000")


def test_decode_takes_its_options() -> None:
    """Bare TPDUs, the direction, and lenience."""
    for options, text in (
        (["--no-sca", PDU[16:]], "How are you?"),
        (["--to-network", "0001000B911346610089F6000005C8329BFD06"], "Hello"),
        (["--lenient", PDU[:-2]], "How are you"),
    ):
        (row,) = _rows(CliRunner().invoke(app, ["decode", "--json", *options]).stdout)
        assert row["text"] == text


def test_encode_answers_every_line_in_order_and_never_stops() -> None:
    """Whatever is no request gets an error that names the field where there is one."""
    requests: list[object] = [
        {"to": "+31641600986", "text": "Hello 😀 " * 20, "ref": 7},
        {"to": "Bob"},
        {"to": "+31641600986", "data": "0x"},
        {"to": "+31641600986", "colour": "red"},
        [],
        {
            "to": "+31641600986",
            "data": "00FF",
            "ports": {"dst": 2948, "src": 9200},
            "national": None,
            "class": 1,
        },
        {"to": "+31641600986", "text": "ş", "national": {"single": 1}},
    ]
    lines = "\n".join(["{", "[" * 10_000, *map(json.dumps, requests)])
    rows = _rows(CliRunner().invoke(app, ["encode", "-"], input=lines).stdout)
    assert len(rows) == 9
    good = rows[2]
    assert (good["parts"], good["encoding"], good["lengths"]) == (3, "ucs2", [153, 153, 111])
    assert [row.get("field") for row in (rows[3], rows[4], rows[5])] == ["to", "data", "colour"]
    assert all("error" in row for row in (rows[0], rows[1], rows[6]))
    assert rows[7]["pdus"] == ["0041000B911346610089F60015090605040B8423F000FF"]
    assert (rows[8]["encoding"], rows[8]["parts"]) == ("gsm7", 1)


def test_encode_shows_a_text_to_people() -> None:
    """The n of AT+CMGS, the PDU and the text of each part, or what is wrong."""
    to = ["encode", "--to", "+31641600986"]
    shown = _human(*to, "--text", "Hello")
    assert "part 1 of 1, gsm7\n  text     Hello\n  AT+CMGS  18\n" in shown
    assert "0001000B911346610089F6000005C8329BFD06" in shown
    assert _rows(_human(*to, "--json", "--text", "Hello"))[0]["lengths"] == [18]
    runner = CliRunner()
    assert runner.invoke(app, ["encode", "--to", "Bob"]).exit_code == 2
    assert runner.invoke(app, ["encode"]).exit_code == 2


def test_encode_prints_pdus_that_can_be_copied() -> None:
    """However long, on one line."""
    shown = _human("encode", "--to", "+31641600986", "--text", "a" * 300, "--ref", "7")
    frames = pdu.encode("+31641600986", "a" * 300, ref=7)
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("  PDU")] == [
        frame.hex for frame in frames
    ]


def test_encode_explains_its_octets() -> None:
    """As decode does."""
    shown = _human("encode", "--to", "+31641600986", "--text", "Hello", "--explain")
    assert "TP-DA" in shown
    assert "+31641600986" in shown


def test_encode_takes_national_tables_where_they_are_allowed() -> None:
    """By the codes of their languages, on the command line and in JSON."""
    turkish = ["encode", "--json", "--to", "+905301234567", "--text", "ş" * 75]
    assert _rows(_human(*turkish))[0]["parts"] == 2
    assert _rows(_human(*turkish, "--allow-national", "tr, es"))[0]["parts"] == 1
    request = {"to": "+905301234567", "text": "ş" * 75, "allowed": ["TR", 2]}
    (row,) = _rows(CliRunner().invoke(app, ["encode", "-"], input=json.dumps(request)).stdout)
    assert (row["encoding"], row["parts"]) == ("gsm7", 1)
    assert CliRunner().invoke(app, [*turkish, "--allow-national", "xx"]).exit_code == 2
    request["allowed"] = ["xx"]
    (row,) = _rows(CliRunner().invoke(app, ["encode", "-"], input=json.dumps(request)).stdout)
    assert row["field"] == "allowed"


def test_encode_spares_words_where_it_shall() -> None:
    """Where that costs no part; the default is that of `pdu.encode`."""
    text = "word " * 40
    command = ["encode", "--to", "+31641600986", "--text", text, "--ref", "1"]
    assert "text     word word" in _human(*command)
    parts = [
        line.removeprefix("  text     ")
        for line in _human(*command, "--cut", "word").splitlines()
        if line.startswith("  text")
    ]
    assert "".join(parts) == text
    assert {word for part in parts for word in part.split()} == {"word"}
    request = {"to": "+31641600986", "text": text, "ref": 1, "cut": "word"}
    (row,) = _rows(CliRunner().invoke(app, ["encode", "-"], input=json.dumps(request)).stdout)
    assert row["pdus"] == [
        frame.hex for frame in pdu.encode("+31641600986", text, ref=1, cut="word")
    ]
    request.pop("cut")
    (row,) = _rows(CliRunner().invoke(app, ["encode", "-"], input=json.dumps(request)).stdout)
    assert row["pdus"] == [frame.hex for frame in pdu.encode("+31641600986", text, ref=1)]


def test_count_says_what_forces_ucs2_and_what_would_do() -> None:
    """For people and for programs, without a PDU."""
    text = "It\u2019s \u4e2d " + "x" * 80
    shown = _human("count", "--text", text)
    assert "2 parts, ucs2" in shown
    assert '"\'" would do' in shown
    assert "nothing comes close" in shown
    (row,) = _rows(_human("count", "--json", "--text", text))
    outsiders = row["outsiders"]
    assert isinstance(outsiders, list)
    assert [outsider["replacement"] for outsider in outsiders] == ["'", None]
    assert row["replaced"] == text.replace("\u2019", "'")
    assert _human("count", "--text", "ok").startswith("1 part, gsm7; the last one has room for 158")
    turkish = ["count", "--json", "--text", "\u015f" * 75]
    assert _rows(_human(*turkish))[0]["parts"] == 2
    assert _rows(_human(*turkish, "--allow-national", "tr"))[0]["parts"] == 1
    shown = _human("count", "--text", "\u015f\u2019", "--allow-national", "tr")
    assert "With these replaced: 1 part, gsm7" in shown
    assert CliRunner().invoke(app, ["count", "--text", "\ud83d"]).exit_code in (1, 2)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines, é 😀", "two\nlines, é 😀"),
        ("\x1b[31m\r\0\x7f\x9b", "␛[31m␍␀␡\\x9b"),
        ("\ud83d cut", "\ufffd cut"),
        ("\ud83d\ude00", "😀"),
    ],
)
def test_a_text_cannot_steer_the_terminal(text: str, shown: str) -> None:
    """A sender may put anything into it."""
    assert printable(text) == shown
