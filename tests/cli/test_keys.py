"""`modemgw keys`, with the daemon down."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from modemgw.store import keys
from modemgw.store.engine import writer_engine
from tests.cli.commands import run, run_installed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration that names a database of its own."""
    (tmp_path / "modemgw.toml").write_text(
        f'database_url = "sqlite:///{tmp_path}/db"\n[pools.sales]\nlines = ["+15550009001"]\n'
    )
    return tmp_path


def test_create_prints_the_key_alone_and_the_database_knows_it(folder: Path) -> None:
    """A script may take standard output as it is."""
    done = run_installed(
        *("keys", "create", "--name", "crm", "--scope", "send, read", "--urgent"),
        *("--kinds", "transactional,marketing", "--default-kind", "marketing"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stdout.strip() + "\n"
    engine = writer_engine(f"sqlite:///{folder}/db")
    with engine.begin() as connection:
        row = keys.find(connection, done.stdout.strip(), time.time())
    engine.dispose()
    assert row is not None
    assert (row.name, row.scopes, row.urgent) == ("crm", ["send", "read"], True)
    assert (row.kinds, row.default_kind) == (["transactional", "marketing"], "marketing")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--name", "x", "--scope", "fly"), "fly is none of send, read, admin"),
        (("--name", "x", "--scope", ","), "nothing is none of"),
        (("--name", "x", "--kinds", "spam"), "spam is none of"),
        (("--name", "x", "--kinds", "marketing", "--default-kind", "other"), "--default-kind"),
        (("--name", " "), "--name"),
        (("--name", "x" * 65), "--name"),
        (("--name", "x", "--pool", "nowhere"), "nowhere is none of sales"),
        (("--name", "x", "--pool", "sales", "--scope", "admin"), "not bound to pools"),
        (("--name", "x", "--expires", "soon"), "is no time"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    arguments: tuple[str, ...], words: str, folder: Path
) -> None:
    """Nothing is printed where a key would stand."""
    done = run("keys", "create", *arguments, cwd=folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert words in done.stderr


def test_list_shows_every_key_but_not_the_secret(folder: Path) -> None:
    """What is shown is enough to revoke, and not enough to use."""
    key = run("keys", "create", "--name", "crm", cwd=folder).stdout.strip()
    shown = run("keys", "list", "--json", cwd=folder).stdout
    (item,) = json.loads(shown)
    assert item["name"] == "crm"
    assert item["revoked_at"] is None
    assert key not in shown
    table = run("keys", "list", cwd=folder).stdout
    assert "in force" in table
    assert key not in table


def test_a_revoked_key_is_no_longer_in_force(folder: Path) -> None:
    """It stays in the list, so that one can see that it was there."""
    run("keys", "create", "--name", "crm", cwd=folder)
    assert run("keys", "revoke", "crm", cwd=folder).stdout == "1 revoked\n"
    assert "revoked" in run("keys", "list", cwd=folder).stdout
    again = run("keys", "revoke", "crm", cwd=folder)
    assert again.returncode == 1
    assert "no key in force" in again.stderr


def shown(folder: Path) -> dict[str, object]:
    """The one key as the list shows it."""
    (item,) = json.loads(run("keys", "list", "--json", cwd=folder).stdout)
    found: dict[str, object] = item
    return found


def test_a_key_is_made_with_pools_limits_and_an_end_and_each_can_be_taken_away(
    folder: Path,
) -> None:
    """What is not named stays."""
    limits = ("--pool", "sales", "--per-minute", "9", "--per-day", "99", "--expires", "2999-01-01")
    assert run("keys", "create", "--name", "crm", *limits, cwd=folder).returncode == 0
    made = shown(folder)
    assert (made["pools"], made["per_minute"], made["per_day"]) == (["sales"], 9, 99)
    assert made["expires_at"] == "2999-01-01T00:00:00Z"
    change = ("--name", "shop", "--per-minute", "7", "--no", "pool,per-day,expires")
    assert run("keys", "change", "crm", *change, cwd=folder).returncode == 0
    changed = {**made, "name": "shop", "per_minute": 7}
    assert shown(folder) == {**changed, "pools": None, "per_day": None, "expires_at": None}
    assert "nothing is to be changed" in run("keys", "change", "shop", cwd=folder).stderr
    assert "no key in force" in run("keys", "rotate", "crm", cwd=folder).stderr


def test_a_rotated_key_has_two_secrets_until_the_grace_is_over(folder: Path) -> None:
    """Only the new one is printed."""
    old = run("keys", "create", "--name", "crm", cwd=folder).stdout.strip()
    new = run("keys", "rotate", "crm", "--grace", "60", cwd=folder).stdout.strip()
    now = time.time()
    engine = writer_engine(f"sqlite:///{folder}/db")
    with engine.begin() as connection:
        assert keys.find(connection, old, now) == keys.find(connection, new, now) is not None
        assert keys.find(connection, old, now + 61) is None
        assert keys.find(connection, new, now + 61) is not None
    engine.dispose()


def test_two_keys_of_one_name_are_told_apart_by_their_ids(folder: Path) -> None:
    """Nobody rotates the wrong one."""
    for _ in range(2):
        run("keys", "create", "--name", "crm", cwd=folder)
    done = run("keys", "rotate", "crm", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "by its id" in done.stderr


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    """No key goes into a database that nobody asked for."""
    done = run("keys", "create", "--name", "x", "--config", "none.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "none.toml" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_be_opened_is_no_traceback(tmp_path: Path) -> None:
    """The words say what to look at."""
    done = run(
        *("keys", "list", "--config", "/dev/null"),
        cwd=tmp_path,
        MODEMGW_DATABASE_URL=f"sqlite:///{tmp_path}/no/such/folder/db",
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "database" in done.stderr
