"""Ports of this machine: opened without harm, ours alone, given up in time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import termios
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.modem import blocking
from modemgw.modem.errors import PortError, PortFault
from modemgw.modem.port import PortEvents, open_port
from modemgw.modem.settings import Parity, PortSettings, Timing
from modemgw.modem.tty_holder import holder, lock_file_holder
from tests.modem.conftest import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modemgw.modem.port import Port

CFLAG, ISPEED = 2, 4


class Pty:
    """A port and its far end."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self.path = os.ttyname(self.slave)

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)

    async def open(self, timing: Timing = QUICK, **settings: Any) -> Port:
        return await open_port(self.path, PortSettings(self.path, **settings), timing)


class Heard:
    """What a port tells."""

    def __init__(self, port: Port) -> None:
        self.data = b""
        self.lost: asyncio.Future[PortError] = asyncio.get_running_loop().create_future()
        self._more = asyncio.Event()
        port.listen(PortEvents(self._add, self.lost.set_result))

    def _add(self, data: bytes) -> None:
        self.data += data
        self._more.set()

    async def until(self, data: bytes) -> None:
        async with asyncio.timeout(5):
            while data not in self.data:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty()
    yield made
    made.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_waits_in_a_port_is_not_flushed(pty: Pty) -> None:
    """It may be the answer to a submit of an earlier life."""
    attributes = termios.tcgetattr(pty.slave)
    termios.tcsetattr(pty.slave, termios.TCSANOW, [0, 0, attributes[CFLAG], 0, *attributes[4:]])
    os.write(pty.master, b"\r\n+CMGS: 7\r\n\r\nOK\r\n")
    port = await pty.open()
    await Heard(port).until(b"+CMGS: 7\r\n\r\nOK")
    await port.close()


async def test_dtr_does_not_fall_at_the_last_close(pty: Pty) -> None:
    """HUPCL would let it, and with AT&D2 the modem would hang up or reset."""
    before = termios.tcgetattr(pty.slave)
    before[CFLAG] |= termios.HUPCL
    termios.tcsetattr(pty.slave, termios.TCSANOW, before)
    port = await pty.open()
    cflag = termios.tcgetattr(pty.slave)[CFLAG]
    assert not cflag & termios.HUPCL
    assert cflag & termios.CLOCAL
    await port.close()


async def test_a_port_costs_one_descriptor(pty: Pty) -> None:
    """pyserial's own takes five."""
    before = descriptors()
    port = await pty.open()
    assert descriptors() == before + 1
    await port.close()
    assert descriptors() == before


@pytest.mark.parametrize("baudrate", [9600, 115200, 12345, 1_234_567])
async def test_any_speed_can_be_had(pty: Pty, baudrate: int) -> None:
    """Also those that have no name in termios; a port that is empty then is not an ended one."""
    port = await pty.open(baudrate=baudrate)
    if name := getattr(termios, f"B{baudrate}", None):
        assert termios.tcgetattr(pty.slave)[ISPEED] == name
    heard = Heard(port)
    os.write(pty.master, b"\x11OK\r\n\x13")
    await heard.until(b"\x11OK\r\n\x13")
    assert not heard.lost.done()
    await port.close()


async def test_flow_control_is_as_configured(pty: Pty) -> None:
    """A pty keeps the flags, though it has no wires."""
    port = await pty.open(rtscts=True, xonxoff=True)
    iflag, _, cflag, *_ = termios.tcgetattr(pty.slave)
    assert cflag & termios.CRTSCTS
    assert iflag & termios.IXON
    await port.close()


async def test_a_port_that_cannot_be_as_configured_is_refused(pty: Pty) -> None:
    """A pty has no parity; said in words, and not left open."""
    before = descriptors()
    port = await pty.open(parity=Parity.NONE, rtscts=True)
    await port.close()
    with pytest.raises(PortError, match="refuses its settings") as caught:
        await pty.open(parity=Parity.EVEN, rtscts=True)
    assert caught.value.fault is PortFault.NOT_A_TTY
    assert descriptors() == before


