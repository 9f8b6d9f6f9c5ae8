"""As many ports as Linux has `ttyUSB` for, in one process."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState
from modemgw.modem.settings import BankSettings, PortSettings, Timing
from tests.modem.conftest import driven
from tests.modem.listening import Listener
from tests.modem.scripted import ScriptedModem

if TYPE_CHECKING:
    from collections.abc import Iterator


COUNT = 512
DESCRIPTORS_NEEDED = 4 * COUNT


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for the descriptors of both ends; select() alone would end at 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS_NEEDED), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
async def test_one_process_drives_512_ports(tmp_path: Path) -> None:
    """Each is opened, its modem set up, and ready for texts; all at once."""
    modems = [ScriptedModem(tmp_path, f"modem{number:03d}") for number in range(COUNT)]
    for number, modem in enumerate(modems):
        modem.script["AT+CGSN"] = f"\r\n{number:015d}\r\n\r\nOK\r\n"
        modem.script["AT+CCID"] = f"\r\n+CCID: 8901555{number:013d}\r\n\r\nOK\r\n"
        modem.plug()
    listener = Listener()
    timing = Timing(listen_s=0.05, drain_s=0.05)
    bank = Bank(BankSettings((PortSettings(f"{tmp_path}/modem*"),), timing), listener)
    async with driven(bank):
        await listener.until(lambda: _ready(bank) == COUNT, 60)
        assert max(_descriptors()) > 1024
    for modem in modems:
        modem.unplug()
    await asyncio.sleep(0)


def _ready(bank: Bank) -> int:
    ready = [modem.status for modem in bank.modems if modem.status.state is ModemState.READY]
    return len({(status.imei, status.iccid) for status in ready})


def _descriptors() -> list[int]:
    return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
