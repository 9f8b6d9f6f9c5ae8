"""`modemgw pdu decode` and `encode` keep the promises that scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys

from typer.testing import CliRunner

from modemgw.cli.pdu import app

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


def test_decode_shows_arguments_to_people() -> None:
    """A table; an error on standard error, and status 1."""
    result = CliRunner().invoke(app, ["decode", PDU, HALF_PAIR, REPORT])
    assert result.exit_code == 0
    assert "How are you?" in result.stdout
    assert "SMS-STATUS-REPORT" in result.stdout
    result = CliRunner().invoke(app, ["decode", PDU, "[zz"])
    assert result.exit_code == 1
    assert "not a hex digit" in result.stderr
    assert "How are you?" in result.stdout


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
    """The n of AT+CMGS and the PDU of each part, or what is wrong."""
    runner = CliRunner()
    result = runner.invoke(app, ["encode", "--to", "+31641600986", "--text", "Hello"])
    assert "0001000B911346610089F6000005C8329BFD06" in result.stdout
    result = runner.invoke(app, ["encode", "--json", "--to", "+31641600986", "--text", "Hello"])
    assert _rows(result.stdout)[0]["lengths"] == [18]
    assert runner.invoke(app, ["encode", "--to", "Bob"]).exit_code == 2
    assert runner.invoke(app, ["encode"]).exit_code == 2
