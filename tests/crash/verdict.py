"""What came of a run, counted from the simulator's journal and the public API alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.site import Site


@dataclass(slots=True)
class Verdict:
    """The counts of `modemgw judge`, and what else the callers of the API can hold against it.

    `forgotten` were answered by 201 and are not in the API; `twice` were posted again with their
    Idempotency-Key and are there twice. `seen_in_doubt` were in doubt when the API was back,
    `too_many_in_doubt` of them more than one a modem and kill.
    """

    seed: int
    kills: int = 0
    in_start: int = 0
    seen_in_doubt: int = 0
    most_in_doubt: int = 0
    too_many_in_doubt: int = 0
    answered: int = 0
    refused: int = 0
    stops: int = 0
    forgotten: int = 0
    twice: int = 0
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether every promise was kept.

        A text whose validity ends while it is in doubt ends as `outcome_unknown`: only such a one,
        as the confirmations of a STOP that are valid for minutes, may be at the network.
        """
        broken = self.forgotten + self.twice + self.too_many_in_doubt
        unknown = self.counts["ended"].get("failed: outcome_unknown", 0)
        wrongly_ended = self.counts["ended_at_network"] > unknown
        return bool(self.counts["held"]) and not broken and not wrongly_ended

    def lines(self) -> list[str]:
        """The counts, for people."""
        out, came = self.counts, self.counts["inbound"]
        ended = ", ".join(f"{number} {reason}" for reason, number in out["ended"].items()) or "0"
        rows = [
            ("kills", f"{self.kills}, {self.in_start} of them during the start; seed {self.seed}"),
            ("answered by 201", str(self.answered)),
            ("refused, opted out", f"{self.refused} ({self.stops} wrote STOP)"),
            ("not in the API though 201", str(self.forgotten)),
            ("in the API twice", str(self.twice)),
            ("in doubt after a kill", f"{self.seen_in_doubt}, settled or not by the end"),
            ("more than one a modem", str(self.too_many_in_doubt)),
            ("accepted, with answers", str(out["accepted"])),
            ("once at the network", str(out["once"])),
            ("still queued", str(out["queued"])),
            ("in doubt", f"{out['in_doubt']} ({out['in_doubt_at_network']} at the network)"),
            ("ended with a reason", f"{ended} ({out['ended_at_network']} at the network)"),
            ("missing", str(out["missing"])),
            ("DOUBLED", str(out["doubled"])),
            ("there, but never accepted", str(out["strangers"])),
            ("came in", str(came["came"])),
            ("once in the API", str(came["once"])),
            ("lost", str(came["lost"])),
            ("doubled in the API", str(came["doubled"])),
        ]
        return [f"{words:26} {number}" for words, number in rows] + [
            "HELD" if self.held else "NOT HELD"
        ]


def read(site: Site, verdict: Verdict, accepted: Mapping[str, str]) -> Verdict:
    """Ask both witnesses. `accepted`: what was answered by 201, by identifier."""
    verdict.counts = site.judge()
    shown = site.items("/v1/messages?direction=outbound&limit=500")
    verdict.answered = len(accepted)
    verdict.forgotten = len(accepted.keys() - {item["id"] for item in shown})
    posted = Counter(item["reference"] for item in shown if item["reference"])
    verdict.twice = sum(count - 1 for count in posted.values())
    return verdict
