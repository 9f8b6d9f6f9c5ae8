"""A modem on a real pty that answers what a test scripts, and remembers all that was written."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Callable
from pathlib import Path

Answer = str | Callable[[], str]

CRLF = "\r\n"


def ok(*lines: str) -> str:
    """An answer: information lines and OK."""
    return "".join(f"{CRLF}{line}{CRLF}" for line in lines) + f"{CRLF}OK{CRLF}"


DEFAULTS: dict[str, Answer] = {
    "AT+CGMI": ok("Scripted"),
    "AT+CGMM": ok("S1"),
    "AT+CGMR": ok("R1"),
    "AT+CGSN": ok("356938030000005"),
    "AT+CFUN?": ok("+CFUN: 1"),
    "AT+CPIN?": ok("+CPIN: READY"),
    "AT+CCID": ok("+CCID: 89015550000000000000"),
    "AT+CIMI": ok("001010000000000"),
    "AT+CNUM": ok('+CNUM: ,"+15550100000",145'),
    'AT+CPINR="SIM PIN"': ok("+CPINR: SIM PIN,3,3"),
    "AT+CPMS?": ok('+CPMS: "ME",0,100,"ME",0,100,"ME",0,100'),
    "AT+CSCA?": ok('+CSCA: "+15550009999",145'),
    "AT+CPMS=?": ok('+CPMS: ("ME","SM"),("ME","SM"),("ME","SM")'),
    "AT+CNMI=?": ok("+CNMI: (0-2),(0-3),(0-2),(0-2),(0,1)"),
    "AT+CREG?": ok("+CREG: 1,1"),
    "AT+COPS?": ok('+COPS: 0,0,"Testnet",7'),
    "AT+CSQ": ok("+CSQ: 20,99"),
    "AT+CMEE?": ok("+CMEE: 1"),
    "AT+CMGF?": ok("+CMGF: 0"),
    "AT+CSMS?": ok("+CSMS: 0,1,1,1"),
    "AT+CNMI?": ok("+CNMI: 2,1,0,2,0"),
}


class ScriptedModem:
    """One modem. Its port is `path`; `unplug` and `plug` make it go and come.

    `script` maps a command line to its answer, or to a function that gives it; what is not in it
    is answered by `DEFAULTS`, storage by `stored`, the rest by OK. A submit is answered by the
    prompt, its payload by `script["CTRL-Z"]`.
    """

    def __init__(self, folder: Path, name: str = "modem0") -> None:
        self.path = str(folder / name)
        self.script: dict[str, Answer] = {"CTRL-Z": ok("+CMGS: 7")}
        self.prompt = f"{CRLF}> "
        self.stored: dict[int, str] = {}
        self.commands: list[str] = []
        self.payloads: list[str] = []
        self.escapes = 0
        self._buffer = b""
        self._at_prompt = False
        self._master = self._slave = -1
        self._changed = asyncio.Condition()

    def plug(self) -> None:
        """Make the port appear."""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        Path(self.path).symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        """Make the port vanish, as a USB device does."""
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        Path(self.path).unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        self._at_prompt = False
        self._buffer = b""

    def say(self, text: str) -> None:
        """Write to whoever has the port open."""
        os.write(self._master, text.encode("latin-1"))

    def store(self, index: int, pdu: str) -> None:
        """Let a text arrive, and announce it."""
        self.stored[index] = pdu
        self.say(f'{CRLF}+CMTI: "ME",{index}{CRLF}')

    async def until(self, condition: Callable[[], bool], limit_s: float = 5.0) -> None:
        """Wait until a condition holds that commands or payloads may bring about."""
        async with asyncio.timeout(limit_s), self._changed:
            await self._changed.wait_for(condition)

    def _readable(self) -> None:
        try:
            self._buffer += os.read(self._master, 65536)
        except OSError:  # nobody has the port open
            asyncio.get_running_loop().remove_reader(self._master)
            asyncio.get_running_loop().call_later(0.01, self._listen_again)
            return
        while self._take():
            pass
        asyncio.get_running_loop().create_task(self._notify())

    def _listen_again(self) -> None:
        if self._master >= 0:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _take(self) -> bool:
        if self._buffer.startswith(b"\x1b"):
            self.escapes += 1
            self._buffer = self._buffer[1:]
            if self._at_prompt:
                self._at_prompt = False
                self.say(ok())
            return True
        if self._at_prompt:
            return self._take_payload()
        line, end, rest = self._buffer.partition(b"\r")
        if not end:
            return False
        self._buffer = rest
        if line:
            self._answer(line.decode("latin-1"))
        return True

    def _take_payload(self) -> bool:
        ends = [at for mark in b"\x1a\x1b" if (at := self._buffer.find(mark)) >= 0]
        if not ends:
            return False
        end = min(ends)
        payload, mark = self._buffer[:end], self._buffer[end : end + 1]
        if mark == b"\x1b":
            self._buffer = self._buffer[end:]
            return True
        self._buffer = self._buffer[end + 1 :]
        self._at_prompt = False
        self.payloads.append(payload.decode("latin-1"))
        self._reply(self.script["CTRL-Z"])
        return True

    def _answer(self, line: str) -> None:
        self.commands.append(line)
        if line in self.script:
            self._reply(self.script[line])
        elif line.startswith("AT+CMGS="):
            self._at_prompt = True
            self.say(self.prompt)
        elif line in DEFAULTS:
            self._reply(DEFAULTS[line])
        else:
            self._reply(self._from_storage(line))

    def _reply(self, answer: Answer) -> None:
        text = answer() if callable(answer) else answer
        if text and self._master >= 0:
            self.say(text)

    def _from_storage(self, line: str) -> str:
        command, _, argument = line.partition("=")
        match command:
            case "AT+CMGL":
                entries = [
                    line
                    for index, pdu in self.stored.items()
                    for line in (f"+CMGL: {index},1,,{len(pdu) // 2 - 8}", pdu)
                ]
                return ok(*entries)
            case "AT+CMGR":
                pdu = self.stored.get(int(argument))
                return ok(f"+CMGR: 1,,{len(pdu) // 2 - 8}", pdu) if pdu else ok()
            case "AT+CPMS":
                return ok("+CPMS: 0,100,0,100,0,100")
            case "AT+CMGD":
                self.stored.pop(int(argument), None)
        return ok()
