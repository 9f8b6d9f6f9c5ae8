"""One simulated bank, one or two daemons on one database, and a watcher of the opt-outs."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import postgres
from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Guest(Site):
    """A second daemon, on modems of another's bank."""

    of: Site | None = None

    @property
    def bank(self) -> Path:
        """The other's."""
        assert self.of is not None
        return self.of.bank

    def prepare(self) -> None:
        """Configuration and key: the bank stands."""
        self.write_config()
        self.make_key()


@dataclass(slots=True)
class Hosts:
    """Daemons that share a database. The first one's site has the simulator."""

    sites: list[Site]
    watch_file: Path
    watcher: subprocess.Popen[str]

    @property
    def bank(self) -> Site:
        """Where the simulator can be told something."""
        return self.sites[0]

    @property
    def modems(self) -> int:
        """Of all hosts."""
        return sum(site.modems for site in self.sites)

    def line_of(self, modem: int) -> str:
        """The line in a modem of the bank."""
        (line,) = (
            str(shown["line"])
            for shown in self.bank.items("/v1/modems")
            if shown["port"].endswith(f"modem{modem:03}")
        )
        return line

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Until every modem can send."""
        for site in self.sites:
            wait_for(f"the modems of {site.host}", partial(_is_ready, site), timeout_s)

    def end_watch(self) -> None:
        """Let the watcher write down what still stands, and end."""
        self.watcher.terminate()
        self.watcher.wait(10)

    def watched(self) -> list[dict[str, Any]]:
        """What the watcher has seen until now."""
        lines = self.watch_file.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def await_seen(self, number: str) -> None:
        """Until the watcher has seen an opt-out of a number."""

        def seen() -> bool:
            return any(row.get("number") == number and "seen" in row for row in self.watched())

        wait_for(f"the opt-out of {number}", seen)


def _is_ready(site: Site) -> bool:
    return bool(site.call("GET", "/readyz")[1]["modems_ready"] >= site.modems)


@contextlib.contextmanager
def standing(
    folder: Path, url: str, hosts: int, *, modems: int, submit_ms: float = 40, messages: str = ""
) -> Iterator[Hosts]:
    """Everything up, all modems ready. `modems` for each host, `messages` more of that section."""
    extra = f"start_hold = 2\n[messages]\nretry_patience = 0.05\nline_rest = 1\n{messages}"
    extra += f"[audit]\nkey_file = {json.dumps(str(folder / 'audit.key'))}\n"
    first = Site(
        folder, url, modems=modems * hosts, submit_ms=submit_ms, extra=extra, host="host0",
        ports=_ports(folder, 0, modems),
    )  # fmt: skip
    sites = [first]
    for index in range(1, hosts):
        place = folder / f"host{index}"
        place.mkdir()
        sites.append(
            Guest(
                place,
                url,
                modems=modems,
                extra=extra,
                host=place.name,
                of=first,
                ports=_ports(folder, index, modems),
            )
        )
    watch_file = folder / "watch.jsonl"
    with contextlib.ExitStack() as stack:
        for site in sites:
            stack.callback(site.close)
            site.prepare()
            site.launch_daemon()
        first.modems = modems
        for site in sites:
            site.await_api()
        found = Hosts(sites, watch_file, stack.enter_context(_watching(url, watch_file)))
        found.wait_ready()
        yield found


def _ports(folder: Path, host: int, modems: int) -> list[str]:
    mine = range(host * modems, (host + 1) * modems)
    return [f"{folder}/bank/modem{index:03}" for index in mine]


@contextlib.contextmanager
def _watching(url: str, file: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.stop_race.watch", url, str(file)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """A fresh database of a kind, `sqlite` or `postgresql`."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/modemgw.db"
        return
    with postgres.serving() as server, postgres.database(server.url) as url:
        yield url
