"""A gateway on a real database with scripted modems, and a clock that tests turn."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modemgw import pdu
from modemgw.clock import SystemClock
from modemgw.consent.gate import Policy
from modemgw.consent.replies import Replies
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.requests import Caller, RefusalError, SendRequest
from modemgw.gateway.settings import GatewaySettings, Pool
from modemgw.modem.interface import Incoming, Source
from modemgw.store import events, messages
from modemgw.store.keys import KINDS
from modemgw.store.ledger import Ledger
from modemgw.store.messages import Filter
from modemgw.store.reader import Reader
from modemgw.store.writer import Writer
from tests.gateway.scripted import Script

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modemgw.gateway.requests import Once
    from modemgw.store.events import Event
    from modemgw.store.prepared import Record
    from tests.gateway.scripted import ScriptedModem

START = datetime(2026, 6, 10, 15, 0, tzinfo=UTC).timestamp()
ALICE, BOB = "+12025550111", "+12025550122"
ANYBODY = Caller("key_test", frozenset({"send"}), frozenset(KINDS))
AUDIT_KEY = b"a" * 32
LIMIT_S = 10.0


class Clock(SystemClock):
    """The time, as the test wants it; what has to pass passes by itself."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class World:
    """What a gateway needs around it. `start` and `stop` may alternate: a restart."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.clock = Clock()
        self.settings = GatewaySettings(
            **{
                "host": "here",
                "default_region": "US",
                "policy": Policy.parse("off", ["*"]),
                "fingerprint_key": b"k" * 32,
                "start_hold_s": 0.0,
                "idle_recheck_s": 0.2,
                "line_rest_s": 0.3,
                "permit_age_s": 30.0,
                "stop_grace_s": 2.0,
                "pools": MappingProxyType(
                    {"sales": Pool("sales", frozenset({"+12025550192"}), "marketing")}
                ),
                **settings,
            }
        )
        self.replies = Replies("Acme")
        self.gateway: Gateway
        self.audit_key = AUDIT_KEY
        self.ledger: Ledger
        self._task: asyncio.Task[None] | None = None
        self._scts = 0

    async def start(self, *modems: ScriptedModem) -> None:
        """Start a gateway, with these modems ready."""
        self.ledger = Ledger(self.settings.host, self.audit_key)
        self.writer = Writer(self.url, self.settings.host, ledger=self.ledger)
        self.reader = Reader(self.url)
        self.writer.start()
        self.gateway = Gateway(self.writer, self.reader, self.settings, self.replies, self.clock)
        await self.gateway.prepare()
        self._task = asyncio.create_task(self.gateway.run())
        for modem in modems:
            await self.present(modem)

    async def present(self, modem: ScriptedModem) -> None:
        """Tell the gateway of a modem and wait until it has noted it."""
        self.gateway.changed(modem)
        roster = self.gateway.roster
        await self.until(lambda: roster._written.get(id(modem)) == modem.status)
        if modem.status.state == "ready":
            line_id = self.line(modem)
            await self.until(lambda: self.gateway.dispatcher.is_live(line_id))

    async def stop(self) -> None:
        """End in good order."""
        await self.gateway.stop()
        await self.kill()

    async def kill(self) -> None:
        """End without a word to the modems, as a crash does."""
        assert self._task is not None
        for task in (self._task, *self.gateway.dispatcher._tasks.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.writer.stop()
        self.reader.close()

    def line(self, modem: ScriptedModem) -> str:
        """The line that sits in a modem."""
        line = self.gateway.roster.line_of(modem)
        assert line is not None
        return line.id

    # -- what callers and customers do ------------------------------------------------------------

    async def ask(
        self, to: str = ALICE, text: str = "Hello", once: Once | None = None, **options: Any
    ) -> dict[str, Any] | RefusalError:
        """Ask for a text to be sent; what the caller is told."""
        request = SendRequest(to=to, text=text, **options)
        return (await self.gateway.send([request], ANYBODY, once))[0]

    async def send(self, to: str = ALICE, text: str = "Hello", **options: Any) -> str:
        """Have a text accepted; its identifier."""
        answer = await self.ask(to, text, **options)
        assert isinstance(answer, dict), answer
        return str(answer["id"])

    async def expire_at_the_prompt(self, modem: ScriptedModem) -> str:
        """Have a text taken back whose validity ends behind its record; its identifier."""
        prompt = asyncio.Event()
        script = Script(before_verdict=prompt)
        modem.plan(script)
        message_id = await self.send(valid_for_s=60.0)
        await script.cleared.wait()
        self.clock.now += 61
        prompt.set()
        await self.until(lambda: modem.withdrawn == 1)
        return message_id

    def deliver(self, text: str, sender: str = ALICE, **options: Any) -> list[str]:
        """The TPDUs of a text from a customer; no two texts have the same time stamp."""
        self._scts += 1
        scts = datetime.fromtimestamp(START + self._scts, UTC)
        return [f.hex for f in pdu.encode_deliver(sender, text, scts=scts, **options)]

    async def arrive(self, modem: ScriptedModem, octets: str, iccid: str | None = "") -> bool:
        """A TPDU comes in at a modem."""
        iccid = modem.status.iccid if iccid == "" else iccid
        incoming = Incoming(octets, Source.STORED, iccid, "SM", 1)
        return await self.gateway.received(modem, incoming)

    async def write(self, modem: ScriptedModem, text: str, sender: str = ALICE) -> None:
        """A customer writes a text to a line."""
        for octets in self.deliver(text, sender):
            assert await self.arrive(modem, octets)

    async def report(
        self, modem: ScriptedModem, mr: int, recipient: str = ALICE, st: int = 0
    ) -> None:
        """A status report comes in."""
        self._scts += 1
        now = datetime.fromtimestamp(START + self._scts, UTC)
        frame = pdu.encode_status_report(mr, recipient, scts=now, discharge=now, st=st)
        assert await self.arrive(modem, frame.hex)

    async def later(self, seconds: float) -> None:
        """Let time pass, and what it brings about happen."""
        self.clock.now += seconds
        await self.gateway._upkeep._slow()
        await self.gateway._forgetting.forget()
        while await self.gateway._upkeep._promote():
            pass

    # -- what can be seen --------------------------------------------------------------------------

    async def row(self, message_id: str) -> Record:
        """A message as it is kept."""
        row = await self.reader.run(lambda c: messages.get(c, message_id))
        assert row is not None
        return row

    async def status(self, message_id: str) -> str:
        """The status of a message."""
        return str((await self.row(message_id)).status)

    async def parts(self, message_id: str) -> list[str]:
        """The statuses of its parts, in order."""
        rows = await self.reader.run(lambda c: messages.get_parts(c, message_id))
        return [row.status for row in rows]

    async def claimed(self, message_id: str) -> bool:
        """Whether a line has claimed it."""
        return str((await self.row(message_id)).claimed_by) == self.settings.host

    async def attempted(self, message_id: str, times: int) -> bool:
        """Whether its first part waits again after so many attempts."""
        rows = await self.reader.run(lambda c: messages.get_parts(c, message_id))
        return (rows[0].status, rows[0].attempts) == ("queued", times)

    async def becomes(self, message_id: str, status: str) -> None:
        """Wait until a message has this status."""

        async def reached() -> bool:
            return await self.status(message_id) == status

        try:
            await self.until_async(reached)
        except TimeoutError:
            row = await self.row(message_id)
            raise AssertionError(f"{row}, {await self.parts(message_id)}") from None

    async def inbound(self) -> list[Record]:
        """The texts that came in, oldest first."""
        wanted = Filter(direction="inbound")
        rows = await self.reader.run(lambda c: messages.find(c, wanted, before=None, limit=100))
        return list(rows)[::-1]

    async def events(self, type_: str) -> list[Event]:
        """The events of a type, in order."""
        told = await self.reader.run(lambda c: events.after(c, 0, 10_000))
        return [event for event in told if event.type == type_]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""

        async def holds() -> bool:
            return condition()

        await self.until_async(holds)

    async def until_async(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds that has to be asked for."""
        async with asyncio.timeout(LIMIT_S):
            while not await condition():
                await asyncio.sleep(0.005)

    def assert_nothing_dangles(self, row: Record) -> None:
        """A message that has ended waits nowhere and is nobody's."""
        assert (row.lane, row.ready_at, row.claimed_by, row.hold_reason) == (None,) * 4
