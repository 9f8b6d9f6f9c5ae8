"""What `modemgw doctor` looks at: each check ends in words that say what to do."""

from __future__ import annotations

import asyncio
import grp
import http.client
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from modemgw.modem import catalogue
from modemgw.modem.discovery import Discovery, Spare, select
from modemgw.modem.interface import ModemState
from modemgw.modem.patterns import is_glob, is_usb
from modemgw.modem.probe import Finding, Probe, probe
from modemgw.modem.settings import Parity, PortSettings
from modemgw.store import lines
from modemgw.store.engine import parse_url, reader_engine, sole_daemon
from modemgw.store.errors import StoreError
from modemgw.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from modemgw.config import Config

_PROBES_AT_ONCE: Final = 16
_CONNECT_S: Final = 3.0
_THERE: Final = frozenset(ModemState) - {
    ModemState.ABSENT,
    ModemState.LOCKED,
    ModemState.NO_SIM,
    ModemState.QUARANTINED,
}


class Level(StrEnum):
    """How bad it is: only a fault makes the exit status 1."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what was found; for a port also what the modem said of itself."""

    subject: str
    level: Level
    words: str
    probe: Probe | None = None


_ADVICE: Final = {
    Finding.MISSING: "plug it in, or correct the path",
    Finding.NOT_A_MODEM: "nothing answers AT here: try another of its ports, or power-cycle it",
    Finding.NO_SIM: "put a SIM in, the right way round",
    Finding.NOT_READY: "it may need a minute; staying: another SIM, or AT+CSCA by hand",
    Finding.UNREACHABLE: "check the terminal server, its address and its port",
}


def database(config: Config) -> tuple[Check, bool]:
    """Whether the database can be used, and whether a daemon uses it now."""
    try:
        migrate(config.database_url)
    except StoreError as error:
        return Check("database", Level.FAULT, str(error)), False
    kind = parse_url(config.database_url).get_backend_name()
    try:
        with sole_daemon(config.database_url, config.host):
            return Check("database", Level.OK, f"{kind}, schema up to date; no daemon runs"), False
    except StoreError:
        return Check("database", Level.OK, f"{kind}, schema up to date; a daemon runs"), True


def api(config: Config, running: bool) -> Iterator[Check]:
    """Whether the API answers, or its address is free where no daemon runs."""
    for address in config.api.listen:
        subject = f"API {address}"
        status = _health(address)
        if running and status == HTTPStatus.OK:
            yield Check(subject, Level.OK, "listens")
        elif running:
            words = "a daemon runs, but its API does not answer here: is this its configuration?"
            yield Check(subject, Level.FAULT, words)
        elif status is None:
            yield Check(subject, Level.OK, "free for the daemon")
        else:
            words = "another program listens here: stop it, or change api.listen"
            yield Check(subject, Level.FAULT, words)


def modem_manager(proc: Path = Path("/proc")) -> Iterator[Check]:
    """Whether ModemManager runs, which opens every modem that it finds."""
    if any(_comm(process) == "ModemManager" for process in _processes(proc)):
        yield Check(
            "ModemManager",
            Level.WARNING,
            "runs and opens modems for itself: install the rule in udev/ and replug them, or "
            "`systemctl disable --now ModemManager`",
        )


def entries(config: Config, ports: Sequence[str]) -> Iterator[PortSettings | Spare]:
    """The ports to look at, patterns resolved: those given, else those of the configuration.

    What is known to be another port of a module is not to be touched.
    """
    detailed = {
        port.pattern: PortSettings(
            port.pattern,
            baudrate=port.baudrate,
            parity=Parity(port.parity),
            xonxoff=port.xonxoff,
            rtscts=port.rtscts,
        )
        for port in config.modems.port
    }
    wanted = [
        detailed.get(pattern, PortSettings(pattern))
        for pattern in ports or [*detailed, *config.modems.ports]
    ]
    discovery = Discovery(Path("/sys"), Path("/dev"))
    selection = select(discovery.find(wanted))
    spare = {port.path: port for port in selection.spare if port.is_known}
    for port in discovery.find(wanted):
        yield spare.get(port.path) or replace(port.settings, pattern=port.path)
    yield from (entry for entry in wanted if not discovery.find([entry]))


