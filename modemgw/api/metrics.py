"""Metrics: computed when they are asked for, from what the daemon counts anyway.

No phone number and no text is ever a label; lines and modems appear by their ids.
"""

from __future__ import annotations

import time
from collections import Counter as Tallies
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from modemgw.api.places import Kind
from modemgw.store import messages, optouts, reviews, webhooks
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.metrics_core import Metric
    from sqlalchemy import Connection

    from modemgw.api.edge import Edge
    from modemgw.gateway.gateway import Gateway

Labels = TypeVar("Labels", bound=tuple[str, ...])

COUNTED_EVERY_S = 60.0  # counting all messages reads all of them
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


@dataclass(slots=True)
class _Kept:
    """What the database told last."""

    messages: Mapping[tuple[str, str], int] = field(default_factory=dict)
    counted_at: float = -COUNTED_EVERY_S
    waiting: int = 0
    scheduled: int = 0
    opt_outs: int = 0
    reviews: int = 0
    owed: Mapping[str, int] = field(default_factory=dict)
    readable: bool = False


class Metrics:
    """The registry of one daemon."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._registry = CollectorRegistry()
        self._bank = _BankCollector(gateway)
        self._registry.register(self._bank)
        self._requests = Counter(
            "modemgw_http_requests",
            "HTTP requests.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "modemgw_http_request_seconds",
            "Time to answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )

    def watch(self, edge: Edge) -> None:
        """Tell of the connections, too."""
        self._registry.register(_EdgeCollector(edge))

    def served(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered. `route` is a template, never a path."""
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        self._requests.labels(known, route, str(status)).inc()
        if route != "/v1/events":  # open for as long as its reader likes
            self._seconds.labels(route).observe(seconds)

    async def scrape(self) -> bytes:
        """Everything, in the text format of Prometheus. A database that is away is told, too."""
        await self._bank.refresh()
        return generate_latest(self._registry)


class _EdgeCollector(Collector):
    """Reads what the edge counts."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def describe(self) -> Iterator[Metric]:
        """Nothing to promise at registration."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Connections that are open, and those that were refused or cut."""
        open_now = self._edge.places.of_kind
        held = {kind.value: open_now[kind] for kind in (Kind.CONNECTION, Kind.STREAM)}
        yield _gauge("http_open", "Connections to the API.", ("kind",), _by_one(held))
        yield _counter(
            "http_connections_cut",
            "Connections that were refused, or ended because their client took too long.",
            ("reason",),
            _by_one(self._edge.cut),
        )


class _BankCollector(Collector):
    """Reads the gateway's counters; the database's numbers are fetched before, off the loop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self._kept = gateway, _Kept()

    async def refresh(self) -> None:
        """Ask the database."""
        kept, now = self._kept, time.monotonic()
        recount = now - kept.counted_at >= COUNTED_EVERY_S

        def query(connection: Connection) -> _Kept:
            return _Kept(
                messages=messages.counts(connection) if recount else kept.messages,
                counted_at=now if recount else kept.counted_at,
                waiting=depth.waiting,
                scheduled=depth.parked,
                opt_outs=optouts.count(connection),
                reviews=reviews.count_open(connection),
                owed=webhooks.owed(connection),
                readable=True,
            )

        try:
            depth = await self._gateway.depths.look()
            self._kept = await self._gateway.reader.run(query)
        except StoreUnavailableError:
            kept.readable = False

    def describe(self) -> Iterator[Metric]:
        """Nothing to promise at registration."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Everything that the gateway counts."""
        yield from self._tally()
        yield from self._database()
        yield from self._modems()

    def _tally(self) -> Iterator[Metric]:
        tally = self._gateway.tally
        yield _counter("accepted", "Messages taken.", ("kind",), _by_one(tally.accepted))
        yield _counter("refused", "Messages not taken.", ("rule",), _by_one(tally.refused))
        yield _counter("submits", "Parts submitted.", ("line", "outcome"), tally.submits)
        yield _counter(
            "rests", "Rests of a line its operator refused.", ("line",), _by_one(tally.rests)
        )
        yield _counter("incoming", "TPDUs received.", ("kind",), _by_one(tally.incoming))
        yield _counter("repeats", "TPDUs that had come before.", (), {(): tally.repeats})
        yield _counter("opt_outs_taken", "Opt-outs recorded.", (), {(): tally.opt_outs})
        yield _counter(
            "worker_deaths", "Workers that died of a fault.", (), {(): tally.worker_deaths}
        )

    def _database(self) -> Iterator[Metric]:
        kept, writer = self._kept, self._gateway.writer
        usable = writer.available and kept.readable
        yield _gauge("database_up", "Whether it can be read and written.", (), {(): int(usable)})
        yield _gauge("messages", "Messages.", ("direction", "status"), kept.messages)
        yield _gauge(
            "queue",
            "Messages that wait.",
            ("for",),
            {("line",): kept.waiting, ("time",): kept.scheduled},
        )
        yield _gauge("opt_outs", "Numbers that have opted out.", (), {(): kept.opt_outs})
        yield _gauge("reviews_open", "Doubtful texts to be decided.", (), {(): kept.reviews})
        yield _gauge("webhook_pending", "Events owed.", ("webhook",), _by_one(kept.owed))
        yield _counter("writer_groups", "Commits.", (), {(): writer.groups})
        yield _counter("writer_operations", "Operations committed.", (), {(): writer.operations})
        yield _counter("writer_seconds", "Time with a group.", (), {(): writer.commit_s})
        yield _gauge("writer_waiting", "Operations that wait.", (), {(): writer.waiting})

    def _modems(self) -> Iterator[Metric]:
        statuses = [modem.status for modem in self._gateway.roster.modems]
        states = Tallies(str(status.state) for status in statuses)
        yield _gauge("modems", "Modems of this host.", ("state",), _by_one(states))
        heard = {}
        for status in statuses:
            line = self._gateway.roster.line_by_iccid(status.iccid)
            if line is not None and status.rssi_dbm is not None:
                heard[(line.id,)] = status.rssi_dbm
        yield _gauge("signal_dbm", "How well a line is heard.", ("line",), heard)
        registry, desk = self._gateway.registry, self._gateway.desk
        standings = Tallies(str(registry.standing(line_id).state) for line_id in registry.rows)
        yield _gauge("lines", "Lines of all hosts.", ("state",), _by_one(standings))
        missing = len(desk.inventory.missing)
        yield _gauge("lines_missing", "Lines that are expected and away.", (), {(): missing})
        held = int(self._gateway.dispatcher.start_hold)
        yield _gauge("start_hold", "Whether marketing waits for the first sweeps.", (), {(): held})


def _by_one(values: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(key,): value for key, value in values.items()}


def _counter(
    name: str, words: str, labels: tuple[str, ...], values: Mapping[Labels, float]
) -> Metric:
    family = CounterMetricFamily(f"modemgw_{name}", words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _gauge(
    name: str, words: str, labels: tuple[str, ...], values: Mapping[Labels, float]
) -> Metric:
    family = GaugeMetricFamily(f"modemgw_{name}", words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
