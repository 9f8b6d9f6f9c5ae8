"""Telnet and RFC 2217: escapes, refusals, and what a device server is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.modem.settings import Parity
from modemgw.modem.telnet import LineSettings, Telnet

PLAIN = LineSettings(115200)
DO_COM_PORT, DONT_COM_PORT = b"\xff\xfd\x2c", b"\xff\xfe\x2c"
PURGE_DATA = b"\xff\xfa\x2c\x0c"


@given(data=st.binary(max_size=60), size=st.integers(1, 7))
def test_telnet_gives_back_what_was_escaped(data: bytes, size: int) -> None:
    """However it is cut."""
    telnet = Telnet(PLAIN)
    wire = Telnet.escape(data)
    pieces = [telnet.receive(wire[i : i + size]) for i in range(0, len(wire), size)]
    assert b"".join(plain for plain, _ in pieces) == data
    assert not any(reply for _, reply in pieces)


@given(wire=st.binary(max_size=60))
def test_no_bytes_confuse_it(wire: bytes) -> None:
    """Whatever a server sends."""
    Telnet(PLAIN).receive(wire)


def test_telnet_refuses_what_it_does_not_want() -> None:
    """RFC 854: DO X is answered by WONT X, WILL X by DONT X; subnegotiations are swallowed."""
    plain, reply = Telnet(PLAIN).receive(
        b"a\xff\xfd\x18b\xff\xfb\x22\xff\xfb\x00\xff\xfe\x18\xff\xfa\x2c\x65\xff\xff\xff\xf0c\xff\xf1"
    )
    assert plain == b"abc"
    assert reply == b"\xff\xfc\x18\xff\xfe\x22"


@pytest.mark.parametrize(
    ("settings", "parity", "flow"),
    [
        (PLAIN, 1, 1),
        (LineSettings(115200, Parity.ODD, xonxoff=True), 2, 2),
        (LineSettings(115200, Parity.EVEN, rtscts=True), 3, 3),
    ],
)
def test_the_port_is_set_once_its_control_is_agreed(
    settings: LineSettings, parity: int, flow: int
) -> None:
    """RFC 2217 §3; nothing before the server has agreed, nothing twice, and nothing purged."""
    telnet = Telnet(settings)
    assert b"\xff\xfb\x2c" in telnet.greeting()
    _, asked = telnet.receive(DO_COM_PORT)
    assert telnet.has_port_control
    assert b"\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0" in asked
    assert b"\xff\xfa\x2c\x03" + bytes((parity,)) + b"\xff\xf0" in asked
    assert b"\xff\xfa\x2c\x05" + bytes((flow,)) + b"\xff\xf0" in asked
    assert PURGE_DATA not in telnet.greeting() + asked
    assert telnet.receive(DO_COM_PORT) == (b"", b"")


def test_a_speed_with_an_escape_in_it_is_escaped() -> None:
    """RFC 2217 §2: 255 is doubled in values, too."""
    _, asked = Telnet(LineSettings(0xFF00)).receive(DO_COM_PORT)
    assert b"\xff\xfa\x2c\x01\x00\x00\xff\xff\x00\xff\xf0" in asked


def test_a_server_without_port_control_is_known() -> None:
    """It says DONT."""
    telnet = Telnet(PLAIN)
    assert telnet.receive(DONT_COM_PORT) == (b"", b"")
    assert telnet.has_port_control is False