async def test_a_port_is_ours_alone(pty: Pty) -> None:
    """A second opening is busy, until the first is closed."""
    port = await pty.open()
    with pytest.raises(PortError) as caught:
        await pty.open()
    assert caught.value.fault is PortFault.BUSY
    await port.close()
    await (await pty.open()).close()


async def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    """A file, and a path that leads nowhere."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PortError) as caught:
        await open_port(str(file), PortSettings(str(file)), QUICK)
    assert caught.value.fault is PortFault.NOT_A_TTY
    with pytest.raises(PortError) as caught:
        await open_port(str(tmp_path / "none"), PortSettings("none"), QUICK)
    assert caught.value.fault is PortFault.MISSING


def test_a_busy_port_names_who_locked_it(pty: Pty) -> None:
    """Not the program at the far end of a pty, which has it open, too."""
    code = "import fcntl, time\nfcntl.flock(0, fcntl.LOCK_EX)\nprint(flush=True)\ntime.sleep(60)"
    with (
        subprocess.Popen(["sleep", "60"], stdin=pty.slave) as far_end,
        Path(pty.path).open("r+b", buffering=0) as tty,
        subprocess.Popen([sys.executable, "-c", code], stdin=tty, stdout=subprocess.PIPE) as locker,
    ):
        assert locker.stdout is not None
        locker.stdout.readline()
        try:
            assert str(holder(pty.path)).startswith(f"process {locker.pid} (")
        finally:
            locker.kill()
            far_end.kill()


@pytest.mark.parametrize("form", ["digits", "binary"])
def test_a_lock_file_of_a_living_program_is_heeded(tmp_path: Path, form: str) -> None:
    """minicom and its like write one; one that was left behind by the dead counts for nothing."""
    lock = tmp_path / "LCK..ttyUSB0"
    with subprocess.Popen(["sleep", "60"]) as program:
        pid = program.pid
        lock.write_bytes(pid.to_bytes(4, "little") if form == "binary" else f"{pid:10d}\n".encode())
        try:
            found = lock_file_holder("/dev/ttyUSB0", (tmp_path,))
            assert str(found).startswith(f"process {pid} (")
            assert lock_file_holder("/dev/ttyUSB1", (tmp_path,)) is None
        finally:
            program.kill()
    assert lock_file_holder("/dev/ttyUSB0", (tmp_path,)) is None
    for nonsense in ("", "x", "-1\n", str(os.getpid())):
        lock.write_text(nonsense)
        assert lock_file_holder("/dev/ttyUSB0", (tmp_path,)) is None


async def test_a_modem_that_stops_reading_is_given_up(pty: Pty) -> None:
    """A full buffer that nobody empties counts as a lost port after the time limit."""
    port = await pty.open()
    heard = Heard(port)
    port.write(b"x" * 200_000)
    port.write(b"y")
    assert "takes no bytes" in str(await asyncio.wait_for(heard.lost, 5))
    port.write(b"z")  # is nothing any more
    await port.close()


async def test_a_modem_that_pauses_gets_everything_in_order(pty: Pty) -> None:
    """What it does not take at once waits for it."""
    port = await pty.open()
    heard = Heard(port)
    sent = b"".join(b"%06d" % number for number in range(10_000))
    port.write(sent[:50_000])
    port.write(sent[50_000:])
    taken = b""
    loop = asyncio.get_running_loop()
    while len(taken) < len(sent):
        taken += await loop.run_in_executor(None, os.read, pty.master, 4096)
    assert taken == sent
    assert not heard.lost.done()
    await port.close()


async def test_what_waits_to_be_written_is_bounded(pty: Pty) -> None:
    """Nobody writes a mebibyte to a modem that does not read."""
    port = await pty.open()
    heard = Heard(port)
    for _ in range(20):
        port.write(b"x" * 100_000)
    await asyncio.wait_for(heard.lost, QUICK.write_s / 2)
    await port.close()


async def test_a_port_that_does_not_open_is_given_up(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time, in clear words, not sent another call as long as it hangs; closed if it comes."""
    go_on = threading.Event()
    opened: list[int] = []
    really_open = os.open

    def hang(path: str, flags: int) -> int:
        go_on.wait(10)
        opened.append(really_open(path, flags))
        return opened[0]

    monkeypatch.setattr(os, "open", hang)
    quick = replace(QUICK, open_s=0.1)
    with pytest.raises(PortError, match="did not open within") as caught:
        await pty.open(quick)
    assert caught.value.fault is PortFault.LOST
    with pytest.raises(PortError, match="hangs in the system's driver"):
        await pty.open(quick)
    monkeypatch.undo()
    other = Pty()
    await (await other.open()).close()  # the others do not notice
    other.close()
    go_on.set()
    await until(lambda: bool(opened) and not Path(f"/proc/self/fd/{opened[0]}").exists())
    await (await pty.open()).close()


