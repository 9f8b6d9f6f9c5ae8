"""`modemgw audit`, with the daemon down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from modemgw.config import read_secret
from modemgw.store import heads, keys
from modemgw.store.engine import writer_engine
from modemgw.store.ledger import Ledger
from modemgw.store.schema import migrate
from tests.cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration, an audit of three entries, and its published head."""
    url = f"sqlite:///{tmp_path}/db"
    (tmp_path / "modemgw.toml").write_text(f'database_url = "{url}"\nhost = "here"\n')
    migrate(url)
    ledger = Ledger("here", read_secret(tmp_path / "modemgw-audit.key"))
    engine = writer_engine(url)
    with engine.begin() as connection:
        for number in range(3):
            ledger.append(connection, "opted_out", "+12025550111", NOW + number, {})
        ledger.demand_key(connection)
        head = ledger.head(connection, NOW + 9)
    engine.dispose()
    assert head is not None
    heads.publish(tmp_path / "modemgw-audit.heads", head)
    return tmp_path


def tamper(folder: Path, statement: str) -> None:
    engine = writer_engine(f"sqlite:///{folder}/db")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_verify_says_that_all_holds(folder: Path) -> None:
    """For people and for programs; the head beside the key is found by itself."""
    done = run("audit", "verify", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 chains, 3 entries (0 erased), 1 published heads: all hold\n"
    told = json.loads(run("audit", "verify", "--json", cwd=folder).stdout)
    assert (told["holds"], told["key"], told["breaks"]) == (True, True, [])


def test_verify_names_the_first_broken_entry(folder: Path) -> None:
    """And ends with 1, so that a nightly job tells somebody."""
    tamper(folder, "DELETE FROM audit_entries WHERE sequence = 3")
    done = run("audit", "verify", cwd=folder)
    assert done.returncode == 1
    assert "BROKEN  chain here, entry 3: the chain ends at 2" in done.stdout
    tamper(folder, "UPDATE audit_entries SET action = 'opted_in' WHERE sequence = 2")
    told = json.loads(run("audit", "verify", "--json", cwd=folder).stdout)
    assert [(found["chain"], found["sequence"]) for found in told["breaks"]] == [("here", 2)]


def test_verify_without_the_key_says_so_and_makes_none(folder: Path) -> None:
    """A new key would hide that the old one is gone."""
    (folder / "modemgw-audit.key").unlink()
    done = run("audit", "verify", cwd=folder)
    assert done.returncode == 0
    assert "no key file" in done.stdout
    assert not (folder / "modemgw-audit.key").exists()


def test_admins_lists_what_was_done_with_keys(folder: Path) -> None:
    """Who, what, with what outcome, whence: of a day, oldest first, for people and programs."""
    call = {
        "method": "GET",
        "route": "/v1/persons/{number}",
        "target": None,
        "status": 200,
        "from": "192.0.2.7",
        "request": "req_1",
    }
    engine = writer_engine(f"sqlite:///{folder}/db")
    ledger = Ledger("here", read_secret(folder / "modemgw-audit.key"))
    with engine.begin() as connection:
        keys.create(connection, name="boss", scopes=["admin"], now=NOW)
        known = keys.all_keys(connection)[0].id
        ledger.append(connection, "admin", None, NOW + 5, {**call, "key": known})
        act = {**call, "method": "POST", "route": "/v1/lines/{id}/pause", "target": "lin_1"}
        told = {**act, "key": "key_gone", "tool": "pause_line"}
        ledger.append(connection, "tool_used", None, NOW + 86_405, told)
    engine.dispose()
    done = run("audit", "admins", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        (
            f"2027-01-15T08:00:05.000Z  boss ({known})  GET /v1/persons/{{number}}  200  "
            "from 192.0.2.7  req_1"
        ),
        (
            "2027-01-16T08:00:05.000Z  no key of now (key_gone)  POST /v1/lines/{id}/pause  lin_1  "
            "200  from 192.0.2.7  req_1  by pause_line"
        ),
    ]
    lines = run("audit", "admins", "--day", "2027-01-16", "--json", cwd=folder).stdout.splitlines()
    (entry,) = map(json.loads, lines)
    assert (entry["at"], entry["action"]) == ("2027-01-16T08:00:05.000Z", "tool_used")
    assert (entry["name"], entry["detail"]) == (None, told)


def test_accept_key_goes_on_with_a_new_key_and_tells_the_audit(folder: Path) -> None:
    """The heads of before were made with the old one, and verify says so."""
    (folder / "modemgw-audit.key").unlink()
    done = run("audit", "accept-key", "--reason", "the disk died", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    engine = writer_engine(f"sqlite:///{folder}/db")
    with engine.begin() as connection:
        Ledger("here", read_secret(folder / "modemgw-audit.key")).demand_key(connection)
        last = connection.execute(text("SELECT action FROM audit_entries WHERE sequence = 4"))
        assert last.scalar_one() == "key_replaced"
    engine.dispose()
    assert "wrong MAC" in run("audit", "verify", cwd=folder).stdout


def test_export_tells_of_a_day_in_a_time_zone(folder: Path) -> None:
    """For people and for programs; a day is where it was that day."""
    number = ("--number", "+12025550111")
    told = json.loads(run("audit", "export", *number, "--format", "json", cwd=folder).stdout)
    assert (told["holds"], told["number"]) == (True, "+12025550111")
    assert [entry["action"] for entry in told["entries"]] == ["opted_out"] * 3
    assert told["entries"][0]["at"] == "2027-01-15T08:00:00.000Z"
    day = ("--day", "2027-01-15")
    done = run("audit", "export", *number, *day, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the audit holds" in done.stdout
    assert done.stdout.count("opted_out (here, entry") == 3
    far = ("--time-zone", "Pacific/Honolulu")  # there it was still the day before
    assert "nothing is kept" in run("audit", "export", *number, *day, *far, cwd=folder).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--number", "nobody"), "--number"),
        (("--number", "+12025550111", "--day", "yesterday"), "--day"),
        (("--number", "+12025550111", "--time-zone", "Berlin"), "--time-zone"),
    ],
)
def test_export_says_what_it_cannot_read(
    arguments: tuple[str, ...], words: str, folder: Path
) -> None:
    """In words, with the name of the option."""
    done = run("audit", "export", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr


def test_export_without_the_key_finds_nobody_and_says_so(folder: Path) -> None:
    """It makes none, either."""
    (folder / "modemgw-audit.key").unlink()
    done = run("audit", "export", "--number", "+12025550111", cwd=folder)
    assert done.returncode == 1
    assert "there is no key" in done.stderr
