"""Configuration: its page, its example, its check."""

from __future__ import annotations

import tomllib
from pathlib import Path

from modemgw.cli.configuration import reference_text
from modemgw.config import Config, load
from tests.cli.commands import run

_DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_command_prints() -> None:
    """`modemgw config reference > docs/configuration.md` keeps it so."""
    assert (_DOCS / "configuration.md").read_text(encoding="utf-8") == reference_text()


def test_the_example_loads_and_shows_every_section() -> None:
    """Who copies it begins with a configuration that is right."""
    example = _DOCS / "modemgw.example.toml"
    load(example)
    tables = {name for name, field in Config.model_fields.items() if not field.is_required()}
    assert tables - {"host"} <= set(tomllib.loads(example.read_text(encoding="utf-8"))) | {"host"}


def test_check_says_what_a_file_is_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    """Each wrong key by its name."""
    (tmp_path / "modemgw.toml").write_text('[modems]\nports = ["/dev/ttyUSB*"]\n')
    done = run("config", "check", cwd=tmp_path)
    assert done.returncode == 0
    assert "is right" in done.stdout
    (tmp_path / "modemgw.toml").write_text('[modems]\nprots = []\n[api]\nlisten = "nowhere"\n')
    done = run("config", "check", cwd=tmp_path)
    assert done.returncode == 1
    assert "modems.prots" in done.stderr
    assert "api.listen" in done.stderr


def test_reference_prints_the_page(tmp_path: Path) -> None:
    """The installed command knows its own keys."""
    assert run("config", "reference", cwd=tmp_path).stdout == reference_text()


def test_check_says_where_no_guarantee_holds(tmp_path: Path) -> None:
    """An operator should read it before the first text is sent."""
    config = tmp_path / "modemgw.toml"
    config.write_text('[[modems.port]]\npath = "/dev/ttyUSB9"\ndriver = "gsmmodem"\n')
    done = run("config", "check", "--config", str(config), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "/dev/ttyUSB9" in done.stdout
    assert "no guarantee" in done.stdout
