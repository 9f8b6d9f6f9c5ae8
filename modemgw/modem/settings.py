"""What a bank is told about its ports, and how long it waits for what."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modemgw.clock import SYSTEM
from modemgw.modem.catalogue import Catalogue, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.clock import Clock
    from modemgw.modem.profile import Domain


class Parity(StrEnum):
    """The parity bit of a real UART; modems have none, unless somebody set one."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


class DriverKind(StrEnum):
    """Who talks to a modem."""

    OWN = "own"
    GSMMODEM = "gsmmodem"  # python-gsmmodem-new; see `alternative_driver`


@dataclass(frozen=True, slots=True)
class PortSettings:
    """One entry of the configuration: a path, a glob, a USB identity or a URL (see `patterns`).

    `baudrate`, `parity`, `xonxoff` (software flow control) and `rtscts` (hardware flow control)
    matter to a real UART only.
    `profile` names a file of `profiles/`; None: found out by asking the modem. `storage` is the
    storage for incoming texts (`ME`, `MT`, `SM`); None: the best that is offered.
    `patience` is what all of `Timing` is multiplied by. `driver` says who talks to the modem.
    `power_cycle_command` is run without a shell, `{port}` in it replaced by the port's path; it
    gets `Timing.power_command_s` to end. `pin_blindly`: the PIN is entered even where the modem
    does not tell how many tries are left.
    """

    pattern: str
    baudrate: int = 115200
    pin: str | None = None
    pin_blindly: bool = False
    profile: str | None = None
    storage: str | None = None
    power_cycle_command: str | None = None
    rtscts: bool = False
    patience: float = 1.0
    parity: Parity = Parity.NONE
    xonxoff: bool = False
    driver: DriverKind = DriverKind.OWN


@dataclass(frozen=True, slots=True)
class LineSettings:
    """What a line, a SIM, needs wherever it sits.

    `domain` is the way that its texts take (27.007 §10.1.21 `+CGSMS`); None: the profile's, or as
    it is. `roaming`: whether it may send in a network that is not its own. `commands` are sent
    behind those of the profile, at each start: the levers that this line's operator needs.
    """

    domain: Domain | None = None
    roaming: bool = True
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """Time limits and intervals, in seconds; for a slow modem, or a test, all of them `times`."""

    # The port.
    open_s: float = 15.0  # an open on a dead USB port can block for many seconds
    close_s: float = 35.0  # and a close for thirty
    write_s: float = 3.0  # a modem that takes no byte for so long has hung
    rescan_s: float = 1.0  # where the system does not tell of ports that come and go
    rescan_anyway_s: float = 30.0  # and where it does: it may have missed one
    settle_s: float = 1.0  # for the other ports of a module, and its links, to appear

    # The dialogue. Each command has a limit of its own, in `modemgw.at.commands`.
    patience: float = 1.0  # what those limits are multiplied by
    listen_s: float = 0.3  # silence that ends what an earlier opening left unread
    listen_limit_s: float = 5.0  # a port that never falls silent is no modem's
    drain_s: float = 0.1
    escape_s: float = 1.0  # some answer ESC with OK, some with an error, some not at all
    marker_s: float = 2.0
    synchronise_attempts: int = 6

    # A submit (27.005 §3.5.1; 24.011 §10.1 gives the network itself up to 45 s).
    prompt_s: float = 10.0
    submit_s: float = 120.0
    clearance_s: float = 30.0

    # A USSD session. Networks take seconds, and give a person one to three minutes.
    ussd_reply_s: float = 60.0
    ussd_answer_s: float = 180.0
    ussd_second_s: float = 5.0  # words that come behind an empty announcement

    # A life.
    sim_poll_s: float = 10.0
    sim_busy_s: float = 30.0
    boot_s: float = 20.0  # how long a modem that restarts may go on announcing so
    boot_quiet_s: float = 3.0  # silence that ends it
    registration_poll_s: float = 3.0
    health_s: float = 30.0
    sweep_s: float = 240.0
    sweep_after_s: float = 60.0  # behind an announcement: others may have been lost
    sweep_again_s: float = 1.0  # the count of some storages lags the announcement
    handover_s: float = 60.0  # a listener that does not answer leaves the text in the modem
    power_command_s: float = 60.0

    # The ladder.
    backoff_s: float = 1.0
    backoff_limit_s: float = 60.0
    reset_s: float = 40.0
    quarantine_s: float = 900.0
    steady_s: float = 300.0  # so long without a fault, and the ladder begins at its foot again

    def times(self, factor: float) -> Timing:
        """All of it longer or shorter; how often something is attempted stays."""
        longer: dict[str, Any] = {
            entry.name: value * factor
            for entry in fields(self)
            if isinstance(value := getattr(self, entry.name), float)
        }
        return replace(self, **longer)


@dataclass(frozen=True, slots=True)
class BankSettings:
    """A bank: its ports and its patience. `recorder_bytes` bounds each flight recorder.
    `profiles` are what modems are recognised by. `lines` are by ICCID, `any_line` is for others.

    `clock` tells when texts are swept up again; all else takes real time. `sysfs` and `dev` are
    where the system shows USB devices and their ports.
    """

    ports: tuple[PortSettings, ...]
    timing: Timing = field(default_factory=Timing)
    recorder_bytes: int = 65_536
    profiles: Catalogue = field(default_factory=shipped)
    lines: Mapping[str, LineSettings] = field(default_factory=dict)
    any_line: LineSettings = LineSettings()
    clock: Clock = SYSTEM
    sysfs: Path = Path("/sys")
    dev: Path = Path("/dev")