async def modems(
    ports: Iterable[PortSettings | Spare], running: bool, profile_dir: Path | None = None
) -> list[Check]:
    """Probe the ports, many at a time, in the order given."""
    slots = asyncio.Semaphore(_PROBES_AT_ONCE)
    profiles = catalogue.load(profile_dir)

    async def one(port: PortSettings | Spare) -> Check:
        if isinstance(port, Spare):
            return Check(port.path, Level.OK, port.reason)
        if is_glob(port.pattern) or is_usb(port.pattern):
            return Check(port.pattern, Level.FAULT, "no port matches: plug a modem in")
        async with slots:
            return _judged(await probe(port, profiles=profiles), running)

    return await asyncio.gather(*(one(port) for port in ports))


def inventory(config: Config, found: Sequence[Check], running: bool) -> Iterator[Check]:
    """Whether the SIMs that are expected are there: seen just now at the ports, or by the daemon.

    What is retired is not expected.
    """
    expected = {*config.lines.expected, *(line.iccid for line in config.modems.line)}
    if not expected:
        return
    seen = {check.probe.status.iccid for check in found if check.probe is not None}
    engine = reader_engine(config.database_url, 1)
    try:
        with engine.connect() as connection:
            rows = lines.lines_with_modems(connection)
    except SQLAlchemyError:  # said by another check
        return
    finally:
        engine.dispose()
    expected -= {row.iccid for row in rows if row.retired_at is not None}
    if running:
        seen |= {row.iccid for row in rows if row.modem_state in _THERE}
    missing = sorted(expected - seen)
    words = f"{len(expected) - len(missing)} of {len(expected)}"
    if not missing:
        yield Check("expected lines", Level.OK, words)
        return
    words += f", missing: {', '.join(missing)} – look for the SIM, or `modemgw line retire` it"
    yield Check("expected lines", Level.WARNING, words)


def _judged(found: Probe, running: bool) -> Check:
    if found.finding is Finding.USABLE:
        other = _second_reader(found.port)
        if other is None:
            return Check(found.port, Level.OK, found.advice, found)
        words = f"{other} reads from it too, and takes answers away: end it"
        return Check(found.port, Level.FAULT, words, found)
    if found.finding is Finding.BUSY and running and _driven_by_daemon(found.port):
        words = "the daemon drives it: `modemgw modems` shows how it is"
        return Check(found.port, Level.OK, words, found)
    more = _group_advice(found.port) if found.finding is Finding.NO_RIGHTS else None
    if found.finding is Finding.LOCKED:
        more = _lock_advice(found.advice)
    more = more or _ADVICE.get(found.finding)
    words = found.advice if more is None else f"{found.advice} – {more}"
    return Check(found.port, Level.FAULT, words, found)


def _lock_advice(words: str) -> str:
    if "PUK" in words:
        return "unlock it in a phone with the PUK from its operator; ten wrong tries destroy it"
    if "PIN" in words:
        return "give its pin in [[modems.port]], or switch the PIN off in a phone"
    return "unlock it in a phone"


def _group_advice(path: str) -> str | None:
    try:
        group = grp.getgrgid(Path(path).stat().st_gid).gr_name
    except (OSError, KeyError):
        return None
    return f"`sudo usermod -aG {group} USER`, then log in again"


def _driven_by_daemon(path: str) -> bool:
    """Whether a process of ours has the port open, as far as /proc lets us see."""
    device = os.path.realpath(path)
    return any(
        b"modemgw" in _read(process / "cmdline")
        for process in _processes(Path("/proc"))
        if process.name != str(os.getpid()) and device in _open_files(process)
    )


def _second_reader(path: str) -> str | None:
    """Another process that has the port open without having locked it.

    Of a pty the far end may have the near one open; it is known by the master that it holds.
    """
    device = os.path.realpath(path)
    for process in _processes(Path("/proc")):
        files = _open_files(process) if process.name != str(os.getpid()) else set()
        if device in files and not files & {"/dev/ptmx", "/dev/pts/ptmx"}:
            return f"process {process.name} ({_comm(process)})"
    return None


def _open_files(process: Path) -> set[str]:
    try:
        return {str(entry.readlink()) for entry in (process / "fd").iterdir()}
    except OSError:  # not ours, or gone
        return set()


def _processes(proc: Path) -> Iterator[Path]:
    return (entry for entry in proc.iterdir() if entry.name.isdigit())


def _comm(process: Path) -> str:
    return _read(process / "comm").decode("utf-8", "replace").strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""


def _health(address: str) -> int | None:
    """The status of /healthz; None when nobody listens, 0 when no HTTP comes back."""
    host, _, port = address.rpartition(":")
    reachable = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 - not bound, asked
    connection = http.client.HTTPConnection(reachable, int(port), timeout=_CONNECT_S)
    try:
        connection.connect()
    except OSError:
        return None
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
