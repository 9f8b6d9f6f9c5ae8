"""A call centre in a folder: a simulated bank, the daemon on it, and the ways to talk to both.

Everything here is what a user has: the installed command, the configuration file, HTTP, the control
socket and the journal of the simulator. Nothing reaches into the daemon.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

MODEMGW = [sys.executable, "-m", "modemgw"]
PATIENCE_S = 30.0


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        number: int = s.getsockname()[1]
        return number


def environment() -> dict[str, str]:
    """Ours, without what would configure the daemon."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MODEMGW_")}


def wait_for(
    what: str, test: Callable[[], T], timeout_s: float = PATIENCE_S, pause_s: float | None = None
) -> T:
    """Ask until the answer is true; raises AssertionError that says what did not come.

    Without `pause_s`, who is asked has three times as long for his own work as an answer takes, up
    to half a second.
    """
    end = time.monotonic() + timeout_s
    seen: object = None
    while True:
        asked = time.monotonic()
        try:
            found = test()
        except (OSError, http.client.HTTPException) as error:
            seen = error
        else:
            if found:
                return found
            seen = found
        now = time.monotonic()
        if asked >= end:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}; last seen: {seen!r}")
        pause = min(max(0.05, 3 * (now - asked)), 0.5) if pause_s is None else pause_s
        time.sleep(min(pause, max(0.0, end - now)))


@contextlib.contextmanager
def folder_of(kept: Path | None, prefix: str) -> Iterator[Path]:
    """A new folder that is kept, or one that goes with the run."""
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        yield Path(folder)