async def test_a_port_that_does_not_close_is_left_behind(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing a dead USB port may take 30 s in the kernel; nobody waits for that."""
    go_on = threading.Event()
    really_close = os.close
    port = await pty.open(replace(QUICK, close_s=0.1))

    def hang(descriptor: int) -> None:
        go_on.wait(10)
        really_close(descriptor)

    monkeypatch.setattr(os, "close", hang)
    async with asyncio.timeout(2):
        await port.close()
    assert blocking.hanging_s(pty.path) is not None
    go_on.set()
    await until(lambda: blocking.hanging_s(pty.path) is None)


async def test_closing_does_not_wait_for_a_modem_that_reads_nothing(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel waits for what it holds to leave, up to 30 s on a serial port; it is discarded."""
    calls: list[tuple[str, int]] = []
    really_flush, really_close = termios.tcflush, os.close
    port = await pty.open()
    port.write(b"AT\r")

    def flush(descriptor: int, queue: int) -> None:
        calls.append(("flush", queue))
        really_flush(descriptor, queue)

    def close(descriptor: int) -> None:
        calls.append(("close", 0))
        really_close(descriptor)

    monkeypatch.setattr(termios, "tcflush", flush)
    monkeypatch.setattr(os, "close", close)
    await port.close()
    assert calls == [("flush", termios.TCOFLUSH), ("close", 0)]


async def test_many_dead_ports_are_waited_for_in_turns() -> None:
    """So many threads at once; the others wait, and are given all of their time then."""
    running, most = set[int](), [0]
    lock, go_on = threading.Lock(), threading.Event()

    def hang() -> int:
        with lock:
            running.add(threading.get_ident())
            most[0] = max(most[0], len(running))
        go_on.wait(10)
        with lock:
            running.discard(threading.get_ident())
        return 7

    calls = [
        asyncio.create_task(blocking.call(f"port {number}", hang, 5, lambda _: None))
        for number in range(100)
    ]
    await until(lambda: len(running) == 32)
    go_on.set()
    assert await asyncio.gather(*calls) == [7] * 100
    assert most == [32]


async def test_what_comes_for_a_cancelled_caller_is_given_back() -> None:
    """A descriptor that nobody owns would keep the port busy; and to close it may hang, too."""
    begun, go_on = threading.Event(), threading.Event()
    given_back: list[tuple[int, bool]] = []

    def give_back(value: int) -> None:
        given_back.append((value, threading.current_thread() is threading.main_thread()))

    def work() -> int:
        begun.set()
        go_on.wait(10)
        return 7

    call = asyncio.create_task(blocking.call("a port", work, 5, give_back))
    await until(begun.is_set)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    go_on.set()
    await until(lambda: bool(given_back))
    assert given_back == [(7, False)]
