"""Which ports there are, and which of a module's ports is the right one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.modem import patterns
from modemgw.modem.discovery import Discovery, Found, Selection, select, tries
from modemgw.modem.patterns import UsbSelector
from modemgw.modem.settings import PortSettings
from modemgw.modem.usb import read_usb_port
from modemgw.modem.usb_modules import modules
from tests.field import udev
from tests.modem.sysfs import SysFs

if TYPE_CHECKING:
    from collections.abc import Mapping

EC25 = {"00": "ffffff", "01": "ff0000", "02": "ff0000", "03": "ff0000"}
UNKNOWN = {"00": "ff0000", "01": "ff0000", "02": "ff0000"}
RULE = Path(__file__).parents[2] / "udev" / "78-modemgw.rules"


class Machine:
    """A /sys and a /dev."""

    def __init__(self, root: Path) -> None:
        self.sysfs = SysFs(root / "sys")
        self.dev = root / "dev"
        self.dev.mkdir()
        self.discovery = Discovery(self.sysfs.root, self.dev)

    def plug(
        self, device: str, identity: str, interfaces: Mapping[str, str], **more: str
    ) -> list[str]:
        """Add a device: the paths of its ports."""
        names = self.sysfs.plug(device, identity, interfaces, **more)
        for name in names:
            (self.dev / name).touch()
        return [str(self.dev / name) for name in names]

    def find(self, *entries: str) -> list[Found]:
        return self.discovery.find([PortSettings(entry) for entry in entries])

    def select(self, *entries: str, **state: Any) -> Selection:
        return select(self.find(*(entries or (self.glob,))), **state)

    @property
    def glob(self) -> str:
        return str(self.dev / "tty*")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def driven(selection: Selection) -> list[str]:
    return [port.path for port in selection.drive]


def test_a_port_is_known_by_its_usb_device(machine: Machine) -> None:
    """Identity, interface, class, driver and names, also through a link."""
    paths = machine.plug(
        "1-3.2", "2C7C:0125", EC25, serial="0123", maker="Quectel", product="EC25-E"
    )
    link = machine.dev / "by-path"
    link.symlink_to(paths[2])
    for path in (paths[2], str(link)):
        port = read_usb_port(path, machine.sysfs.root)
        assert port is not None
        assert (port.device, port.identity) == ("1-3.2", "2c7c:0125")
        assert (port.interface, port.triple, port.driver) == ("02", "ff0000", "option1")
        assert (port.serial, port.words) == ("0123", "quectel ec25-e")
        assert port.is_of_module


def test_another_device_under_the_same_name_is_seen(machine: Machine) -> None:
    """What was read of a port is remembered, until it goes."""
    (path,) = machine.plug("1-1", "0403:6001", {"00": "ffffff"}, driver="ftdi_sio")
    assert [port.usb.identity for port in machine.find(machine.glob) if port.usb] == ["0403:6001"]
    machine.sysfs.unplug("ttyUSB0")
    machine.sysfs.next_number("ttyUSB", 0)
    assert machine.plug("1-2", "10c4:ea60", {"00": "ff0000"}, driver="cp210x") == [path]
    assert [port.usb.identity for port in machine.find(machine.glob) if port.usb] == ["10c4:ea60"]


def test_a_cdc_port_hangs_on_its_interface(machine: Machine) -> None:
    """ttyACM has no usb-serial port between."""
    (path,) = machine.plug("1-4", "1546:1102", {"00": "020201"}, driver="cdc_acm")
    port = read_usb_port(path, machine.sysfs.root)
    assert port is not None
    assert (port.device, port.interface, port.driver) == ("1-4", "00", "cdc_acm")


def test_what_is_no_usb_port_is_none(machine: Machine, tmp_path: Path) -> None:
    """A pty, a UART of the board, a link in a circle, nothing."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    board = machine.sysfs.root / "class" / "tty" / "ttyS0"
    (machine.sysfs.root / "devices" / "pnp0").mkdir(parents=True)
    board.mkdir()
    (board / "device").symlink_to(machine.sysfs.root / "devices" / "pnp0")
    for path in ("/dev/pts/0", "/dev/ttyS0", str(tmp_path / "circle"), str(tmp_path / "none")):
        assert read_usb_port(path, machine.sysfs.root) is None