@dataclass
class Site:
    """Simulator and daemon, each its own process."""

    folder: Path
    database_url: str
    modems: int = 4
    submit_ms: float = 50
    profiles: str = ""  # of the simulator, with commas between; "": its own choice
    window: str = "off"  # hours in which texts may go
    extra: str = ""  # more of the configuration file, in TOML
    host: str = "site"
    ports: list[str] | None = None  # None: those of the whole bank
    extra_ports: list[str] = field(default_factory=list)
    daemon_environment: dict[str, str] = field(default_factory=dict)  # commands have it, too
    key: str = ""
    port: int = field(default_factory=free_port)
    bank_process: subprocess.Popen[str] | None = None
    daemon: subprocess.Popen[str] | None = None
    listening: bool = False  # whether the daemon has said so

    @property
    def bank(self) -> Path:
        return self.folder / "bank"

    @property
    def journal_file(self) -> Path:
        return self.bank / "journal.jsonl"

    @property
    def config(self) -> Path:
        return self.folder / "modemgw.toml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write_config(self) -> None:
        own = [f"{self.bank}/modem*"] if self.ports is None else self.ports
        ports = json.dumps([*own, *self.extra_ports])
        self.config.write_text(
            f"database_url = {json.dumps(self.database_url)}\n"
            f"secret_file = {json.dumps(str(self.folder / 'secret'))}\n"
            f'host = "{self.host}"\n[api]\nlisten = "127.0.0.1:{self.port}"\n'
            f"[modems]\nports = {ports}\n"
            f'[gate]\nouter_window = "{self.window}"\ndestinations = ["*"]\n' + self.extra
        )

    # -- processes ------------------------------------------------------------------------------

    def start(self) -> None:
        """Bank, key, daemon; returns when all modems are ready."""
        self.prepare()
        self.start_daemon()

    def prepare(self) -> None:
        """All but the daemon: configuration, bank, key."""
        self.write_config()
        self.start_bank()
        self.make_key()

    def make_key(self) -> None:
        """Have a key of its own for all that a caller may do."""
        self.key = self.command(
            "keys", "create", "--config", str(self.config), "--name", "test",
            "--scope", "send,read,admin",
        ).stdout.strip()  # fmt: skip

    def start_bank(self) -> None:
        profiles = ["--profile", self.profiles] if self.profiles else []
        self.bank_process = self._launch(
            "simulate", "--modems", str(self.modems), "--dir", str(self.bank),
            "--submit-ms", str(self.submit_ms), "--seed", "1", *profiles,
        )  # fmt: skip
        self._await(self.bank_process, "simulate", "simulator ready")

    def start_daemon(self, *, ready: bool = True) -> None:
        self.launch_daemon()
        self.await_api()
        if ready:
            self.wait_ready(self.modems)

    def launch_daemon(self) -> None:
        """Start its process; waits for nothing."""
        self.listening = False
        self.daemon = self._launch(
            "run", "--config", str(self.config), more=self.daemon_environment
        )

    def await_api(self) -> None:
        """Wait until the daemon says that it listens, or has said so."""
        assert self.daemon is not None
        if not self.listening:
            self._await(self.daemon, "run", "modemgw ready")
            self.listening = True

    def wait_ready(self, count: int, timeout_s: float = PATIENCE_S) -> None:
        self.wait_state("ready", count, timeout_s)

    def wait_state(self, state: str, count: int, timeout_s: float = PATIENCE_S) -> None:
        wait_for(
            f"{count} modems {state}",
            lambda: len([m for m in self.items("/v1/modems") if m["state"] == state]) >= count,
            timeout_s,
        )

    def kill_daemon(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait(10)

    def stop_daemon(self) -> int:
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGTERM)
        return self.daemon.wait(25)

    def close(self) -> None:
        for process in (self.daemon, self.bank_process):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(5)

    def command(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*MODEMGW, *args], capture_output=True, text=True, timeout=60, cwd=self.folder,
            env=environment() | self.daemon_environment,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def _launch(self, *args: str, more: dict[str, str] | None = None) -> subprocess.Popen[str]:
        with (self.folder / f"{args[0]}.log").open("a") as log:
            return subprocess.Popen(
                [*MODEMGW, *args], stdout=subprocess.PIPE, stderr=log, text=True,
                env=environment() | (more or {}), cwd=self.folder,
            )  # fmt: skip

    def _await(self, process: subprocess.Popen[str], name: str, said: str) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(said):
                return
        log_text = (self.folder / f"{name}.log").read_text()[-3000:]
        raise AssertionError(f"`modemgw {name}` ended before it said {said!r}:\n{log_text}")

    # -- HTTP -----------------------------------------------------------------------------------

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        head = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        if body is not None:
            head["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), head)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(data) if data[:1] in (b"{", b"[") else data.decode()

    def get(self, path: str) -> Any:
        status, body = self.call("GET", path)
        assert status == 200, (path, status, body)
        return body

    def items(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page after page."""
        found: list[dict[str, Any]] = []
        page = self.get(path)
        while True:
            found += page["items"]
            if not page["next"]:
                return found
            joint = "&" if "?" in path else "?"
            page = self.get(f"{path}{joint}cursor={page['next']}")

    def send(self, to: str, text: str, **more: Any) -> dict[str, Any]:
        status, body = self.call("POST", "/v1/messages", {"to": to, "text": text, **more})
        assert status == 201, body
        message: dict[str, Any] = body
        return message

    def send_many(self, bodies: list[dict[str, Any]]) -> None:
        status, body = self.call("POST", "/v1/messages/batch", {"messages": bodies})
        assert status == 200, body
        assert {item["status"] for item in body["items"]} == {201}, body["items"][:3]

    def send_each(self, bodies: list[dict[str, Any]], at_once: int = 500) -> None:
        """As `send_many`, however many there are."""
        for start in range(0, len(bodies), at_once):
            self.send_many(bodies[start : start + at_once])

    def status_of(self, message_id: str) -> str:
        return str(self.get(f"/v1/messages/{message_id}")["status"])

    def inbound(self) -> list[dict[str, Any]]:
        return self.items("/v1/messages?direction=inbound&limit=500")

    # -- the simulator --------------------------------------------------------------------------

    def ctl(self, cmd: str, **fields: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.bank / "control.sock"))
            s.sendall(json.dumps({"cmd": cmd, **fields}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(s.makefile(encoding="utf-8").readline())
        assert answer["ok"], answer
        return answer

    def inject(self, modem: int, sender: str, text: str, **more: Any) -> dict[str, Any]:
        return self.ctl("inject", modem=modem, **{"from": sender}, text=text, **more)

    def journal(self, event: str) -> list[dict[str, Any]]:
        lines = self.journal_file.read_text(encoding="utf-8").split("\n")[:-1]
        return [row for row in map(json.loads, lines) if row["event"] == event]

    def judge(self) -> dict[str, Any]:
        """The counts of a script that reads the journal and the public API, nothing else."""
        done = self.command(
            "judge", "--journal", str(self.journal_file), "--url", self.url, "--key", self.key,
            "--json", check=False,
        )  # fmt: skip
        counts: dict[str, Any] = json.loads(done.stdout)
        return counts


@contextlib.contextmanager
def running(site: Site) -> Iterator[Site]:
    """A site that stands, and is gone afterwards."""
    try:
        site.start()
        yield site
    finally:
        site.close()
