"""The judges, where they come from, and how they get onto this machine."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POLKITD: Final = "/usr/lib/polkit-1/polkitd"
_INSTALL_S = 900
_POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True, slots=True)
class Judge:
    """A foreign program. `key` names its test file; `packages` are Debian's for `commands`;
    without packages it is the Python distribution `distribution`.
    """

    key: str
    name: str
    packages: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    distribution: str = ""
    needs_root: bool = False

    @property
    def is_there(self) -> bool:
        return all(shutil.which(command) for command in self.commands)

    @property
    def version(self) -> str:
        """As the package has it; `unknown` where it was not installed as one."""
        if self.distribution:
            return importlib.metadata.version(self.distribution)
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            asked = ["dpkg-query", "-W", "-f", "${Version}", self.packages[0]]
            return subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        return "unknown"


JUDGES: Final = (
    Judge("gammu", "Gammu", ("gammu",), ("gammu",)),
    Judge("gammu_smsd", "gammu-smsd", ("gammu-smsd",), ("gammu-smsd", "gammu-smsd-inject")),
    Judge("smstools", "SMS Server Tools 3", ("smstools",), ("smsd",)),
    Judge("gnokii", "gnokii", ("gnokii-cli",), ("gnokii",)),
    Judge("kannel", "Kannel", ("kannel",), ("bearerbox", "smsbox")),
    Judge("gsmmodem", "python-gsmmodem-new", distribution="python-gsmmodem-new"),
    Judge(
        "modemmanager",
        "ModemManager",
        ("modemmanager", "polkitd", "dbus-daemon"),
        ("ModemManager", "mmcli", "dbus-daemon", POLKITD),
        needs_root=True,
    ),
    Judge("twilio_node", "twilio for Node", ("nodejs", "npm"), ("node", "npm")),
    Judge("by_hand", "socat, by hand", ("socat",), ("socat",)),
)


class MissingError(Exception):
    """Judges are not on this machine and cannot be brought here; says what to do."""


def bring(judges: Iterable[Judge]) -> None:
    """Install what is missing. Raises MissingError where apt or root is, or apt fails."""
    wanted = list(judges)
    if os.geteuid() != 0 and any(judge.needs_root for judge in wanted):
        names = ", ".join(judge.name for judge in wanted if judge.needs_root)
        raise MissingError(f"{names}: only root can run it; name the others with --only")
    missing = [judge for judge in wanted if not judge.is_there]
    if not missing:
        return
    packages = sorted({package for judge in missing for package in judge.packages})
    names = ", ".join(judge.name for judge in missing)
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    words = " ".join(command)
    if shutil.which("apt-get") is None:
        raise MissingError(
            f"{names}: not on the PATH, and there is no apt here. On Debian this installs them:\n"
            f"    {words}\nElsewhere install them from your system's packages or from source."
        )
    if os.geteuid() != 0:
        raise MissingError(f"{names}: not on the PATH. Run this as root, then again:\n    {words}")
    with _services_stay_off():
        if _apt(command) and (_apt(["apt-get", "update"]) or _apt(command)):
            raise MissingError(f"{names}: apt could not install them. Try:\n    {words}")


def _apt(command: list[str]) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, timeout=_INSTALL_S, check=False).returncode


@contextlib.contextmanager
def _services_stay_off() -> Iterator[None]:
    """Several of these packages bring a service that would look for modems of its own."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