def test_of_a_known_module_its_at_port_is_driven(machine: Machine) -> None:
    """The others are left alone, and shown with the reason."""
    paths = machine.plug("1-1", "2c7c:0125", EC25)
    selection = machine.select()
    assert driven(selection) == [paths[2]]
    reasons = {spare.path: spare.reason for spare in selection.spare}
    assert set(reasons) == {paths[0], paths[1], paths[3]}
    assert "interface 00 of Quectel EC25, EG25-G is not for AT commands" in reasons[paths[0]]
    assert f"driven through {paths[2]}" in reasons[paths[3]]


def test_two_modules_of_a_kind_are_two_modems(machine: Machine) -> None:
    """They sit in two sockets."""
    one = machine.plug("1-1", "2c7c:0125", EC25)
    two = machine.plug("1-2", "2c7c:0125", EC25)
    assert driven(machine.select()) == [one[2], two[2]]


def test_each_port_of_a_serial_chip_has_a_modem_of_its_own(machine: Machine) -> None:
    """The FTDI quads of pools; and WCH's, which look like CDC-ACM."""
    quad = dict.fromkeys(("00", "01", "02", "03"), "ffffff")
    paths = machine.plug("1-1", "0403:6011", quad, driver="ftdi_sio")
    paths += machine.plug("1-2", "1a86:55d5", {"00": "020201", "02": "020201"}, driver="cdc_acm")
    assert sorted(driven(machine.select())) == sorted(paths)


def test_an_unknown_module_is_asked_port_by_port(machine: Machine) -> None:
    """In the order of interfaces; what failed is passed over, what works is kept."""
    paths = machine.plug("1-1", "ffff:0001", UNKNOWN)
    assert driven(machine.select()) == [paths[0]]
    assert driven(machine.select(failed={paths[0]: "no answer"})) == [paths[1]]
    assert driven(machine.select(driven={paths[2]})) == [paths[2]]
    selection = machine.select(failed=dict.fromkeys(paths, "no answer"))
    assert driven(selection) == []
    assert all("no answer" in spare.reason for spare in selection.spare)


def test_a_dead_at_port_gives_way_to_the_second_best(machine: Machine) -> None:
    """But it is tried more often: after a start it may be silent for most of a minute."""
    paths = machine.plug("1-1", "2c7c:0125", EC25)
    assert tries(machine.select().drive[0]) > 1
    second = machine.select(failed={paths[2]: "no answer"})
    assert driven(second) == [paths[3]]
    assert tries(second.drive[0]) == 1
    none = machine.select(failed={paths[2]: "no answer", paths[3]: "no answer"})
    assert not none.drive
    assert len(none.spare) == 4


def test_a_module_in_another_composition_is_not_taken_by_its_numbers(machine: Machine) -> None:
    """An EC25 set to RNDIS has its diagnostic port on interface 02, which the class tells."""
    paths = machine.plug("1-1", "2c7c:0125", {"02": "ffffff", "04": "ff0000", "05": "ff0000"})
    assert driven(machine.select()) == [paths[1]]


def test_a_module_that_waits_for_flashing_is_left_alone(machine: Machine) -> None:
    """It is no modem now."""
    machine.plug("1-1", "1bc7:9000", {"00": "ff0000"})
    selection = machine.select()
    assert not selection.drive
    assert "flashing" in selection.spare[0].reason


def test_a_port_that_is_named_is_driven_whatever_the_table_says(machine: Machine) -> None:
    """The operator knows; the glob leaves the rest of that module alone."""
    paths = machine.plug("1-1", "2c7c:0125", EC25)
    assert driven(machine.select(machine.glob, paths[3])) == [paths[3]]
    assert driven(machine.select(machine.glob, "usb:2c7c:0125 if=00")) == [paths[0]]


def test_a_device_has_one_name(machine: Machine) -> None:
    """A name of its own before a glob, the name that is driven now before both."""
    (path,) = machine.plug("1-1", "0403:6001", {"00": "ffffff"}, driver="ftdi_sio")
    link = machine.dev / "by-path"
    link.symlink_to(path)
    entries = [PortSettings(machine.glob), PortSettings(str(link))]
    assert [port.path for port in machine.discovery.find(entries)] == [str(link)]
    assert [port.path for port in machine.discovery.find(entries, {path})] == [path]


