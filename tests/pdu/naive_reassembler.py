"""The rules of the reassembler, each as a loop over a list: slow, and plain to see."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from modemgw import pdu

Key = tuple[str, pdu.Address, int, int, int]


@dataclass
class Held:
    """A message that waits: its parts with their tokens, in order of arrival."""

    key: Key
    first_at: float
    parts: list[tuple[pdu.Deliver, int]] = field(default_factory=list)
    fed: int = 0
    given: bool = False

    @property
    def scts(self) -> datetime | None:
        """When the service centre got the first part."""
        return self.parts[0][0].scts

    def of(self, seq: int) -> pdu.Deliver | None:
        """The part with this number."""
        return next((part for part, _ in self.parts if _place(part).seq == seq), None)

    def joined(self) -> pdu.Joined:
        """As far as it has come. The texts are taken to be whole in themselves."""
        ordered = sorted(self.parts, key=lambda held: _place(held[0]).seq)
        missing = tuple(seq for seq in range(1, self.key[-1] + 1) if self.of(seq) is None)
        return pdu.Joined(
            line=self.key[0],
            sender=self.key[1],
            text="".join(part.text or "" for part, _ in ordered),
            tokens=tuple(token for _, token in ordered),
            total=self.key[-1],
            missing=missing,
            complete=not missing,
            first_at=self.first_at,
        )


@dataclass
class Done:
    """Whole messages under one key: their parts, and when the latest was completed."""

    key: Key
    at: float
    parts: list[pdu.Deliver]


@dataclass
class NaiveReassembler:
    """What `pdu.Reassembler` says it does, for texts."""

    window_s: float
    max_open: int
    max_per_sender: int
    spread_s: float
    fed: int = 0
    open: list[Held] = field(default_factory=list)
    displaced: list[Held] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)

    def add(
        self, line: str, part: pdu.Deliver, now: float, token: int, *, given: bool
    ) -> pdu.Joined | None:
        """Take in a part."""
        place = _place(part)
        key = (line, part.address, place.ref, place.bits, place.total)
        if self._repeats(key, part, now):
            return None
        lacking = []
        for held in self.open:
            if held.key == key and self._may_join(held, part, now):
                mine = held.of(place.seq)
                if mine is None:
                    lacking.append(held)
                elif mine.text == part.text:
                    return None
        home = (
            min(lacking, key=lambda held: (_gap(held.scts, part.scts), -held.fed))
            if lacking
            else self._opened(key, now)
        )
        self.fed += 1
        home.fed = self.fed
        home.given = home.given or given
        home.parts.append((part, token))
        self._keep_bounds(home)
        if len(home.parts) < place.total:
            return None
        self.open.remove(home)
        self._remember(home, now)
        return home.joined()

    def expire(self, now: float, older_than_s: float) -> list[pdu.Joined]:
        """What has waited too long."""
        due = self.displaced
        self.displaced = []
        for held in self.open:
            if held.given:
                continue
            if now <= held.first_at + min(older_than_s, self.window_s):
                break
            held.given = True
            due.append(held)
        while self.open and now > self.open[0].first_at + self.window_s:
            del self.open[0]
        while self.done and now > self.done[0].at + self.window_s:
            del self.done[0]
        return [held.joined() for held in due]

    def next_deadline(self, older_than_s: float) -> float | None:
        """When `expire` gives out something."""
        if self.displaced:
            return self.displaced[0].first_at
        waiting = [held for held in self.open if not held.given]
        if not waiting:
            return None
        return math.nextafter(waiting[0].first_at + min(older_than_s, self.window_s), math.inf)

    def _repeats(self, key: Key, part: pdu.Deliver, now: float) -> bool:
        return any(
            done.key == key
            and now <= done.at + self.window_s
            and any(one.scts == part.scts and one.user_data == part.user_data for one in done.parts)
            for done in self.done
        )

    def _may_join(self, held: Held, part: pdu.Deliver, now: float) -> bool:
        in_time = now <= held.first_at + self.window_s
        return in_time and _gap(held.scts, part.scts) <= timedelta(seconds=self.spread_s)

    def _opened(self, key: Key, now: float) -> Held:
        held = Held(key, now)
        self.open.append(held)
        return held

    def _keep_bounds(self, latest: Held) -> None:
        mates = [
            held
            for held in self.open
            if (held.key[0], held.key[1].number) == (latest.key[0], latest.key[1].number)
        ]
        if len(mates) > self.max_per_sender:
            self._displace(mates[0])
        elif len(self.open) > self.max_open:
            self._displace(self.open[0])

    def _displace(self, held: Held) -> None:
        self.open.remove(held)
        if not held.given:
            self.displaced = [*self.displaced, held][-self.max_open :]

    def _remember(self, held: Held, now: float) -> None:
        before = [
            one
            for done in self.done
            if done.key == held.key and now <= done.at + self.window_s
            for one in done.parts
        ]
        self.done = [done for done in self.done if done.key != held.key]
        self.done.append(Done(held.key, now, [part for part, _ in held.parts] + before))
        self.done = self.done[-self.max_open :]


def _place(part: pdu.Deliver) -> pdu.Concat:
    assert part.concat is not None
    return part.concat


def _gap(one: datetime | None, other: datetime | None) -> timedelta:
    return timedelta() if one is None or other is None else abs(one - other)
