"""`modemgw pdu`: for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path

_BROKEN = "07911326040000F0040B9113466100"


def _encoded(tmp_path: Path, **fields: object) -> dict[str, object]:
    done = run("pdu", "encode", "--json", "-", cwd=tmp_path, stdin=json.dumps(fields) + "\n")
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_what_is_encoded_is_decoded_to_the_same(tmp_path: Path) -> None:
    """With its reference, its parts, its recipient."""
    text = "Hello 😀 " * 20
    encoded = _encoded(tmp_path, to="+31641600986", text=text, ref=7)
    pdus = encoded["pdus"]
    assert isinstance(pdus, list)
    assert (encoded["encoding"], encoded["parts"]) == ("ucs2", 3)
    done = run(
        *("pdu", "decode", "--to-network", "-"),
        cwd=tmp_path,
        stdin="".join(f"{pdu}\n" for pdu in pdus),
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert "".join(row["text"] for row in rows) == text
    assert [row["concat"]["seq"] for row in rows] == [1, 2, 3]


def test_a_bad_line_is_answered_in_its_place(tmp_path: Path) -> None:
    """A stream of PDUs, or of texts, never stops at one that is none."""
    done = run("pdu", "decode", "-", cwd=tmp_path, stdin=f"no hex\n{_BROKEN}\n\n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [sorted(row) for row in rows] == [["at", "clause", "error", "field"]] * 3
    assert done.returncode == 0
    assert _encoded(tmp_path, to="+1", text=5)["field"] == "text"
    assert _encoded(tmp_path, to="+31641600986", data="no hex")["field"] == "data"
    assert "error" in _encoded(tmp_path, to="nobody", text="x")


def test_options_of_a_line_reach_the_encoder(tmp_path: Path) -> None:
    """National tables and ports, which are objects of their own."""
    turkish = _encoded(tmp_path, to="+905", text="ş", national={"single": 1})
    assert turkish["encoding"] == "gsm7"
    ports = _encoded(tmp_path, to="+905", text="x", ports={"dst": 2948, "src": 0})
    assert ports["parts"] == 1


def test_people_get_a_table(tmp_path: Path) -> None:
    """And an exit status of 1 for what is no PDU."""
    shown = run("pdu", "encode", "--to", "+31641600986", "--text", "hi", cwd=tmp_path)
    assert "part 1 of 1" in shown.stdout
    as_json = run("pdu", "encode", "--to", "+31641600986", "--text", "hi", "--json", cwd=tmp_path)
    (pdu,) = json.loads(as_json.stdout)["pdus"]
    table = run("pdu", "decode", "--to-network", pdu, cwd=tmp_path)
    assert table.returncode == 0
    assert "SMS-SUBMIT" in table.stdout
    broken = run("pdu", "decode", _BROKEN, cwd=tmp_path)
    assert broken.returncode == 1
    assert _BROKEN in broken.stderr
    assert json.loads(run("pdu", "decode", "--json", _BROKEN, cwd=tmp_path).stdout)["error"]


@pytest.mark.parametrize(
    "arguments", [(), ("--to", "nobody", "--text", "x"), ("x", "--to", "+31641600986")]
)
def test_encode_says_what_it_needs(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Usage errors have exit status 2."""
    assert run("pdu", "encode", *arguments, cwd=tmp_path).returncode == 2
