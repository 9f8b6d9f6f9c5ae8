"""What the tour plays on: a bank of simulated modems, a daemon, a folder that vanishes."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Final

from modemgw.cli.client import Client
from modemgw.cli.control import ask
from modemgw.cli.demo.failure import StepFailedError
from modemgw.cli.demo.hook import Hook

if TYPE_CHECKING:
    from types import TracebackType

MODEMS: Final = 4
_COMMAND: Final = (sys.executable, "-m", "modemgw")
_START_S: Final = 40.0
_STOP_S: Final = 20.0

_CONFIG: Final = """\
database_url = "sqlite:///{folder}/modemgw.db"
secret_file = "{folder}/modemgw.secret"

[api]
listen = "127.0.0.1:{port}"

[modems]
ports = ["{folder}/bank/modem*"]

[gate]
outer_window = "off"
destinations = ["*"]

[replies]
brand = "Demo Ltd"

[[webhooks]]
url = "{hook}"
events = ["message.received", "optout.created"]
secret = "{secret}"

[log]
format = "json"
"""


class Stage:
    """Use as a context: leaves no process and no file behind, however it is left."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="modemgw-demo-")
        self.path = Path(self._folder.name)
        self.bank = self.path / "bank"
        self.config = self.path / "modemgw.toml"
        secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
        self.hook = Hook(secret)
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.config.write_text(
            _CONFIG.format(folder=self.path, port=port, hook=self.hook.url, secret=secret)
        )
        self.key = ""
        self._running: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in reversed(list(self._running)):
            self._stop(name)
        self.hook.close()
        self._folder.cleanup()

    @property
    def client(self) -> Client:
        """The API, with the tour's key."""
        return Client(self.url, self.key)

    @property
    def daemon_pid(self) -> int:
        """The daemon's process."""
        return self._running["run"].pid

    def start(self) -> None:
        """Bring the bank up, make a key, start the daemon. Raises StepFailedError."""
        self._start("simulate", "--modems", str(MODEMS), "--dir", str(self.bank), "--seed", "7")
        scopes = ("--name", "demo", "--scope", "send,read,admin")
        self.key = self.run("keys", "create", "--config", str(self.config), *scopes).strip()
        self.start_daemon()

    def start_daemon(self) -> None:
        """Start the daemon on the same database. Raises StepFailedError."""
        self._start("run", "--config", str(self.config))

    def kill_daemon(self) -> None:
        """SIGKILL: no farewell, no clean-up."""
        daemon = self._running.pop("run")
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait(_STOP_S)

    def daemon_ended(self) -> str:
        """Wait until the daemon has ended by itself, or somebody has ended it; how."""
        code = self._running["run"].wait()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"

    def run(self, *arguments: str) -> str:
        """A command that ends; what it printed. Raises StepFailedError when it prints nothing."""
        done = subprocess.run(  # noqa: S603 - our own command
            (*_COMMAND, *arguments),
            capture_output=True,
            text=True,
            timeout=_START_S,
            env=_environment(),
            check=False,
        )
        if not done.stdout:
            raise StepFailedError(f"`modemgw {arguments[0]}` failed: {done.stderr}")
        return done.stdout

    def control(self, cmd: str, **fields: object) -> dict[str, Any]:
        """One command to the simulator and its answer. Raises CommandError, StepFailedError."""
        answer = ask(self.bank, json.dumps({"cmd": cmd, **fields}))
        if not answer["ok"]:
            raise StepFailedError(f"the simulator refused {cmd}: {answer['error']}")
        return answer

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the daemon's log, but for those about requests."""
        log = self.path / "run.log"
        written = log.read_text(errors="replace") if log.exists() else ""
        told = [line for line in written.splitlines() if '"event": "http"' not in line]
        return "\n".join(told[-lines:])

    def _start(self, *arguments: str) -> None:
        """Start a process of its own group and wait for its line `… ready`."""
        name = arguments[0]
        with (self.path / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                (*_COMMAND, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env=_environment(),
            )
        self._running[name] = process
        outcome: Queue[bool] = Queue()
        threading.Thread(target=_watch, args=(process, outcome), daemon=True).start()
        try:
            ready = outcome.get(timeout=_START_S)
        except Empty:
            ready = False
        if not ready:
            words = (self.path / f"{name}.log").read_text(errors="replace").strip()[-2000:]
            raise StepFailedError(f"`modemgw {name}` did not start: {words or 'it said nothing'}")

    def _stop(self, name: str) -> None:
        process = self._running.pop(name)
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_STOP_S)


def _watch(process: subprocess.Popen[str], outcome: Queue[bool]) -> None:
    """Read what a process prints, to the end, lest it block; tell whether it became ready."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            if line.startswith(("simulator ready", "modemgw ready")):
                outcome.put(True)
    outcome.put(False)


def _environment() -> dict[str, str]:
    """Ours without what would lead a child elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "NOTIFY_SOCKET" and not name.startswith("MODEMGW_")
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
