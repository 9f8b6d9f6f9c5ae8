"""Whatever a modem is asked, it answers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.commands import TABLE
from tests.simulator.line import FINAL, Line

if TYPE_CHECKING:
    from modemgw.simulator.bank import Bank

_CHANGE_THE_LINE = {"E", "V", "Q", "Z", "&F", "&W", "+CFUN", "S3", "S4", "S5"}
_VALUES = (
    *("", "0", "1", "2", "3", "4", "5", "9", "17", "145", "255", "300", "-1", "99999999999999"),
    *('"ME"', '"SM"', '"MT"', '"BM"', '"SC"', '"REC READ"', '"ALL"', '"+15550001001"', '"ON"'),
    *('"UCS2"', '"HEX"', '"IRA"', '"GSM"', '"0041"', '"004"', '"\xff"', '"26/11/28,14:00:00+99"'),
    *('"0-9,5-"', '"01A70000000000"', "x", '"'),
)
_TEXTS = (b"Hello", b"0041", b"\x00\xff\x80", b"00", b"x" * 3000, b"", b"41\r42\x08")
_ENDS = (b"\x1a", b"\x1b")


@pytest.mark.parametrize("seed", range(4))
async def test_every_line_gets_a_final_result(line: Line, bank: Bank, seed: int) -> None:
    """Any command in any form with any values, and any text where one is asked for."""
    rng = Random(seed)
    names = sorted(set(TABLE) - _CHANGE_THE_LINE)
    for _ in range(1500):
        values = ",".join(rng.choice(_VALUES) for _ in range(rng.randint(0, 4)))
        form = rng.choice(("", "?", "=?", "=" + values, "=" + values, "=" + values))
        line.write(f"AT{rng.choice(names)}{form}\r".encode("latin-1"))
        heard = await line.expect(FINAL + rb"|\r\n> ")
        if heard.endswith(b"\r\n> "):
            line.write(rng.choice(_TEXTS) + rng.choice(_ENDS))
            await line.expect(FINAL)
        bank.network.deliver("+15550100000", ["0004", "00040B915155000011F1000062118231000000"])
    assert bank.modems[0].is_up
