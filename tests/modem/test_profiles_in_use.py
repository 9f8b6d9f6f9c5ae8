"""Profiles at work: in the configuration, in a modem's dialogue, on the page about them."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modemgw.cli.profiles import profiles_text
from modemgw.config import ConfigError, load
from modemgw.daemon import bank_settings
from modemgw.modem.bank import Bank
from modemgw.modem.catalogue import load as load_profiles
from modemgw.modem.catalogue import shipped
from modemgw.modem.interface import ModemState
from modemgw.modem.settings import BankSettings, PortSettings
from tests.cli.commands import run
from tests.modem.conftest import QUICK, Start
from tests.modem.scripted import ScriptedModem, ok

if TYPE_CHECKING:
    from tests.modem.listening import Listener

PAGE = Path(__file__).parents[2] / "docs" / "modems.md"


def configuration(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "modemgw.toml"
    path.write_text(text, encoding="utf-8")
    return path


def own_profile(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "acme.toml").write_text(text, encoding="utf-8")
    return folder


async def test_a_modem_is_told_what_its_profile_says(start: Start, modem: ScriptedModem) -> None:
    """First to be quiet, then the rest; after the common initialisation."""
    modem.script |= {"AT+CGMI": ok("huawei"), "AT+CGMM": ok("K3715")}
    await start()
    sent = modem.commands
    assert sent.index("AT+CMGF=0") < sent.index("AT^CURC=0") < sent.index("AT^PORTSEL=0")
    assert "AT^ICCID?" in sent


async def test_a_modem_that_loses_stored_reports_is_asked_for_direct_ones(
    start: Start, modem: ScriptedModem
) -> None:
    """It offers both: what it does with them, only its profile knows."""
    modem.script |= {"AT+CGMI": ok("Quectel"), "AT+CGMM": ok("EC25")}
    await start()
    announced = [line for line in modem.commands if line.startswith("AT+CNMI=2")]
    assert announced[0] == "AT+CNMI=2,1,0,1,0"


async def test_an_unknown_modem_is_asked_for_stored_reports(
    start: Start, modem: ScriptedModem
) -> None:
    """As ever."""
    await start()
    announced = [line for line in modem.commands if line.startswith("AT+CNMI=2")]
    assert announced[0] == "AT+CNMI=2,1,0,2,0"


async def test_a_profile_of_ones_own_is_used(
    modem: ScriptedModem, listener: Listener, tmp_path: Path
) -> None:
    """From a file in a folder to the modem, without a line of code."""
    folder = own_profile(tmp_path, 'maker = "scripted"\ninit = ["AT+ACME=1"]\n')
    settings = BankSettings((PortSettings(modem.path),), QUICK, profiles=load_profiles(folder))
    task = asyncio.create_task(Bank(settings, listener).run())
    try:
        await listener.until_state(ModemState.READY)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert "AT+ACME=1" in modem.commands


def test_the_folder_of_the_configuration_reaches_the_bank(tmp_path: Path) -> None:
    """And a port may name a profile of it."""
    folder = own_profile(tmp_path, 'maker = "acme"\n')
    config = load(
        configuration(
            tmp_path,
            f'[modems]\nprofile_dir = "{folder}"\n'
            '[[modems.port]]\npath = "/dev/ttyUSB0"\nprofile = "acme"\n',
        )
    )
    assert bank_settings(config).profiles.named("acme").maker == "acme"


def test_a_wrong_profile_is_a_wrong_configuration(tmp_path: Path) -> None:
    """`modemgw config check` finds it before the daemon does."""
    folder = own_profile(tmp_path, 'reports = "none"\n')
    path = configuration(tmp_path, f'[modems]\nprofile_dir = "{folder}"\n')
    with pytest.raises(ConfigError, match=r"modems: .*acme\.toml: reports: Input should be"):
        load(path)
    checked = run("config", "check", "--config", str(path), cwd=tmp_path)
    assert checked.returncode == 1
    assert "acme.toml: reports: Input should be 'stored' or 'direct'" in checked.stderr


def test_a_profile_that_does_not_exist_is_a_wrong_configuration(tmp_path: Path) -> None:
    """A port would stay without a modem, and only the log would say why."""
    path = configuration(tmp_path, '[[modems.port]]\npath = "/dev/ttyUSB0"\nprofile = "acme"\n')
    with pytest.raises(ConfigError, match=r"modems: no profile 'acme'; there are cinterion, "):
        load(path)


def test_the_page_about_modems_is_what_the_profiles_say() -> None:
    """`modemgw config profiles > docs/modems.md` keeps it so."""
    assert PAGE.read_text(encoding="utf-8") == profiles_text(shipped())


def test_ones_own_profiles_are_on_the_page_that_the_command_prints(tmp_path: Path) -> None:
    """With what they take over left out."""
    text = 'about = "Acme 4G"\nextends = "quectel-lte"\nmaker = "acme"\nmodel = "^A4|^A5"\n'
    folder = own_profile(tmp_path, text)
    path = configuration(tmp_path, f'[modems]\nprofile_dir = "{folder}"\n')
    printed = run("config", "profiles", "--config", str(path), cwd=tmp_path).stdout
    section = printed.split("## acme\n")[1].split("\n## ")[0]
    assert "Acme 4G. Else as [quectel-lte](#quectel-lte)." in section
    assert "| `model` | `^A4\\|^A5` |" in section
    assert "init" not in section
    assert run("config", "profiles", cwd=tmp_path).stdout == profiles_text(shipped())
