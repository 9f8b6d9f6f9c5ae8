"""`modemgw twilio`, with the daemon down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modemgw.config import Config
from modemgw.store.engine import reader_engine
from modemgw.store.sids import service_sid
from modemgw.wiring import twilio_settings
from tests.cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_tells_the_sids_of_keys_and_pools(tmp_path: Path) -> None:
    """Of keys in force alone; never the keys themselves."""
    (tmp_path / "modemgw.toml").write_text('[pools.sales]\nlines = ["8901000000000000001"]\n')
    key = run("keys", "create", "--name", "crm", cwd=tmp_path).stdout.strip()
    run("keys", "create", "--name", "former", cwd=tmp_path)
    run("keys", "revoke", "former", cwd=tmp_path)
    shown = json.loads(run("twilio", "--json", cwd=tmp_path).stdout)
    ((account,), (service,)) = shown["accounts"], shown["services"]
    assert account["key"] == "crm"
    assert account["account_sid"].startswith("AC")
    assert service == {"pool": "sales", "messaging_service_sid": service_sid("sales")}
    table = run("twilio", cwd=tmp_path).stdout
    assert account["account_sid"] in table.replace("\n", "")
    assert key not in table


def test_an_account_whose_key_was_revoked_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are served, and the bank works on; the log says what to do."""
    (tmp_path / "modemgw.toml").write_text("")
    tokens = [
        run("keys", "create", "--name", name, cwd=tmp_path).stdout.strip()
        for name in ("crm", "former")
    ]
    run("keys", "revoke", "former", cwd=tmp_path)
    config = Config.model_validate({"twilio": {"accounts": [{"token": t} for t in tokens]}})
    engine = reader_engine(f"sqlite:///{tmp_path / 'modemgw.db'}", 1)
    with engine.connect() as connection:
        settings = twilio_settings(config, connection)
    engine.dispose()
    assert [account.token for account in settings.accounts.values()] == tokens[:1]
    assert "modemgw keys create" in capsys.readouterr().out
