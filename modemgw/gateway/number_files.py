"""Lists of numbers that are kept in files: who is never texted, and who may be all the same.

A file has one entry a line, as `gate.deny` and `gate.allow` have them; blank lines, and what stands
behind a #, are nothing. It is read again when it has changed and when somebody says so (SIGHUP). A
file that cannot be used leaves the list as it was, and an alert says why.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from modemgw.consent.lists import NOBODY, NumberList
from modemgw.gateway import views
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from modemgw.clock import Clock
    from modemgw.consent.gate import Policy
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

ALERT: Final = "number_list"
MOST_NUMBERS: Final = 1_000_000
_MOST_OCTETS: Final = 64 << 20
LOOK_EVERY_S: Final = 10.0

_Stamp: TypeAlias = "tuple[int, int, int]"


class ListFileError(ValueError):
    """A file that is no list of numbers; the words say which line, and what is expected."""


@dataclass(slots=True)
class _File:
    path: Path | None
    numbers: NumberList = NOBODY
    stamp: _Stamp | None = None  # of what was read last, usable or not

    def changed(self) -> bool:
        """Whether there is something else in its place than was read last."""
        return self.path is not None and _stamp(self.path) != self.stamp

    def read(self) -> None:
        """Read it. Raises ListFileError, and the list stays."""
        if self.path is not None:
            self.stamp = _stamp(self.path)
            self.numbers = read_list(self.path)


@dataclass(frozen=True, slots=True)
class _Joined:
    """What became of a policy with these lists, remembered: a gate asks for each text."""

    policy: Policy
    deny: NumberList
    allow: NumberList
    outcome: Policy


@dataclass(slots=True)
class NumberFiles:
    """The lists of the files, as they were read last."""

    deny: Path | None = None
    allow: Path | None = None
    _files: dict[str, _File] = field(init=False, repr=False)
    _joined: _Joined | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self._files = {"deny": _File(self.deny), "allow": _File(self.allow)}

    @property
    def is_empty(self) -> bool:
        """Whether there is no file at all."""
        return self.deny is None and self.allow is None

    def load(self, *, changed: bool = False) -> dict[str, str]:
        """Read the files, or only those that have changed: of each, by key, what is wrong with it,
        "" where nothing is. Takes a second for a million numbers.
        """
        told = {}
        for name, file in self._files.items():
            if file.path is None or (changed and not file.changed()):
                continue
            try:
                file.read()
                told[name] = ""
            except ListFileError as error:
                told[name] = f"gate.{name}_file: {error}"
        return told

    def joined(self, policy: Policy) -> Policy:
        """A policy with what the files add to its lists."""
        if self.is_empty:
            return policy
        deny, allow = self._files["deny"].numbers, self._files["allow"].numbers
        known = self._joined
        if (
            known is None
            or known.policy is not policy
            or known.deny is not deny
            or known.allow is not allow
        ):
            outcome = replace(
                policy,
                deny=replace(policy.deny, also=deny),
                allow=replace(policy.allow, also=allow),
            )
            known = self._joined = _Joined(policy, deny, allow, outcome)
        return known.outcome


def read_list(path: Path) -> NumberList:
    """The numbers of a file, `MOST_NUMBERS` at the most. Raises ListFileError."""
    try:
        with path.open(encoding="utf-8") as file:
            size = os.fstat(file.fileno()).st_size
            if size > _MOST_OCTETS:
                raise ListFileError(f"{path} has {size} octets; {_MOST_OCTETS} are allowed")
            return NumberList.parse(_entries(path, file))
    except OSError as error:
        raise ListFileError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ListFileError(f"{path} is no text in UTF-8") from None


def _entries(path: Path, file: TextIO) -> Iterator[str]:
    count = 0
    for number, line in enumerate(file, 1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        count += 1
        if count > MOST_NUMBERS:
            raise ListFileError(f"{path} has more than {MOST_NUMBERS} numbers")
        if not NumberList.is_entry(entry):
            raise ListFileError(
                f'{path}, line {number}: a number is written like "+4915112345678" or "36111", '
                'the beginning of numbers like "+4915*"'
            )
        yield entry


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class ListKeeper:
    """Reads the files of this host again, and tells of those that cannot be used."""

    def __init__(self, writer: Writer, files: NumberFiles, host: str, clock: Clock) -> None:
        self._writer, self._files, self._host, self._clock = writer, files, host, clock
        self._asked = asyncio.Event()
        # By the file's key, in words: what is wrong, and what an alert was raised for.
        self._wrong: dict[str, str] = {}
        self._raised: dict[str, str] = {}

    def soon(self) -> None:
        """Read all files now, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Look for changes every ten seconds, until cancelled."""
        while True:
            if self._files.is_empty:
                await self._asked.wait()
            else:
                await self._asked_or_later()
            asked = self._asked.is_set()
            self._asked.clear()
            await self.look(changed=not asked)

    async def _asked_or_later(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._asked.wait()
        except TimeoutError:
            pass

    async def look(self, *, changed: bool) -> None:
        """Read the files, or those that have changed."""
        told = await asyncio.to_thread(self._files.load, changed=changed)
        if told:
            log.info("number_lists_read", wrong=[words for words in told.values() if words])
        wrong = {**self._wrong, **told}
        after = self._wrong = {name: words for name, words in wrong.items() if words}
        before, now = self._raised, self._clock()
        if after == before:
            return
        events = [
            Event(kind, now, views.bank_alert(ALERT, f"{words} (host {self._host})"))
            for kind, those, others in (
                ("alert.cleared", before, after),
                ("alert.raised", after, before),
            )
            for name, words in those.items()
            if others.get(name) != words
        ]

        def operation(tx: Transaction) -> None:
            for event in events:
                tx.emit(event)

        try:
            await self._writer.run(operation)
        except StoreUnavailableError as error:
            log.warning("number_lists_not_told", error=str(error))
            return
        self._raised = after
