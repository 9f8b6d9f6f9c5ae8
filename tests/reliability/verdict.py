"""What came of each fault, counted from the simulator's journal and the public API alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modemgw.cli import journal
from modemgw.cli.judge import Count, Message, Network, count
from modemgw.cli.judge_inbound import Arrivals, InboundCount, count_inbound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.reliability.matrix import Arm

_NS = 1e9


@dataclass(frozen=True, slots=True)
class Submit:
    """A submit that the network took and the modem said OK to; times in seconds."""

    began: float
    ended: float


@dataclass(slots=True)
class Trace:
    """What the journal says of one modem: when what struck, when it was over, what went well."""

    strikes: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    ends: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    submits: list[Submit] = field(default_factory=list)
    arrivals: Arrivals = field(default_factory=Arrivals)

    def note(self, entry: Mapping[str, Any]) -> None:
        """An entry of the journal."""
        self.arrivals.note(entry)
        at = entry["t"] / _NS
        match entry["event"]:
            case "fault":
                kept = self.ends if entry.get("over") else self.strikes
                kept[entry["name"]].append(at)
            case "submit" if entry["answer"] in ("ok", "late"):
                self.submits.append(Submit(entry["t_ctrl_z"] / _NS, at))

    def recoveries(self, name: str) -> list[float]:
        """For each strike, how long it took from its end, or from itself where it does not last,
        until the network had taken the next text and the modem had said so. Seconds.

        A strike behind which nothing was to be sent is left out, and one that was followed by
        another before all was well.
        """
        strikes = self.strikes.get(name, [])
        found = []
        for start in self.ends.get(name) or strikes:
            well = next((s.ended for s in self.submits if s.began > start), None)
            if well is not None and not any(start < strike < well for strike in strikes):
                found.append(well - start)
        return found


@dataclass(slots=True)
class Traces:
    """One reading of the journal."""

    network: Network = field(default_factory=Network)
    modems: dict[int, Trace] = field(default_factory=lambda: defaultdict(Trace))


def read(path: Path) -> Traces:
    """Read the journal. Raises CommandError."""
    traces = Traces()

    def take(entry: Mapping[str, Any]) -> None:
        traces.modems[entry["modem"]].note(entry)
        if entry["event"] == "submit" and entry["accepted"]:
            traces.network.take(entry["pdu"])

    journal.read(path, take)
    for trace in traces.modems.values():
        trace.arrivals.join()
    return traces


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one fault."""

    out: Count
    came: InboundCount
    strikes: Mapping[str, int]
    recoveries: tuple[float, ...]

    @property
    def lost(self) -> int:
        """Texts that somebody was told are safe, and are not."""
        return self.out.missing + self.came.lost

    @property
    def doubled(self) -> int:
        """Texts that somebody got twice, or that nobody wrote."""
        return self.out.doubled + self.out.strangers + self.came.doubled + self.came.strangers


def weigh(
    modem: int,
    recipients: str,
    senders: str,
    arms: Sequence[Arm],
    messages: Iterable[Mapping[str, Any]],
    earlier: Traces,
    later: Traces,
) -> Verdict:
    """The verdict on one fault: its modem, the numbers of its texts, what the API has."""
    mine = list(messages)
    out = [Message.of(item) for item in mine if item["direction"] == "outbound"]
    came = [item for item in mine if item["direction"] == "inbound"]
    trace = later.modems[modem]
    return Verdict(
        count(
            (message for message in out if message.to.startswith(recipients)),
            earlier.network.towards(recipients),
            later.network.towards(recipients),
        ),
        count_inbound(
            (item for item in came if item["from"].startswith(senders)),
            earlier.modems[modem].arrivals,
            trace.arrivals,
        ),
        {arm.name: len(trace.strikes.get(arm.name, ())) for arm in arms},
        tuple(
            seconds
            for arm in arms
            if arm.few is not None  # else it is there all the time, and the modem works on
            for seconds in trace.recoveries(arm.name)
        ),
    )
