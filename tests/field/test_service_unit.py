"""The systemd unit: systemd takes it, serial ports stay reachable, the sandbox stays shut."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "modemgw.service"
SYSUSERS = ROOT / "systemd" / "modemgw.sysusers"
LONGEST_SUBMIT_S = 120

DRIVER_OF_GROUP = {"char-ttyUSB": "usbserial", "char-ttyACM": "cdc_acm"}


def settings(section: str) -> dict[str, list[str]]:
    """The settings of one section, each with all values it is given, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    current = ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def words(section: str, key: str) -> set[str]:
    return {word for value in settings(section)[key] for word in value.split()}


def only(section: str, key: str) -> str:
    [value] = settings(section)[key]
    return value


def tool(name: str) -> str:
    """The path of a systemd tool; skips the test where the machine has none."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"the machine has no {name}")
    return path


def checkable_unit(folder: Path) -> Path:
    """A copy whose program exists here: modemgw itself need not be installed for the check."""
    copy = folder / UNIT.name
    text = UNIT.read_text()
    copy.write_text(text.replace("ExecStart=/usr/bin/modemgw", "ExecStart=/bin/true"))
    return copy


def test_systemd_takes_the_unit_without_a_word(tmp_path: Path) -> None:
    """A misspelt setting is only a warning to systemd, and a hole in the sandbox to us."""
    judged = subprocess.run(
        [tool("systemd-analyze"), "verify", "--man=no", str(checkable_unit(tmp_path))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    complaints = [line for line in judged.stderr.splitlines() if UNIT.name in line]
    assert judged.returncode == 0, judged.stderr
    assert complaints == []


def test_the_sandbox_scores_no_worse_than_two(tmp_path: Path) -> None:
    """systemd's own exposure level, 0 (shut) to 10 (open); a daemon without settings has 9.6."""
    judged = subprocess.run(
        [
            tool("systemd-analyze"),
            "security",
            "--offline=true",
            "--threshold=20",
            "--no-pager",
            str(checkable_unit(tmp_path)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert judged.returncode == 0, judged.stdout[-300:] + judged.stderr


def test_systemd_makes_the_user_that_the_unit_names() -> None:
    """The user, its home and its membership in the group of the ports come from one file."""
    judged = subprocess.run(
        [tool("systemd-sysusers"), "--dry-run", str(SYSUSERS)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert judged.returncode == 0, judged.stderr
    entries = [
        line.split() for line in SYSUSERS.read_text().splitlines() if not line.startswith("#")
    ]
    assert ["u", only("Service", "User")] in [entry[:2] for entry in entries]
    assert ["m", only("Service", "User"), only("Service", "SupplementaryGroups")] in entries


def test_hot_plug_works_because_the_drivers_are_loaded_before_the_filter() -> None:
    """A device group that the kernel does not know at the start is dropped for good."""
    assert set(DRIVER_OF_GROUP) < {value.split()[0] for value in settings("Service")["DeviceAllow"]}
    for driver in DRIVER_OF_GROUP.values():
        assert f"modprobe@{driver}.service" in words("Unit", "Wants")
        assert f"modprobe@{driver}.service" in words("Unit", "After")


def test_every_device_that_is_allowed_may_be_read_and_written() -> None:
    """No port works one way only, and none needs to be made (mknod)."""
    for value in settings("Service")["DeviceAllow"]:
        assert value.split()[1:] == ["rw"]
    assert only("Service", "DevicePolicy") == "closed"


@pytest.mark.parametrize("trap", ["PrivateDevices", "ProtectClock", "PrivateUsers", "ProcSubset"])
def test_no_setting_that_takes_the_ports_or_the_figures_away(trap: str) -> None:
    """Each looks like good hardening; what it breaks is said in the unit or the manual."""
    assert trap not in settings("Service")


def test_the_kernel_may_tell_of_ports_that_come_and_go() -> None:
    """Without AF_NETLINK the daemon would see a new modem only at its next scan."""
    assert words("Service", "RestrictAddressFamilies") == {
        "AF_INET",
        "AF_INET6",
        "AF_UNIX",
        "AF_NETLINK",
    }


def test_the_daemon_has_no_privilege_and_cannot_get_one() -> None:
    """An empty capability set, no set-uid programs, its own user."""
    service = settings("Service")
    assert service["CapabilityBoundingSet"] == [""]
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["User"] not in ([], ["root"])


def test_it_starts_again_after_a_crash_but_not_on_a_bad_configuration() -> None:
    """Exit status 2 is a bad configuration, which only a person can mend."""
    assert only("Service", "Restart") == "on-failure"
    assert only("Service", "RestartPreventExitStatus") == "2"


def test_systemd_waits_for_the_daemon_to_be_ready_and_to_stay_alive() -> None:
    """READY=1 when the API listens, WATCHDOG=1 while it turns."""
    assert only("Service", "Type") == "notify"
    assert only("Service", "NotifyAccess") == "main"
    assert int(only("Service", "WatchdogSec")) >= 30


def test_stopping_leaves_a_text_on_the_air_the_time_to_be_answered() -> None:
    """Killed before its answer it would be in doubt for no need."""
    assert int(only("Service", "TimeoutStopSec")) > LONGEST_SUBMIT_S


def test_the_database_of_a_relative_url_lands_in_the_state_directory() -> None:
    """The rest of the file system is read-only to the daemon."""
    assert only("Service", "WorkingDirectory") == "/var/lib/modemgw"
    assert only("Service", "StateDirectory") == "modemgw"
    assert only("Service", "UMask") == "0077"


def test_the_daemon_is_started_with_its_configuration() -> None:
    """The command is the one that the manual and other programs know."""
    command = "/usr/bin/modemgw run --config /etc/modemgw/modemgw.toml"
    assert only("Service", "ExecStart") == command
