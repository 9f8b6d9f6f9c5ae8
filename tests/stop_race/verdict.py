"""What came of a run: the simulator's Ctrl-Z beside the times at which opt-outs stood.

An opt-out stands from T0, when the watcher first saw it, to the last look that saw it. A Ctrl-Z
(T1) of a part for that number between the two is a breach, unless the part bore a permit (the one
confirmation), or the daemon had recorded it as in flight at that opt-out. Those are counted, and
how late they were; none may be later than `IN_FLIGHT_MS`.
"""

from __future__ import annotations

import bisect
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from modemgw import pdu

if TYPE_CHECKING:
    from tests.e2e.site import Site
    from tests.stop_race.hosts import Hosts

IN_FLIGHT_MS = 50.0
CONFIRMATION = "we will not text you again"
NEAR_MS = 100.0  # a Ctrl-Z so shortly before T0 was a near thing
_TOKEN = re.compile(r"\bT(\d+)\b")


@dataclass(frozen=True, slots=True)
class Standing:
    """An opt-out, in nanoseconds: not there at `before`, there from `seen` to `last`."""

    before: int
    seen: int
    last: int


@dataclass(frozen=True, slots=True)
class Write:
    """A part whose Ctrl-Z the simulator saw. `token` is the number in our texts; None: an
    automatic answer, of which only the confirmation has a permit."""

    recipient: str
    token: int | None
    text: str
    t_ctrl_z: int
    modem: int

    @property
    def has_permit(self) -> bool:
        """Whether it may go to somebody who has opted out."""
        return self.token is None and CONFIRMATION in self.text


@dataclass(slots=True)
class Verdict:
    """The counts of a run."""

    opt_outs: int = 0
    writes: int = 0
    near: int = 0  # before T0, but not by much
    unsure: int = 0  # between the look that did not see the opt-out and the one that did
    permitted: int = 0
    in_flight_ms: list[float] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    recorded_in_flight: int = 0
    looks: dict[str, int] = field(default_factory=dict)

    @property
    def late(self) -> list[float]:
        """In flight, and at the network too long after the opt-out."""
        return [ms for ms in self.in_flight_ms if ms > IN_FLIGHT_MS]

    @property
    def held(self) -> bool:
        """Whether nothing began after an opt-out that should not."""
        return not self.breaches and not self.late

    def lines(self) -> list[str]:
        """The counts, for people."""
        most = max(self.in_flight_ms, default=0.0)
        ended = ", ".join(f"{count} {how}" for how, count in sorted(self.ended.items()))
        rows = [
            ("opt-outs seen", str(self.opt_outs)),
            ("parts at their Ctrl-Z", str(self.writes)),
            (f"within {NEAR_MS:.0f} ms before T0", str(self.near)),
            ("too near T0 to tell", str(self.unsure)),
            ("with a permit, after T0", str(self.permitted)),
            ("recorded as in flight", str(self.recorded_in_flight)),
            ("of them after T0", f"{len(self.in_flight_ms)}, at most {most:.1f} ms"),
            (f"of them after {IN_FLIGHT_MS:.0f} ms", str(len(self.late))),
            ("AFTER T0, NOT RECORDED", str(len(self.breaches))),
            ("texts in the end", ended),
            ("looks of the watcher, ms", _ms(self.looks)),
        ]
        return [
            *(f"{words:26} {number}" for words, number in rows),
            *self.breaches[:20],
            "HELD" if self.held else "NOT HELD",
        ]


def _ms(looks: dict[str, int]) -> str:
    told = {name: looks[name] / 1e6 for name in ("median", "p99", "most") if name in looks}
    return ", ".join(f"{name} {ms:.2f}" for name, ms in told.items())


def read(hosts: Hosts, url: str) -> Verdict:
    """Lay the journal beside what the watcher saw. The watcher must have ended."""
    verdict = Verdict()
    by_number, verdict.looks = standings(hosts.watched())
    verdict.opt_outs = sum(map(len, by_number.values()))
    recorded = in_flight(url)
    verdict.recorded_in_flight = sum(map(len, recorded.values()))
    messages = {
        int(found[1]): shown
        for shown in hosts.bank.items("/v1/messages?direction=outbound&limit=500")
        if (found := _TOKEN.search(shown["text"]))
    }
    verdict.ended = Counter(shown["status"] for shown in messages.values())
    for write in writes(hosts.bank):
        verdict.writes += 1
        standing = _standing(by_number.get(write.recipient, []), write.t_ctrl_z)
        if standing is None:
            verdict.near += _is_near(by_number.get(write.recipient, []), write.t_ctrl_z)
            continue
        if write.t_ctrl_z <= standing.seen:
            verdict.unsure += 1
            continue
        after_ms = (write.t_ctrl_z - standing.seen) / 1e6
        if write.has_permit:
            verdict.permitted += 1
        elif write.token in messages and messages[write.token]["id"] in recorded:
            verdict.in_flight_ms.append(after_ms)
        else:
            verdict.breaches.append(
                f"{after_ms:.1f} ms after T0 on modem {write.modem}: {write.text[:40]!r}"
            )
    return verdict


def standings(
    watched: list[dict[str, Any]],
) -> tuple[dict[str, list[Standing]], dict[str, int]]:
    """Of each number the opt-outs that stood, in order; and how well they were watched."""
    found: dict[str, list[Standing]] = defaultdict(list)
    opened: dict[str, tuple[int, int]] = {}
    looks: dict[str, int] = {}
    for row in watched:
        if "looks" in row:
            looks = row
        elif "seen" in row:
            opened[row["number"]] = row["before"], row["seen"]
        else:
            before, seen = opened.pop(row["number"])
            found[row["number"]].append(Standing(before, seen, row["last"]))
    assert not opened, "the watcher did not end in good order"
    return dict(found), looks


def _standing(known: list[Standing], t: int) -> Standing | None:
    """The opt-out that stood, or was about to, at a time."""
    at = bisect.bisect_right(known, t, key=lambda one: one.before) - 1
    return known[at] if at >= 0 and t <= known[at].last else None


def _is_near(known: list[Standing], t: int) -> bool:
    return any(0 <= one.before - t <= NEAR_MS * 1e6 for one in known)


def writes(site: Site) -> list[Write]:
    """Every part that came to its Ctrl-Z, as the simulator tells it."""
    found = []
    with site.journal_file.open(encoding="utf-8") as journal:
        for line in journal:
            if '"event":"submit"' not in line:
                continue
            row = json.loads(line)
            tpdu = pdu.decode(row["pdu"], to_network=True)
            assert isinstance(tpdu, pdu.Submit)
            said = tpdu.text or ""
            token = _TOKEN.search(said)
            found.append(
                Write(
                    tpdu.address.number,
                    int(token[1]) if token else None,
                    said,
                    row["t_ctrl_z"],
                    row["modem"],
                )
            )
    return found


def in_flight(url: str) -> dict[str, list[float]]:
    """The messages that daemons recorded as in flight at an opt-out, and when: from the audit."""
    drivername = "sqlite" if url.startswith("sqlite") else "postgresql+psycopg"
    engine = create_engine(make_url(url).set(drivername=drivername), poolclass=NullPool)
    found: dict[str, list[float]] = defaultdict(list)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT at, payload FROM audit_entries JOIN audit_payloads USING (chain, sequence) "
                "WHERE action = 'in_flight_at_opt_out'"
            )
        )
        for at, payload in rows:
            found[json.loads(payload)["detail"]["message"]].append(at)
    return dict(found)
