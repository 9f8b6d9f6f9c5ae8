"""Profiles at work: in the configuration, in a modem's dialogue, on the page about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modemgw.cli.profiles import profiles_text
from modemgw.config import ConfigError, load
from modemgw.modem.bank import Bank
from modemgw.modem.catalogue import load as load_profiles
from modemgw.modem.catalogue import shipped
from modemgw.modem.interface import ModemState
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.wiring import bank_settings
from tests.cli.commands import run
from tests.modem.conftest import QUICK, Start, driven
from tests.modem.listening import Permit
from tests.modem.scripted import ScriptedModem, ok
from tests.modem.sysfs import SysFs

if TYPE_CHECKING:
    from tests.modem.listening import Listener

PDU = "0011000B915155500100F00000AA05E8329BFD06"
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


def settings_of(modem: ScriptedModem, profiles: Path) -> BankSettings:
    return BankSettings((PortSettings(modem.path),), QUICK, profiles=load_profiles(profiles))


async def test_a_modem_is_told_what_its_profile_says(start: Start, modem: ScriptedModem) -> None:
    """To be quiet as soon as it is known; the rest after the common initialisation."""
    modem.script |= {"AT+CGMI": ok("huawei"), "AT+CGMM": ok("K3715")}
    await start()
    sent = modem.commands
    assert sent.index("AT+CGMM") < sent.index("AT^CURC=0") < sent.index("AT+CPIN?")
    assert sent.index("AT+CNMI=2,1,0,1,0") < sent.index("AT^PORTSEL=0")
    assert "AT^ICCID?" in sent


async def test_reports_are_stored_only_where_a_profile_says_that_this_works(
    modem: ScriptedModem, listener: Listener, tmp_path: Path
) -> None:
    """Nearly all offer it, and some lose them then."""
    folder = own_profile(tmp_path, 'maker = "acme"\nreports = "stored"\n')
    for maker, wanted in (("Scripted", "AT+CNMI=2,1,0,1,0"), ("Acme", "AT+CNMI=2,1,0,2,0")):
        modem.commands.clear()
        modem.script["AT+CGMI"] = ok(maker)
        async with driven(Bank(settings_of(modem, folder), listener)):
            await listener.until_state(ModemState.READY)
        announced = [line for line in modem.commands if line.startswith("AT+CNMI=2")]
        assert announced == [wanted]
        listener.states.clear()


async def test_a_profile_of_ones_own_is_used(
    modem: ScriptedModem, listener: Listener, tmp_path: Path
) -> None:
    """From a file in a folder to the modem, without a line of code."""
    folder = own_profile(tmp_path, 'maker = "scripted"\ninit = ["AT+ACME=1"]\n')
    async with driven(Bank(settings_of(modem, folder), listener)):
        await listener.until_state(ModemState.READY)
    assert "AT+ACME=1" in modem.commands


async def test_a_modem_with_another_makers_name_is_told_by_its_usb_device(
    tmp_path: Path, listener: Listener
) -> None:
    """Qualcomm's name is on modems of half the makers."""
    sysfs, dev = SysFs(tmp_path / "sys"), tmp_path / "dev"
    dev.mkdir()
    (name,) = sysfs.plug("1-1", "19d2:0031", {"03": "ffffff"})
    modem = ScriptedModem(dev, name)
    modem.script["AT+CGMI"] = ok("QUALCOMM INCORPORATED")
    modem.plug()
    settings = BankSettings((PortSettings(f"{dev}/*"),), QUICK, sysfs=sysfs.root, dev=dev)
    async with driven(Bank(settings, listener)):
        await listener.until_state(ModemState.READY)
    assert "AT+ZOPRT=5" in modem.commands
    modem.unplug()


@pytest.mark.parametrize("words", ["MODEM:STARTUP", "+ACME: up", "+acme:UP"])
async def test_a_start_in_a_makers_own_words_is_understood(
    modem: ScriptedModem, listener: Listener, tmp_path: Path, words: str
) -> None:
    """Whatever it had been told before is told again."""
    folder = own_profile(
        tmp_path,
        'maker = "scripted"\nboot_words = ["MODEM:STARTUP"]\nready_words = ["+ACME: UP"]\n',
    )
    async with driven(Bank(settings_of(modem, folder), listener)):
        await listener.until_state(ModemState.READY)
        modem.commands.clear()
        modem.say(f"\r\n{words}\r\n")
        await modem.until(lambda: "AT+CNMI=2,1,0,1,0" in modem.commands)
        await listener.until_state(ModemState.READY)


async def test_what_an_error_means_is_taken_from_the_profile(
    modem: ScriptedModem, listener: Listener, tmp_path: Path
) -> None:
    """Only behind Ctrl-Z: what comes instead of the prompt is a refusal, whatever its number."""
    folder = own_profile(
        tmp_path,
        'maker = "scripted"\n[[reclassified]]\nfamily = "cms"\ncode = 500\noutcome = "refused"\n'
        'why = "no credit"\nevidence = "manual"\nsource = "our operator"\n'
        '[[reclassified]]\nfamily = "cms"\ncode = 38\noutcome = "unknown"\n'
        'why = "it says so of texts that went"\nevidence = "hearsay"\nsource = "our bank"\n',
    )
    async with driven(Bank(settings_of(modem, folder), listener)) as bank:
        await listener.until_state(ModemState.READY)
        (driver,) = bank.modems

        async def submit() -> tuple[str, str]:
            result = await driver.submit(PDU, 19, Permit())
            return result.outcome, result.detail

        modem.script["CTRL-Z"] = "\r\n+CMS ERROR: 500\r\n"
        assert await submit() == ("refused", "no credit")
        modem.script["CTRL-Z"] = "\r\n+CMS ERROR: 38\r\n"
        assert await submit() == ("unknown", "it says so of texts that went")
        modem.script["AT+CMGS=19"] = "\r\n+CMS ERROR: 38\r\n"
        assert await submit() == ("refused", "+CMS ERROR: 38 instead of the prompt")


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
