"""Taking in what the network sent: announced texts, sweeps, direct delivery.

A stored text stays in the modem until the listener has committed it; then its one index is
deleted, after another look: if something else lies there by now, it stays. So a crash at any
moment loses nothing, and at worst hands a text over twice, which the listener recognises. What was
read is committed while the modem does something else, such as the next submit, and deleted at the
next turn.

Announcements get lost (a full storage, a buffer, a restart), so sweeps list what is there now and
then, and whenever an announcement could not be followed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.at import answers, commands
from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of
from modemgw.modem.errors import CommandError, CommandTimeoutError, ModemError
from modemgw.modem.interface import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.at.answers import Announcement, StoredText
    from modemgw.modem.channel import Channel
    from modemgw.modem.direct import DirectTexts, HandOver

_log = logging.getLogger(__name__)

_ANNOUNCED_LIMIT: Final = 512
_AT_ONCE: Final = 64
_STORAGES_LIMIT: Final = 8
_HANGS_LIMIT: Final = 2
_RESTS: Final = 60  # sweeps: half an hour, since one that was not whole comes again soon
_INVALID_INDEX: Final = 321  # 27.005 §3.2.5: already gone


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """Where texts lie: `receive` is where new ones go, `present` are all that may hold some.

    `acknowledges`: the modem stores none, but prints them, and the network wants each acknowledged.
    """

    receive: str
    present: tuple[str, ...]
    acknowledges: bool = False


@dataclass(frozen=True, slots=True)
class _Taken:
    """A text that was read from its place and is on its way to be committed."""

    pdu: str
    committing: asyncio.Task[bool]


class Collector:
    """The texts of one modem, for one opening of its port.

    All coroutines are for who holds the channel's lock, except `sweep`, which takes it itself,
    as often as it must and never for long. `backlog` hands over what sweeps find until
    `end_backlog`: it may be of a line that was in the modem before. `wake` is called when
    something has become `pending`.
    """

    def __init__(
        self,
        channel: Channel,
        plan: StoragePlan,
        hand_over: HandOver,
        backlog: HandOver,
        direct: DirectTexts,
        wake: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._plan = plan
        self._hand_over = hand_over
        self._hand_over_swept = backlog
        self._announced: dict[Announcement, None] = {}
        self._direct = direct
        self._wake = wake
        direct.open(hand_over, self._is_committed_directly)
        self._owed = 0  # acknowledgements
        self._taken: dict[Announcement, _Taken] = {}  # in order of reading
        self._storages = dict.fromkeys((plan.receive,))
        self._selected: str | None = None
        self._names_all = False  # whether +CPMS has to name all three storages
        self._hangs: Counter[str] = Counter()  # listings in a row that were not answered
        self._rests: Counter[str] = Counter()  # sweeps that leave a storage alone
        self.sweep_due = False
        """Whether something may lie unread that no announcement will lead to."""
        self.announced = False
        """Whether something was announced: what came with it may have gone unannounced."""
        self.missed = False
        """Whether an acknowledgement came too late, so that the modem announces nothing now."""

    @property
    def holds_text(self) -> bool:
        """Whether a text that was printed could not be committed: it may be a STOP."""
        return self._direct.holds_text

    @property
    def pending(self) -> bool:
        """Whether something is to be read, handed over or deleted."""
        return bool(
            self._announced
            or self._direct.pending
            or self._owed
            or any(taken.committing.done() for taken in self._taken.values())
        )

    def close(self) -> None:
        """Wait for nothing more; what is on its way to be committed is committed even so."""
        for taken in self._taken.values():
            taken.committing.cancel()
        self._taken.clear()
        self._direct.close()

    def hear(self, lines: tuple[str, ...]) -> bool:
        """Take in an announcement; false where it is about something else."""
        prefix = prefix_of(lines[0])
        if prefix not in ("+CMTI", "+CDSI"):
            return False
        try:
            place = answers.announced(lines[0])
        except AtError:
            self.sweep_due = True
            return True
        self.announced = True
        if len(self._announced) < _ANNOUNCED_LIMIT:
            self._announced[place] = None  # some announce twice; the second is dropped here
        else:
            self.sweep_due = True
        if len(self._storages) < _STORAGES_LIMIT:
            self._storages[place.storage] = None
        return True

    def end_backlog(self) -> None:
        """What was there at the start is committed; what sweeps find now is of this line."""
        self._hand_over_swept = self._hand_over

    async def collect(self) -> None:
        """Delete what is committed, hand over all that is announced or at hand. Raises ModemError.

        Does not wait until stored texts are committed. What cannot be read or is not committed
        stays where it is, and a sweep becomes due.
        """
        self._direct.hand_on()
        await self._direct.settled()
        try:
            await self._acknowledge()
            await self._delete_committed()
            while self._announced:
                # Forgotten before it is read: the same place may be announced anew meanwhile.
                place = next(iter(self._announced))
                del self._announced[place]
                await self._collect_one(place)
        except ModemError:
            self.sweep_due = True
            raise

    async def sweep(self, *, everywhere: bool = False) -> bool:
        """Hand over and delete all that is stored; true if all of it is committed.

        `everywhere`: in all storages, not just where texts are known to arrive. Raises ModemError.
        """
        self.sweep_due = False
        storages = self._plan.present if everywhere else tuple(self._storages)
        whole = True
        for storage in storages:
            whole = await self._sweep_one(storage) and whole
        return whole

    async def _sweep_one(self, storage: str) -> bool:
        if self._rests[storage]:
            self._rests[storage] -= 1
            return False  # each listing takes a minute of the line; what is announced is read
        async with self._channel.lock:
            # The list will have them; and what the sweep deletes makes room for other texts.
            for place in [place for place in self._taken if place.storage == storage]:
                del self._taken[place]
            try:
                await self._select(storage)
                listed = await self._channel.run(commands.LIST_TEXTS)
            except CommandError as error:
                _log.info("storage %s could not be listed: %s", storage, error)
                return storage != self._plan.receive
            except CommandTimeoutError as error:
                _log.warning("storage %s could not be listed: %s", storage, error)
                self._hangs[storage] += 1
                if self._hangs[storage] >= _HANGS_LIMIT:
                    self._rests[storage] = _RESTS
                return False
            self._hangs.pop(storage, None)
            # 2 and 3 are drafts of the SIM's owner, not from the network; an entry whose PDU was
            # not printed is listed again next time.
            texts = [text for text in listed if text.received and text.pdu]
            done = await self._hand_over_stored(storage, texts)
        for position, text in enumerate(texts):
            if done[position]:
                async with self._channel.lock:
                    done[position] = await self._delete(storage, text.index, text.pdu)
        return all(done)

    async def _hand_over_stored(self, storage: str, texts: Sequence[StoredText]) -> list[bool]:
        """Many at once, because the listener commits what comes together together."""
        done: list[bool] = []
        for start in range(0, len(texts), _AT_ONCE):
            group = texts[start : start + _AT_ONCE]
            done += await asyncio.gather(
                *(self._hand_over_swept(t.pdu, Source.STORED, storage, t.index) for t in group)
            )
        return done

    async def _collect_one(self, place: Announcement) -> None:
        try:
            # Some announce a storage that is not the one asked for: it lies where they say.
            await self._select(place.storage)
            text = await self._channel.run(commands.read_text(place.index))
        except (CommandError, AtError) as error:
            _log.info("an announced text could not be read: %s", error)
            text = None
        if text is None:
            self.sweep_due = True
            return
        if len(self._taken) >= _AT_ONCE:
            await asyncio.wait([next(iter(self._taken.values())).committing])
            await self._delete_committed()
        committing = asyncio.create_task(
            self._hand_over(text.pdu, Source.STORED, place.storage, place.index),
            name=f"commit {place.storage} {place.index}",
        )
        committing.add_done_callback(lambda _: self._wake())
        self._taken[place] = _Taken(text.pdu, committing)
        await asyncio.sleep(0)  # the listener has it before a clearance is asked for

    async def _delete_committed(self) -> None:
        done = [place for place, taken in self._taken.items() if taken.committing.done()]
        for place in done:
            taken = self._taken.pop(place)
            if not taken.committing.result() or not await self._delete(
                place.storage, place.index, taken.pdu
            ):
                self.sweep_due = True

    async def _delete(self, storage: str, index: int, pdu: str) -> bool:
        """Delete what is committed; false if something else lies there by now, which stays."""
        try:
            await self._select(storage)
            there = await self._channel.run(commands.read_text(index))
            if there is None:
                return True
            if there.pdu.upper() != pdu.upper():
                return False
            await self._channel.run(commands.delete_text(index))
        except CommandError as error:
            if error.final.code != _INVALID_INDEX:
                _log.warning("a committed text could not be deleted: %s", error)
        return True

    async def _select(self, storage: str) -> None:
        if self._selected == storage:
            return
        self._selected = None
        if not self._names_all:
            try:
                await self._channel.run(commands.select_storage(storage))
            except CommandError:
                self._names_all = True
        if self._names_all:
            await self._select_all(storage)
        self._selected = storage

    async def _select_all(self, storage: str) -> None:
        """Some want all three storages named; if that is refused, it was not the reason."""
        try:
            await self._channel.run(commands.select_storage(storage, self._plan.receive))
        except CommandError:
            self._names_all = False
            raise

    def _is_committed_directly(self) -> None:
        if self._plan.acknowledges:
            self._owed += 1
            self._wake()

    async def _acknowledge(self) -> None:
        """Say of what came directly that it was taken in (27.005 §4.7), now that it is committed.

        Too late, behind a submit that took long, it is refused. Then the network sends the text
        again, which is recognised, and the modem has stopped to announce by itself.
        """
        while self._owed:
            self._owed -= 1
            try:
                await self._channel.run(commands.acknowledge())
            except (CommandError, CommandTimeoutError) as error:
                _log.info("an acknowledgement was refused: %s", error)
                self.missed = True
                self._wake()
