"""What a start loads, and what it leaves to those who need it; each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import free_port

if TYPE_CHECKING:
    from pathlib import Path

_DAEMON = """
import gc, sys
from pathlib import Path
gc.disable()
from modemgw import daemon
status = daemon.run(Path(sys.argv[1]))
print(status, gc.isenabled())
"""
_RULE = """
import sys
from modemgw.gateway.routing import Rule
Rule("pool", operators=frozenset(sys.argv[1:]))
print("phonenumbers.carrier" in sys.modules)
"""


def test_garbage_is_looked_for_once_all_is_loaded(tmp_path: Path) -> None:
    """`modemgw run` loads without; for ever after it would be a leak."""
    config = tmp_path / "modemgw.toml"
    config.write_text(
        f'database_url = "sqlite:///{tmp_path}/modemgw.db"\nsecret_file = "{tmp_path}/secret"\n'
        f'[api]\nlisten = "127.0.0.1:{free_port()}"\n'
    )
    command = [sys.executable, "-c", _DAEMON, str(config)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("modemgw ready") for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().splitlines()[-1] == "0 True"


@pytest.mark.parametrize(("operators", "loaded"), [([], "False"), (["Vodafone"], "True")])
def test_whom_numbers_were_given_to_is_loaded_for_rules_that_ask(
    operators: list[str], loaded: str
) -> None:
    """Ten MiB; and with the rule, so that no text waits for it."""
    command = [sys.executable, "-c", _RULE, *operators]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == loaded
