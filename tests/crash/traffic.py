"""What goes on while the daemon is being killed: texts are accepted, texts come in.

Every text is another one, so that each can be found again. Who posts does as integrators are told
to: where no answer comes, the same request again with the same `Idempotency-Key`, until there is
one. What was answered by 201 is accepted, whatever becomes of the daemon afterwards.
"""

from __future__ import annotations

import http.client
import itertools
import random
import re
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.site import Site

BACKLOG_PARTS = 200  # accepted, and not yet at the network
UNREAD_PARTS = 40  # in the modems: a start begins with reading them
_PAUSE_S = 0.02
_AGAIN_S = 0.1
_ARRIVALS_S = 0.12  # between two texts that come in, on average
_LONG = " and so on, for as long as it takes to fill a second part" * 4
_LONGER = " 😀 and on" * 20  # three parts of UCS-2
_STOP_EVERY = 12  # of those who write
_TO_STOPPED_EVERY = 25  # of the texts goes to one of these


class Progress:
    """Counts what the simulator's journal tells, from where it was last read."""

    def __init__(self, journal: Path) -> None:
        self._journal, self._at, self._turn = journal, 0, threading.Lock()
        self._counts: Counter[bytes] = Counter()

    @property
    def submits(self) -> int:
        """How many parts were submitted."""
        return self._count(b"submit")

    @property
    def deletes(self) -> int:
        """How many texts were taken out of modems."""
        return self._count(b"delete")

    def _count(self, event: bytes) -> int:
        with self._turn:
            with self._journal.open("rb") as file:
                file.seek(self._at)
                fresh = file.read()
            whole = fresh[: fresh.rfind(b"\n") + 1]
            self._at += len(whole)
            self._counts.update(re.findall(rb'"event": ?"(\w+)"', whole))
            return self._counts[event]


class Traffic:
    """Posts and injects until it is told to end. `accepted`: by identifier, the text."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site, self._random = site, random.Random(seed)
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=work.__name__, daemon=True)
            for work in (self._post_all, self._write_all)
        ]
        self.progress = Progress(site.journal_file)
        self._parts = 0
        self._recipients: deque[str] = deque(maxlen=50)
        self._stopped: deque[str] = deque(maxlen=50)
        self._fault: BaseException | None = None
        self.accepted: dict[str, str] = {}
        self.refused = 0
        self._injected = 0  # parts
        self.stops = 0

    def start(self) -> None:
        """Begin; both work in threads of their own."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """No more new ones; returns when the last post has its answer, for which the daemon has to
        stand. Raises what either thread has died of."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), thread.name
        self.check()

    def check(self) -> None:
        """Raise what either thread has died of."""
        if self._fault is not None:
            raise self._fault

    # -- what the call centre sends ---------------------------------------------------------------

    def _post_all(self) -> None:
        try:
            for number in itertools.count():
                while self._backlog() > BACKLOG_PARTS and not self._ending.is_set():
                    self._ending.wait(_PAUSE_S)
                if self._ending.is_set():
                    return
                self._post(number)
        except BaseException as fault:
            self._fault = fault

    def _post(self, number: int) -> None:
        long = {3: _LONG, 7: _LONGER}.get(number % 10, "")
        to = f"+1555{2_000_000 + number:07}"
        if number % _TO_STOPPED_EVERY == 20 and self._stopped:
            to = self._stopped.popleft()
        body = {"to": to, "text": f"Reminder no. {number}{long}", "reference": str(number)}
        while True:
            try:
                status, answer = self._site.call(
                    "POST", "/v1/messages", body, {"Idempotency-Key": f"text-{number}"}
                )
            except (OSError, http.client.HTTPException):
                self._ending.wait(_AGAIN_S)
                continue
            if status == 503:
                self._ending.wait(_AGAIN_S)
                continue
            break
        if status == 422 and str(answer["type"]).endswith("/opted-out"):
            self.refused += 1
            return
        assert status == 201, (status, answer)
        self.accepted[answer["id"]] = body["text"]
        self._parts += answer["parts"]
        self._recipients.append(to)

    def _backlog(self) -> int:
        return self._parts - self.progress.submits

    # -- what customers write ---------------------------------------------------------------------

    def _write_all(self) -> None:
        try:
            for number in itertools.count():
                if self._ending.wait(self._random.uniform(0, 2 * _ARRIVALS_S)):
                    return
                self._write(number)
        except BaseException as fault:
            self._fault = fault

    def _write(self, number: int) -> None:
        while self._to_be_read() > UNREAD_PARTS and not self._ending.wait(_PAUSE_S):
            pass
        sender, text = f"+1556{number:07}", f"Answer no. {number}" + _LONG * (number % 7 == 5)
        if number % _STOP_EVERY == 4 and self._recipients:
            sender, text = self._recipients.pop(), "STOP"
            self._stopped.append(sender)
            self.stops += 1
        modem = self._random.randrange(self._site.modems)
        self._injected += self._site.inject(modem, sender, text)["parts"]

    def _to_be_read(self) -> int:
        return self._injected - self.progress.deletes