def test_the_first_entry_that_matches_gives_the_settings(machine: Machine) -> None:
    """As the configuration has it."""
    (path,) = machine.plug("1-1", "0403:6001", {"00": "ffffff"}, driver="ftdi_sio")
    entries = [PortSettings(machine.glob, baudrate=9600), PortSettings(str(machine.dev / "*"))]
    (found,) = machine.discovery.find(entries)
    assert (found.path, found.settings.baudrate) == (path, 9600)


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("2c7c:0125", 4),
        ("2C7C:*", 4),
        ("2c7c:0125 if=2", 1),
        ("2c7c:0125 serial=0123", 4),
        ("2c7c:0125 serial=9", 0),
        ("2c7c:0125 product=ec25 product=QUECTEL", 4),
        ("2c7c:0125 product=ec21", 0),
        ("2c7c:0121", 0),
        ("1199:*", 0),
    ],
)
def test_ports_are_found_by_usb_identity(machine: Machine, selector: str, count: int) -> None:
    """By ids, interface, serial number and words of the product's name."""
    machine.plug("1-3", "2c7c:0125", EC25, serial="0123", maker="Quectel", product="EC25-E")
    (machine.sysfs.root / "class" / "tty" / "console").mkdir()
    assert len(machine.find(f"usb:{selector}")) == count


def test_without_a_sysfs_nothing_is_found_by_identity(tmp_path: Path) -> None:
    """In a container that hides it."""
    discovery = Discovery(tmp_path / "none", tmp_path)
    assert discovery.find([PortSettings("usb:2c7c:0125")]) == []


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("usb:2c7c", "names no USB device"),
        ("usb:", "names no USB device"),
        ("usb:2c7c:0125 if=xyz", "'if=xyz' is not known"),
        ("usb:2c7c:0125 imei=1", "'imei=1' is not known"),
        ("usb:2c7c:0125 serial=", "is not known"),
        ("socket://host", "write socket://host:port"),
        ("2c7c:0125", "a USB device is named usb:2c7c:0125"),
    ],
)
def test_a_pattern_that_names_no_port_says_what_to_write(pattern: str, words: str) -> None:
    """For the person who writes the configuration."""
    with pytest.raises(ValueError, match=words):
        patterns.check(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "/dev/ttyUSB*",
        "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1.2:1.2-port0",
        "socket://[::1]:4001",
        "rfc2217://box:4001",
        "usb:2c7c:0125 if=02 serial=1 product=x",
        "ports/modem0",
    ],
)
def test_a_pattern_that_names_ports_passes(pattern: str) -> None:
    """Every form that there is."""
    patterns.check(pattern)


@given(text=st.text(max_size=40))
def test_a_selector_is_read_or_refused(text: str) -> None:
    """Nothing else is raised."""
    with contextlib.suppress(ValueError):
        UsbSelector.parse(text)


@given(text=st.text(max_size=40))
def test_a_pattern_is_taken_or_refused(text: str) -> None:
    """Nothing else is raised, whatever urlsplit makes of it."""
    for pattern in (text, f"socket://{text}", f"usb:{text}"):
        with contextlib.suppress(ValueError):
            patterns.check(pattern)


def test_the_folders_to_watch_are_those_where_ports_appear(tmp_path: Path) -> None:
    """Of a glob, before its first wildcard and those that match; of a link, also its target's."""
    real, links = tmp_path / "real", tmp_path / "links"
    real.mkdir()
    (links / "a").mkdir(parents=True)
    (real / "tty").touch()
    (links / "tty").symlink_to(real / "tty")
    discovery = Discovery(tmp_path, tmp_path / "dev")
    entries = [
        PortSettings(str(links / "tty")),
        PortSettings(str(links / "*" / "modem*")),
        PortSettings("usb:2c7c:0125"),
        PortSettings("socket://host:1"),
    ]
    wanted = {links, real, links / "a", tmp_path / "dev"}
    assert discovery.folders(entries) == {str(folder) for folder in wanted}


def test_the_table_and_the_udev_rule_agree() -> None:
    """On the best port of each module."""
    ours = set()
    for module in modules():
        for best in module.at[:1]:
            interface, _, triple = best.partition(":")
            ours |= {f"{identity}:{interface}:{triple or '*'}" for identity in module.ids}
    theirs = {
        token.value
        for line in udev.parse(RULE.read_text(encoding="utf-8"))
        for token in line.tokens
        if token.name == ".MODEMGW_PORT" and token.is_match
    }
    assert theirs - ours == {"12d1:*:*:ff0202"}  # the second best of Huawei's in the table
    assert ours - theirs == set()
