"""ModemManager, on a message bus of its own and in a mount namespace of its own.

It takes ports from udev's view of the system only, and asks polkit. So it gets a /sys/class/tty
that knows one port, a rule that allows that port, and a polkitd on the same bus; nothing outside
changes.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, Running, holds, run, until
from tests.judges.programs import POLKITD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.judges, pytest.mark.timeout(300)]

_TTY = "tty63"  # a name that the kernel has, so that it can be covered
_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow send_type="method_call"/>
  </policy>
</busconfig>
"""
_INSIDE = f"""\
set -e
mount --make-rprivate /
cp /usr/lib/udev/rules.d/77-mm-*.rules /usr/lib/udev/rules.d/80-mm-*.rules rules/
echo 'KERNEL=="{_TTY}", ENV{{ID_MM_DEVICE_PROCESS}}="1"' > rules/78-mm-simulated.rules
mount --bind rules /usr/lib/udev/rules.d
mount -t tmpfs none /sys/class/tty
mkdir -p /sys/class/tty/fakedev/{_TTY} /sys/class/tty/fakedev/tty
ln -s ../../fakedev /sys/class/tty/fakedev/{_TTY}/device
ln -s ../tty /sys/class/tty/fakedev/{_TTY}/subsystem
ln -s fakedev/{_TTY} /sys/class/tty/{_TTY}
mount --bind "$1" /dev/{_TTY}
exec ModemManager --test-no-udev --no-auto-scan --test-no-qrtr --test-no-suspend-resume \\
  --filter-policy=ALLOWLIST-ONLY
"""


class Manager:
    """A running ModemManager that was told of one port."""

    def __init__(self, desk: Desk) -> None:
        folder = desk.folder
        self._house = tempfile.TemporaryDirectory(prefix="judge-")
        bus_socket = Path(self._house.name) / "bus"
        bus_socket.parent.chmod(0o755)  # polkitd has a user of its own
        address = f"unix:path={bus_socket}"
        self._environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
        (folder / "bus.conf").write_text(_BUS.format(address=address))
        (folder / "inside.sh").write_text(_INSIDE)
        (folder / "rules").mkdir()
        bus = ("dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork")
        self._running = [Running(folder / "bus.txt", *bus)]
        until("the bus", bus_socket.exists)
        manager = ("unshare", "-m", "sh", "inside.sh", desk.port().resolve())
        for name, command in (("polkit", (POLKITD, "--no-debug")), ("manager", manager)):
            self._running.append(Running(folder / f"{name}.txt", *command, env=self._environment))
        until("all three", self._takes_the_port)
        until("the modem", lambda: "/Modem/0" in self.ask("-L"))

    def _takes_the_port(self) -> bool:
        event = f"action=add,subsystem=tty,name={_TTY},uid=simulated"
        return "successfully" in self.ask(f"--report-kernel-event={event}", status=(0, 1))

    def ask(self, *words: str, status: tuple[int, ...] = (0,)) -> str:
        """What `mmcli` prints."""
        return run("mmcli", *words, status=status, env=self._environment)

    def received(self) -> list[str]:
        """Each text and report that it shows as received."""
        listed = self.ask("-m", "0", "--messaging-list-sms")
        return [self.ask("-s", number) for number in re.findall(r"/SMS/(\d+) \(received\)", listed)]

    def close(self) -> None:
        for process in reversed(self._running):
            process.stop(signal.SIGTERM)
        self._house.cleanup()


@pytest.fixture(scope="module")
def manager(desk: Desk) -> Iterator[Manager]:
    running = Manager(desk)
    yield running
    running.close()


def test_found_and_enabled(
    desk: Desk, manager: Manager, happened: Callable[[object], None]
) -> None:
    """It finds a modem at the port by probing, enables it, and sees it registered at home."""
    manager.ask("-m", "0", "-e")
    until("registration", lambda: "registration: home" in manager.ask("-m", "0"))
    shown = manager.ask("-m", "0")
    assert desk.ctl("stats")["modems"][0]["imei"] in shown
    assert desk.number() in shown
    happened("IMEI and number as the simulator's; enabled, registered at home")


@pytest.mark.parametrize("text", ["hello @ €", "Привет"], ids=["GSM-7", "Unicode"])
def test_sends(desk: Desk, manager: Manager, happened: Callable[[object], None], text: str) -> None:
    """A text out with a report asked for: sent once, unchanged, the report shown."""
    to = f"+467017000{len(text):02d}"
    wanted = f"text='{text}',number='{to}',delivery-report-request=yes"
    made = manager.ask("-m", "0", f"--messaging-create-sms={wanted}")
    manager.ask("-s", made.strip().rpartition("/")[2], "--send")
    assert [part.text for part in desk.sent(to)] == [text]
    until("the report", holds(to, manager.received))
    (report,) = (shown for shown in manager.received() if to in shown)
    assert "completed-received" in report
    happened("1 submit, right text; report: completed-received")


def test_receives(desk: Desk, manager: Manager, happened: Callable[[object], None]) -> None:
    """Texts in, one after the other, GSM-7 and Unicode: each shown whole."""
    texts = ["short €", "Привет ж", "a third"]
    for text in texts:
        desk.inject("+15553000001", text)
        until(text, holds(text, manager.received))
    happened(f"{len(texts)} texts, right")


def test_receives_long(desk: Desk, manager: Manager, happened: Callable[[object], None]) -> None:
    """A long text in, its second part after the first was read: shown whole."""
    text = "part after part " * 15 + "end"
    parts = desk.ctl("inject", modem=1, text=text, **{"from": "+15553000002"})["pdus"]
    assert len(parts) == 2
    desk.ctl("inject", modem=0, pdu=parts[0])
    until("the first", lambda: "(receiving)" in manager.ask("-m", "0", "--messaging-list-sms"))
    desk.ctl("inject", modem=0, pdu=parts[1])
    until("the whole", holds(text, manager.received))
    happened(f"2 parts, shown as the same {len(text)} characters")


def test_ussd(manager: Manager, happened: Callable[[object], None]) -> None:
    """`--3gpp-ussd-initiate` shows the network's answer."""
    printed = manager.ask("-m", "0", "--3gpp-ussd-initiate=*100#")
    assert "'Your balance is 5.00'" in printed
    happened("Your balance is 5.00")
