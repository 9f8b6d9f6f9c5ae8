"""Sends and refusals that race each other, at random, by a seed.

Lanes work beside each other, each in a thread, each with recipients of its own. In a *round* a
recipient who has no opt-out is sent some texts at random instants, and refuses meanwhile: by STOP
on any modem of any host, or over any host's API. More is sent while that is on its way and after
it. When the opt-out stands the lane goes on with another recipient; it is lifted at the recipient's
next turn. Whoever gets no answer, for a daemon was killed, asks another host.
"""

from __future__ import annotations

import http.client
import itertools
import random
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.site import Site
    from tests.stop_race.hosts import Hosts

RECIPIENTS = 4  # of each lane
_AGAIN_S = 0.1
_STOP_AFTER_S = 60.0  # in vain: a modem whose daemon was killed reads its texts at the start
_A_SECOND_S = 1.1  # stamps are whole seconds: of one second, what is read last counts
_WORDS = ("STOP", "Stop", "stop please", "UNSUBSCRIBE")


class Lane:
    """One thread with its recipients. `fault` is what it died of."""

    def __init__(self, hosts: Hosts, index: int, seed: int, tokens: Iterator[int]) -> None:
        self._hosts, self._tokens = hosts, tokens
        self._random = random.Random(f"{seed}/{index}")
        self._recipients = itertools.cycle(
            [f"+1555{1_000_000 + index * 100 + place}" for place in range(RECIPIENTS)]
        )
        self.rounds = self.accepted = self.refused = 0
        self.fault: BaseException | None = None

    def work(self, goes_on: Callable[[], bool]) -> None:
        """Rounds, until told to end."""
        try:
            while goes_on():
                self._round(next(self._recipients))
                self.rounds += 1
        except BaseException as fault:
            self.fault = fault

    def _round(self, number: str) -> None:
        self._lift(number)
        chance = self._random
        acts: list[tuple[float, Callable[[], None]]] = [
            (chance.uniform(0, 0.25), lambda: self._send(number))
            for _ in range(chance.randint(1, 4))
        ]
        acts.append((chance.uniform(0.02, 0.35), self._refusal(number)))
        acts += [
            (chance.uniform(0.1, 0.5), lambda: self._send(number))
            for _ in range(chance.randint(0, 2))
        ]
        began = time.monotonic()
        for at, act in sorted(acts, key=lambda one: one[0]):
            time.sleep(max(began + at - time.monotonic(), 0))
            act()
        self._await(number)
        if chance.random() < 0.3:
            self._send(number)

    def _send(self, number: str) -> None:
        chance, token = self._random, next(self._tokens)
        words = " ".join([f"T{token}"] * (1 if chance.random() < 0.75 else 40))
        body: dict[str, Any] = {"to": number, "text": words}
        if chance.random() < 0.3:
            body["kind"] = "marketing"
        status, answer = self._ask("POST", "/v1/messages", body)
        if status == 201:
            self.accepted += 1
        elif status == 422 and str(answer["type"]).endswith(("/opted-out", "/held")):
            self.refused += 1
        else:
            raise AssertionError((status, answer))

    def _refusal(self, number: str) -> Callable[[], None]:
        chance = self._random
        if chance.random() < 0.4:
            return lambda: self._put(number)
        modem, word = chance.randrange(self._hosts.modems), chance.choice(_WORDS)
        return lambda: self._write(modem, number, word)

    def _write(self, modem: int, number: str, word: str) -> None:
        self._hosts.bank.inject(modem, number, word)

    def _put(self, number: str) -> None:
        status, answer = self._ask("PUT", f"/v1/optouts/{number}", {})
        assert status == 200, (status, answer)

    def _lift(self, number: str) -> None:
        if self._random.random() < 0.15:
            self._write(self._random.randrange(self._hosts.modems), number, "START")
            time.sleep(_A_SECOND_S)
        status, answer = self._ask("DELETE", f"/v1/optouts/{number}?reason=race", None)
        assert status in (204, 404), (status, answer)

    def _await(self, number: str) -> None:
        until = time.monotonic() + _STOP_AFTER_S
        while self._ask("GET", f"/v1/optouts/{number}", None)[0] != 200:
            if time.monotonic() > until:
                raise AssertionError(f"the STOP of {number} was never read")
            time.sleep(0.05)

    def _ask(self, method: str, path: str, body: object) -> tuple[int, Any]:
        while True:
            site: Site = self._random.choice(self._hosts.sites)
            try:
                status, answer = site.call(method, path, body)
            except (OSError, http.client.HTTPException):
                time.sleep(_AGAIN_S)
                continue
            if status != 503:
                return status, answer
            time.sleep(_AGAIN_S)


class Traffic:
    """All lanes, until so many rounds are done."""

    def __init__(self, hosts: Hosts, seed: int, rounds: int, lanes: int) -> None:
        tokens = itertools.count(1)
        self.lanes = [Lane(hosts, index, seed, tokens) for index in range(lanes)]
        self._rounds = rounds
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=lane.work, args=(self._goes_on,), daemon=True)
            for lane in self.lanes
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def rounds(self) -> int:
        """How many are done."""
        return sum(lane.rounds for lane in self.lanes)

    @property
    def is_over(self) -> bool:
        """Whether no lane works any more."""
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Let each lane finish its round. Raises what one has died of."""
        self._ending.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()
        self.check()

    def check(self) -> None:
        """Raise what a lane has died of."""
        for lane in self.lanes:
            if lane.fault is not None:
                raise lane.fault

    def _goes_on(self) -> bool:
        return not self._ending.is_set() and self.rounds < self._rounds
