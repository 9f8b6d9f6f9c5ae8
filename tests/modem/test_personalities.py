"""Every maker that the simulator can be, driven by the real driver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw import pdu
from modemgw.modem.interface import Outcome
from modemgw.simulator.personality import PERSONALITIES
from tests.modem.scene import TIMING, scene

if TYPE_CHECKING:
    from pathlib import Path

    from tests.modem.listening import Listener

# Nothing here is to run out: a machine that stands still for half a second is no fault of a modem.
CALM = replace(TIMING, prompt_s=5.0, submit_s=10.0)


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
async def test_it_is_driven_to_ready_sends_and_receives(tmp_path: Path, name: str) -> None:
    """From power-up on: the banner is printed to it, and what comes too early is refused."""
    async with scene(tmp_path, name, CALM, cold=True) as on:
        assert on.driver.status.iccid == on.bank.card(0, 0).iccid
        assert (await on.submit("Hello")).outcome is Outcome.ACCEPTED
        on.inject("Good day")
        await on.listener.until(lambda: "Good day" in texts_of(on.listener), 20)


def texts_of(listener: Listener) -> set[str | None]:
    """What came in by now."""
    messages = [pdu.decode(incoming.pdu) for incoming in listener.incoming]
    return {message.text for message in messages if isinstance(message, pdu.Deliver)}
