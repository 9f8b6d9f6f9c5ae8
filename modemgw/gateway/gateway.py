"""The gateway's face: what the API asks of it, and what modems tell it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import structlog

from modemgw.clock import SYSTEM
from modemgw.consent.numbers import NumberError, recipient_key
from modemgw.consent.scopes import ALL, OptOut
from modemgw.gateway import acts, letters, opting, quota, settle, views
from modemgw.gateway.asking import Asking
from modemgw.gateway.bulk import Bulk
from modemgw.gateway.cancels import Cancels, has_begun
from modemgw.gateway.consent_desk import ConsentDesk
from modemgw.gateway.depths import Depths
from modemgw.gateway.desk import Desk
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.forgetting import Forgetting
from modemgw.gateway.guard import Guard
from modemgw.gateway.inbound import Inbound
from modemgw.gateway.inventory import Stocktaker
from modemgw.gateway.modem_desk import ModemDesk
from modemgw.gateway.neighbours import Neighbours
from modemgw.gateway.number_files import ListKeeper
from modemgw.gateway.outbound import Outbound
from modemgw.gateway.outlook import Outlook
from modemgw.gateway.persons import Persons
from modemgw.gateway.proving import Proving
from modemgw.gateway.refusals import Refusals
from modemgw.gateway.registry import Registry
from modemgw.gateway.removals import Removals
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.review_desk import ReviewDesk
from modemgw.gateway.roster import Roster
from modemgw.gateway.status import CANCELABLE, MessageStatus
from modemgw.gateway.talks import Talks
from modemgw.gateway.tally import Tally
from modemgw.gateway.upkeep import Upkeep
from modemgw.gateway.ussd import Ussd
from modemgw.modem.interface import ModemState
from modemgw.store import events, lines, messages, optouts, queue, reviews, usage
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modemgw.clock import Clock
    from modemgw.consent.replies import Replies
    from modemgw.gateway.quota import Quota
    from modemgw.gateway.requests import Caller, Once, SendRequest
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.modem.interface import Incoming, Modem, ModemStatus, UssdSession
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

FOLLOW_S = 1.0
FOLLOW_LIMIT = 1_000


class Gateway:
    """Sends and receives, accounted for. Fulfils `modem.interface.ModemListener`."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        settings: GatewaySettings,
        replies: Replies,
        clock: Clock = SYSTEM,
    ) -> None:
        self.settings, self.clock = settings, clock
        self.writer, self.reader = writer, reader
        self.tally = Tally()
        ledger = writer.ledger
        erased_as = None if ledger is None else ledger.erased_as
        self.refusals = Refusals(settings.optouts, erased_as)
        self.roster = Roster(writer, settings, clock, self._noted)
        self.cancels = Cancels(writer, reader, clock)
        self.removals = Removals(writer, reader, clock)
        self.dispatcher = Dispatcher(
            writer, settings, self.refusals, self.roster, self.tally, clock, self.cancels
        )
        self.outlook = Outlook(reader, settings, self.dispatcher, clock)
        self._outbound = Outbound(
            writer, settings, self.refusals, self.roster, self.dispatcher, self.tally, clock
        )
        self.asking = Asking(self._outbound, reader, clock)
        self._inbound = Inbound(
            writer,
            settings,
            self.refusals,
            self.roster,
            self.dispatcher,
            replies,
            self.tally,
            clock,
        )
        self.ussd = Ussd(self.roster, self.dispatcher, clock)
        self._forgetting = Forgetting(writer, settings, clock)
        self._upkeep = Upkeep(writer, settings, self.dispatcher, self._inbound, clock)
        self.registry = Registry(reader, self.roster, self.dispatcher, self._move_home, clock)
        self._guard = Guard(
            writer, settings, self.registry, self.dispatcher, self.roster.pools_of, clock
        )
        self._inbound.delivered = self._guard.delivered
        self._inbound.own_line = self.registry.own_line
        self.lists = ListKeeper(writer, settings.files, settings.host, clock)
        self._stocktaker = Stocktaker(writer, reader, settings.expected, self.registry, clock)
        self.depths = Depths(reader)
        self.desk = Desk(
            writer,
            reader,
            settings,
            self.registry,
            self.roster,
            self.dispatcher,
            self._outbound,
            self.depths,
            clock,
        )
        self.modem_desk = ModemDesk(
            writer, reader, settings.host, self.registry, self.roster, clock
        )
        self.review_desk = ReviewDesk(writer, reader, self.refusals, settings.optouts, clock)
        self.consent_desk = ConsentDesk(
            writer, settings, self.refusals.withdrawals, self._outbound, replies, clock
        )
        self.bulk = Bulk(writer, settings, self.refusals, clock)
        self.persons = Persons(writer, reader, self.refusals, settings.optouts, clock)
        self._neighbours = Neighbours(
            writer, reader, settings, self.dispatcher, self._move_home, clock
        )
        self.proving = Proving(writer, settings, clock)
        self.talks = Talks(writer, reader, self.roster)
        self._followed = {  # what other hosts tell of, by the type of the event
            "optout.created": self._note_opt_out,
            "optout.removed": self._recheck,
            "consent.withdrawn": self._note_withdrawal,
            "person.erased": self._recheck_hash,
            "review.opened": self._recheck_review,
            "review.decided": self._recheck_review,
        }
        self._known_until = 0  # the events whose opt-outs and reviews are in memory

    # -- its life -------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Before the first modem: settle what the last run left, load who must not be texted, and
        learn to read.
        """
        now, host = self.clock(), self.settings.host
        await asyncio.to_thread(letters.learn_to_read)
        await self.proving.prepare()

        def operation(tx: Transaction) -> tuple[int, int]:
            lines.forget_ports(tx.connection, host, now, "not seen since the daemon started")
            usage.bring_back(tx.connection, now)
            return settle.recover(tx, self.settings, now)

        returned, doubtful = await self.writer.run(operation)
        self._known_until = await self.reader.run(events.last_position)
        await self.roster.load(self.reader)
        await self.registry.refresh()
        await self.dispatcher.look()
        self.dispatcher.expect(await self.reader.run(lambda c: lines.lines_of(c, host)))
        known = await self.reader.run(optouts.every)
        self.refusals.load(
            ((number, OptOut.parse(scope, leaves)) for number, scope, leaves in known),
            await self.reader.run(reviews.every_open),
        )
        log.info("recovered", returned=returned, in_doubt=doubtful, opt_outs=len(self.refusals))

    async def run(self) -> None:
        """Keep time, the roster and the other hosts' opt-outs until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.roster.run(), name="roster")
            group.create_task(self._upkeep.run(), name="upkeep")
            group.create_task(self._forgetting.run(), name="forgetting")
            group.create_task(self._follow_opt_outs(), name="opt-outs")
            group.create_task(self.registry.run(), name="registry")
            group.create_task(self._guard.run(), name="guard")
            group.create_task(self._stocktaker.run(), name="inventory")
            group.create_task(self.lists.run(), name="number lists")
            group.create_task(self.review_desk.run(), name="reviews")
            group.create_task(self.proving.run(), name="audit")
            group.create_task(self._neighbours.run(), name="neighbours")

    async def stop(self) -> None:
        """Let what is on the air end within the grace, give back the rest."""
        await self.dispatcher.stop()

    async def _follow_opt_outs(self) -> None:
        """Bring memory to what other hosts commit; the write-ahead asks the database anyway."""
        position = self._known_until
        while True:
            await asyncio.sleep(FOLLOW_S)
            with contextlib.suppress(StoreUnavailableError):  # again in a second
                found, until = await self._told_since(position)
                for event in found:
                    await self._follow(event)
                    position = event.position
                position = until

    async def _move_home(self, line_id: str) -> None:
        """Let others send what waits for a line that sends nothing."""
        await self._upkeep.move_home(self.dispatcher.lanes_of_line(line_id))

    async def _told_since(self, position: int) -> tuple[list[Event], int]:
        types = tuple(self._followed)
        return await self.reader.run(lambda c: events.after_of(c, types, position, FOLLOW_LIMIT))

    async def _follow(self, event: Event) -> None:
        await self._followed[event.type](event.data)

    async def _note_opt_out(self, told: Mapping[str, Any]) -> None:
        # An older version tells of no scope: it knew of one.
        opt_out = OptOut(told.get("scope", ALL), frozenset(told.get("leaves", ())))
        self.refusals.add(told["number"], opt_out)

    async def _note_withdrawal(self, told: Mapping[str, Any]) -> None:
        self.refusals.withdrawals.note(told["number"])

    # These ask through the writer: what it answers comes in the order of the commits, so that no
    # older answer undoes in memory what was committed since.

    async def _recheck(self, told: Mapping[str, Any]) -> None:
        number = told["number"]
        hashed = self.refusals.erased_as(number)
        standing = await self.writer.run(lambda tx: opting.standing(tx.connection, number, hashed))
        self.refusals.replace(number, standing)

    async def _recheck_hash(self, told: Mapping[str, Any]) -> None:
        hashed = told["hash"]
        standing = await self.writer.run(lambda tx: opting.standing(tx.connection, hashed))
        self.refusals.replace(hashed, standing)

    async def _recheck_review(self, told: Mapping[str, Any]) -> None:
        number, now = told["number"], self.clock()

        def operation(tx: Transaction) -> Record | None:
            row = reviews.open_of(tx.connection, number)
            if row is None:
                # What was put aside since the decision, by whoever did not know of it yet.
                queue.release_recipient(tx.connection, number, now, queue.UNDER_REVIEW)
            return row

        row = await self.writer.run(operation)
        if row is not None:
            self.refusals.review(number, row.due_at)
        else:
            self.refusals.review_ended(number)

    # -- what the API asks ----------------------------------------------------------------------

    async def send(
        self, requests: Sequence[SendRequest], caller: Caller, once: Once | None = None
    ) -> list[dict[str, Any] | RefusalError]:
        """Accept texts; see `outbound.Outbound.send`."""
        return await self._outbound.send(requests, caller, once)

    async def quotas(self, caller: Caller) -> Sequence[Quota]:
        """How the limits of a key stand."""
        now = self.clock()
        return await self.reader.run(lambda c: quota.standing(c, caller, now))

    async def cancel(self, message_id: str, caller: Caller) -> dict[str, Any]:
        """Cancel a message that has not begun; what it is then.

        Raises RefusalError (`not-found`, `not-cancelable`).
        """
        now = self.clock()

        def operation(tx: Transaction) -> dict[str, Any]:
            row = messages.get(tx.connection, message_id, alone=True)
            if row is None or not caller.has_pool(row.pool):
                raise RefusalError("not-found", f"there is no message {message_id}")
            if row.status == MessageStatus.CANCELED:
                return views.message(row)
            if row.status not in CANCELABLE:
                words = (
                    f"the message is {row.status}; only a scheduled or queued one can be canceled"
                )
                raise RefusalError("not-cancelable", words)
            if has_begun(tx, message_id):
                raise RefusalError("not-cancelable", "a part of the message is on the air")
            acts.end(tx, row, MessageStatus.CANCELED, now, "canceled", "Canceled on request.")
            row = messages.get(tx.connection, message_id)
            assert row is not None
            return views.message(row)

        return await self.writer.run(operation)

    async def opt_out(
        self, number: str, source: str, reason: str, scope: str = ALL
    ) -> dict[str, Any]:
        """Record an opt-out that came another way than by text, of all kinds; idempotent.

        Raises RefusalError (`invalid-number`, `unknown-scope`).
        """
        number, now = self.read_number(number), self.clock()
        self._demand_known(scope)
        asked, rules = OptOut(scope), self.settings.optouts

        def operation(tx: Transaction) -> tuple[dict[str, Any], tuple[OptOut, ...]]:
            hashed = tx.erased_as(number)
            opting.opt_out(tx, number, now, asked, rules, source=source, reason=reason)
            rows = optouts.of(tx.connection, number, hashed)
            row = next(row for row in rows if row.scope == scope)
            return views.opt_out(row), opting.standing(tx.connection, number, hashed)

        with self.refusals.hold(number):
            view, standing = await self.writer.run(operation)
            self.refusals.replace(number, standing)
        return view

    async def opt_in(self, number: str, source: str, reason: str, scope: str | None = None) -> None:
        """Lift the opt-out of a scope, or all of a number, on documented new consent.

        Raises RefusalError (`invalid-number`, `not-found`).
        """
        number, now = self.read_number(number), self.clock()

        def operation(tx: Transaction) -> tuple[bool, tuple[OptOut, ...]]:
            optouts.lock(tx.connection, number)
            hashed = tx.erased_as(number)
            known = opting.standing(tx.connection, number, hashed)
            asked = [o for o in known if scope is None or o.scope == scope]
            lifted = opting.opt_in(tx, number, now, asked, source=source, reason=reason)
            return lifted, opting.standing(tx.connection, number, hashed)

        lifted, standing = await self.writer.run(operation)
        if not lifted:
            of = "" if scope is None else f" of {scope}"
            raise RefusalError("not-found", f"{number} has not opted out{of}")
        self.refusals.replace(number, standing)

    def _demand_known(self, scope: str) -> None:
        if not self.settings.optouts.knows(scope):
            words = f"{scope!r} is neither all nor a pool or a brand that is configured"
            raise RefusalError("unknown-scope", words, field="scope")

    def read_number(self, raw: str, field: str = "number") -> str:
        """A number as it is kept, E.164 or a short code. Raises RefusalError (`invalid-number`)."""
        try:
            return recipient_key(raw, self.settings.default_region)
        except NumberError as error:
            raise RefusalError("invalid-number", str(error), field=field) from None

    @property
    def modems_ready(self) -> tuple[int, int]:
        """How many modems of this host can send now, and how many it knows."""
        states = [modem.status.state for modem in self.roster.modems]
        return states.count(ModemState.READY), len(states)

    # -- what modems tell -----------------------------------------------------------------------

    def _noted(self, modem: Modem, _status: ModemStatus) -> None:
        self.dispatcher.modem_noted(modem)

    def changed(self, modem: Modem) -> None:
        """A modem's status has a new value."""
        self.roster.changed(modem)

    async def received(self, modem: Modem, incoming: Incoming) -> bool:
        """Take in a TPDU; true once it is committed."""
        return await self._inbound.received(modem, incoming)

    async def late_answer(self, modem: Modem, mr: int | None) -> None:
        """The OK to a submit of an earlier opening was read: that part was accepted."""
        modem_id, now = await self._modem_id(modem), self.clock()
        settled = await self.writer.run(lambda tx: settle.settle_late(tx, modem_id, mr, now))
        log.info("late_answer", port=modem.status.port, mr=mr, message=settled)

    async def _modem_id(self, modem: Modem) -> str:
        known = self.roster.modem_id(modem)
        if known is not None:
            return known
        status, now = modem.status, self.clock()
        row = await self.writer.run(
            lambda tx: lines.see_modem(
                tx.connection,
                self.settings.host,
                status.port,
                now,
                imei=status.imei,
                state=status.state,
                reason=status.reason,
                since=status.since or now,
            )
        )
        return str(row.id)

    async def swept(self, modem: Modem) -> None:
        """All that a modem's storage held is committed."""
        self.roster.forget_former(modem)
        self.dispatcher.swept(modem)

    def called(self, modem: Modem, caller: str | None) -> bool:
        """A voice call rings: told as an event, never answered. True: it is to be hung up."""
        line, now = self.roster.line_of(modem), self.clock()
        unwanted = self.settings.rejects_calls(line.pools if line else ())
        data = {
            "rejected": unwanted,
            "from": caller,
            "line": line.id if line else None,
            "to": line.number if line else None,
            "modem": self.roster.modem_id(modem),
        }
        self.dispatcher.keep_trying(
            lambda tx: tx.emit(Event("call.received", now, data)), "call not noted"
        )
        return unwanted

    def ussd_changed(self, modem: Modem, session: UssdSession) -> None:
        """The network has said something in a USSD session, or it has ended."""
        self.ussd.changed(modem, session)
