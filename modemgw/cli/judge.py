"""`modemgw judge`: was every text accounted for, and none doubled?

What came in is counted in `judge_inbound`; this is about what goes out.

Theory of operation. It believes two witnesses and nobody else: the journal of the simulated network
(which submits it accepted) and the public API (which messages were accepted, and what became of
each). Every accepted submit is decoded to recipient, place in the message and text. Messages with
the same text to the same number cannot be told apart at the network, so they are counted as a
group: of n messages, no part may be there more than n times, and at least as often as the API calls
them sent. The journal is read before and after the API, because the gateway may go on meanwhile:
what came too often is counted in the earlier reading, what is missing in the later.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from modemgw import pdu
from modemgw.cli import journal
from modemgw.cli.client import DEFAULT_URL, PAGE, Client, Key, Url
from modemgw.cli.judge_inbound import InboundCount, count_inbound, read_arrivals
from modemgw.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

QUEUED: Final = frozenset({"scheduled", "queued", "sending"})
SENT: Final = frozenset({"sent", "delivered", "undelivered"})
ENDED: Final = frozenset({"failed", "expired", "canceled", "blocked"})
_ACCEPTING: Final = frozenset({"ok", "late", "lost"})


class Place(NamedTuple):
    """Where a part belongs: `seq` of `total`, in a message to `to`."""

    to: str
    total: int
    seq: int


class Network:
    """What the network accepted: how often each text in each place."""

    def __init__(self) -> None:
        self._texts: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        self.submits = 0

    def add(self, place: Place, text: str) -> None:
        self._texts[place][text] += 1
        self.submits += 1

    def take(self, octets: str) -> None:
        """Add a submit, in hex. Raises PduError where it is none."""
        tpdu = pdu.decode(octets, to_network=True)
        if not isinstance(tpdu, pdu.Submit):
            raise pdu.PduError("a submit of the journal is none")
        total, seq = (tpdu.concat.total, tpdu.concat.seq) if tpdu.concat else (1, 1)
        self.add(Place(tpdu.address.number, total, seq), tpdu.text or "")

    def towards(self, start: str) -> Network:
        """What it accepted for the recipients whose number starts so."""
        part = Network()
        for place, texts in self._texts.items():
            if place.to.startswith(start):
                part._texts[place] = texts
                part.submits += texts.total()
        return part

    def parts_of(self, message: Message) -> list[tuple[Place, str] | None]:
        """The texts at the network of which a message consists, in order; None: not there."""
        found: list[tuple[Place, str] | None] = []
        at, exactly = 0, True
        for seq in range(1, message.parts + 1):
            place = Place(message.to, message.parts, seq)
            here = [
                text
                for text in self._texts.get(place, ())
                if (message.text.startswith(text, at) if exactly else text in message.text[at:])
            ]
            text = max(here, key=len, default=None)
            found.append(None if text is None else (place, text))
            exactly = text is not None
            at += len(text or "")
        return found

    def count(self, part: tuple[Place, str] | None) -> int:
        """How often a part is there."""
        return 0 if part is None else self._texts[part[0]][part[1]]

    def strangers(self, known: set[tuple[Place, str]]) -> int:
        """How many submits belong to no message that is known."""
        return sum(
            count
            for place, texts in self._texts.items()
            for text, count in texts.items()
            if (place, text) not in known
        )


@dataclass(frozen=True, slots=True)
class Message:
    """An outbound message as the API shows it. `ended` says why it ended without being sent."""

    to: str
    text: str
    parts: int
    status: str
    ended: str = ""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Message:
        error = item.get("error") or {}
        status = str(item["status"])
        ended = f"{status}: {error['code']}" if error.get("code") else status
        return cls(item["to"], item["text"], item["parts"], status, ended)


@dataclass(slots=True)
class Count:
    """The verdict. Every accepted message is in exactly one of `once`, `queued`, `in_doubt`,
    `ended` and `missing`; parts that are there too often are in `doubled` besides.

    `in_doubt_there` of those in doubt, and `ended_there` of those that ended, are at the network.
    `strangers` are submits that belong to no message.
    """

    accepted: int = 0
    once: int = 0
    queued: int = 0
    in_doubt: int = 0
    in_doubt_there: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    ended_there: int = 0
    missing: int = 0
    doubled: int = 0
    strangers: int = 0

    @property
    def held(self) -> bool:
        """Whether the promise was kept: all accounted for, none doubled."""
        return not (self.missing or self.doubled or self.strangers)

    def rows(self) -> list[tuple[str, str]]:
        """The counts for people, each with its words."""
        there = f" ({self.in_doubt_there} at the network)" if self.in_doubt else ""
        ended = ", ".join(f"{number} {reason}" for reason, number in self.ended.items()) or "0"
        return [
            ("accepted by the API", str(self.accepted)),
            ("once at the network", str(self.once)),
            ("still queued", str(self.queued)),
            ("in doubt", f"{self.in_doubt}{there}"),
            ("ended with a reason", ended),
            ("missing", str(self.missing)),
            ("doubled", str(self.doubled)),
            ("there, but never accepted", str(self.strangers)),
        ]

    def as_dict(self) -> dict[str, object]:
        """The counts for programs."""
        return {
            "accepted": self.accepted,
            "once": self.once,
            "queued": self.queued,
            "in_doubt": self.in_doubt,
            "in_doubt_at_network": self.in_doubt_there,
            "ended": dict(self.ended),
            "ended_at_network": self.ended_there,
            "missing": self.missing,
            "doubled": self.doubled,
            "strangers": self.strangers,
            "held": self.held,
            "rows": dict(self.rows()),
        }


def count(messages: Iterable[Message], earlier: Network, later: Network) -> Count:
    """Lay what the API says beside what the network accepted, before and after it was asked."""
    groups: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in messages:
        groups[message.to, message.text].append(message)
    result = Count()
    known: set[tuple[Place, str]] = set()
    for group in groups.values():
        known.update(part for part in earlier.parts_of(group[0]) if part is not None)
        _count_group(group, earlier, later, result)
    result.strangers = earlier.strangers(known)
    return result


def _count_group(group: Sequence[Message], earlier: Network, later: Network, into: Count) -> None:
    there = [earlier.count(part) for part in earlier.parts_of(group[0])]
    into.doubled += sum(max(0, times - len(group)) for times in there)
    whole = min(later.count(part) for part in later.parts_of(group[0]))
    into.accepted += len(group)
    for message in sorted(group, key=_certainty):
        arrived = whole > 0
        whole -= arrived
        if message.status in SENT:
            into.once += arrived
            into.missing += not arrived
        elif message.status in ENDED:
            into.ended[message.ended] += 1
            into.ended_there += arrived
        elif message.status in QUEUED:
            into.queued += 1
        else:
            into.in_doubt += 1
            into.in_doubt_there += arrived


def _certainty(message: Message) -> int:
    """Those that must be at the network first, those that cannot be there last."""
    ranks = (SENT, frozenset({"in_doubt", "sending"}), ENDED)
    return next((rank for rank, statuses in enumerate(ranks) if message.status in statuses), 3)


def read_journal(path: Path) -> Network:
    """What the network accepted, by the simulator's journal. Raises CommandError."""
    network = Network()

    def take(entry: Mapping[str, Any]) -> None:
        if entry.get("event") == "submit" and _was_accepted(entry):
            network.take(entry["pdu"])

    journal.read(path, take)
    return network


def _was_accepted(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("accepted", entry.get("answer") in _ACCEPTING))


def audit(client: Client, path: Path) -> Count:
    """Ask both witnesses what went out. Raises CommandError."""
    earlier = read_journal(path)
    found = client.items("/v1/messages", direction="outbound", limit=PAGE)
    messages = [Message.of(item) for item in found]
    return count(messages, earlier, read_journal(path))


def audit_inbound(client: Client, path: Path) -> InboundCount:
    """Ask both witnesses what came in. Raises CommandError."""
    earlier = read_arrivals(path)
    found = list(client.items("/v1/messages", direction="inbound", limit=PAGE))
    return count_inbound(found, earlier, read_arrivals(path))


def judge(
    path: Annotated[Path, typer.Option("--journal", help="The simulator's journal.jsonl.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Count at the simulated network: accounted for, never doubled? Exit status 1 if not."""
    client = Client(url, key)
    out, came = audit(client, path), audit_inbound(client, path)
    held = out.held and came.held
    if as_json:
        print(json.dumps({**out.as_dict(), "inbound": came.as_dict(), "held": held}))
    else:
        for words, number in (*out.rows(), *came.rows()):
            print(f"{words:26} {number}")
    if not held:
        raise typer.Exit(1)
