"""A bank and a daemon on it, for the commands that ask a running one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from modemgw.cli.demo.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY_S = 30.0


@pytest.fixture(scope="package")
def stage() -> Iterator[Stage]:
    """Four simulated modems, ready, and the daemon; shared: a test uses numbers of its own."""
    with Stage() as running:
        running.start()
        until = time.monotonic() + _READY_S
        while {item["state"] for item in running.client.items("/v1/modems")} != {"ready"}:
            assert time.monotonic() < until, "the bank is ready"
            time.sleep(0.1)
        yield running
