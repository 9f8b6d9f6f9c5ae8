"""One run of the matrix: a modem for each fault in one bank, one daemon on all of them.

The faults do not touch each other, so their waiting is done side by side. A fault is armed when its
modem is ready. Half of its texts are accepted at once, the others one by one, so that there is
always something to send that shows when the modem works again. When all are settled the fault is
taken away and the last text must go. Nothing here looks into the daemon.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.site import Site, running
from tests.reliability.verdict import Verdict, read, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.reliability.matrix import Row, Size

_LOOK_S = 0.5
_PAGE = 1000
_LONG_EVERY = 10  # each tenth text goes in two parts
_LONG = " and so on, for as long as it takes to fill a second part" * 4
_REPORT_S = 660.0  # after which every report has come, times patience
_SPREAD_S = 400.0  # over which texts are accepted and come in, times patience


@dataclass(slots=True)
class Fault:
    """A row on its modem."""

    row: Row
    modem: int
    size: Size
    line: str = ""
    settled: bool = False
    probed: bool = False

    @property
    def recipients(self) -> str:
        return f"+1555{20 + self.modem:02}"

    @property
    def senders(self) -> str:
        return f"+1556{20 + self.modem:02}"

    def body(self, number: int) -> dict[str, Any]:
        """The text that somebody sends."""
        text = f"{self.row.key} {number}" + _LONG * (number % _LONG_EVERY == 5)
        return {"to": f"{self.recipients}{number:05}", "text": text, "from": self.line}

    def comes_in(self, number: int) -> dict[str, Any]:
        """The text that somebody writes, as the simulator takes it."""
        long = number % _LONG_EVERY == 5
        direct = {"class": 0} if self.row.direct and number % 2 else {}
        return {
            "modem": self.modem,
            "from": f"{self.senders}{number:05}",
            "text": f"{self.row.key} in {number}" + _LONG * long,
            **direct,
        }


@dataclass(slots=True)
class Run:
    """A run; `site` stands while it lasts."""

    size: Size
    site: Site
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def _patience(self) -> float:
        return self.size.patience

    @property
    def _texts(self) -> int:
        return self.size.texts

    def go(self) -> dict[str, Verdict]:
        """Let every fault strike; what came of each, by the row's key."""
        began = time.monotonic()
        self._set_up()
        for fault in self.faults:
            self._arm(fault)
        self._accept(range(self._texts // 2))
        self._pour()
        self._attend(began + self.size.limit_s)
        self._until(began + self.size.limit_s, self._all_came_in)
        self._until(time.monotonic() + _REPORT_S * self._patience, self._doubt_is_settled)
        self.seconds = time.monotonic() - began
        return self.verdicts()

    def verdicts(self) -> dict[str, Verdict]:
        """Ask both witnesses."""
        earlier = read(self.site.journal_file)
        messages = self.site.items(f"/v1/messages?limit={_PAGE}")
        later = read(self.site.journal_file)
        return {
            fault.row.key: weigh(
                fault.modem,
                fault.recipients,
                fault.senders,
                fault.row.arms,
                messages,
                earlier,
                later,
            )
            for fault in self.faults
        }

    def _set_up(self) -> None:
        lines = {int(modem["port"][-3:]): modem["line"] for modem in self.site.items("/v1/modems")}
        for modem, row in enumerate(self.size.rows):
            self.faults.append(Fault(row, modem, self.size, lines[modem]))
            self.site.ctl(
                "report", modem=modem, state="on" if row.reports else "off",
                delay_ms=row.report_after_s * self._patience * 1000,
            )  # fmt: skip
            if row.places is not None:
                self.site.ctl("storage", modem=modem, name="SM", capacity=row.places)
            submit_ms = self.size.submit_ms * row.slower
            self.site.ctl("latency", modem=modem, min_ms=submit_ms, max_ms=submit_ms)

    def _arm(self, fault: Fault) -> None:
        for arm in fault.row.arms:
            limit = arm.many if self.size.is_long else arm.few
            self.site.ctl(
                "fault", modem=fault.modem, name=arm.name, p=arm.p,
                seconds=arm.seconds * self._patience,
                **({"count": limit} if limit else {}),
                **({"codes": list(arm.codes)} if arm.codes else {}),
            )  # fmt: skip

    def _disarm(self, fault: Fault) -> None:
        for arm in fault.row.arms:
            self.site.ctl("fault", modem=fault.modem, name=arm.name, p=0)

    def _accept(self, numbers: range) -> None:
        self.site.send_each([fault.body(number) for number in numbers for fault in self.faults])

    def _pour(self) -> None:
        """The second half, and what comes in, in step with the clock."""
        interval_s = _SPREAD_S * self._patience / self._texts
        due = time.monotonic()
        for number in range(self._texts):
            for fault in self.faults:
                if fault.row.inbound:
                    self.site.ctl("inject", **fault.comes_in(number))
            if self._texts // 2 <= number < self._texts - 1:
                self._accept(range(number, number + 1))
            due += interval_s
            time.sleep(max(0.0, due - time.monotonic()))

    def _attend(self, deadline: float) -> None:
        """Disarm each fault whose texts are settled, and send its last one."""
        while not all(fault.probed for fault in self.faults) and time.monotonic() < deadline:
            moving = self._moving()
            for fault in self.faults:
                if fault.probed or moving[fault.recipients]:
                    continue
                if fault.settled:
                    fault.probed = True
                elif not fault.row.inbound or self._came_in()[fault.senders] >= self.size.texts:
                    fault.settled = True
                    self._disarm(fault)
                    self.site.send_each([fault.body(self._texts - 1)])
            time.sleep(_LOOK_S)

    def _moving(self) -> Counter[str]:
        """How many texts are under way, by the start of their recipients."""
        found: Counter[str] = Counter()
        for status in ("queued", "sending"):
            for message in self.site.items(f"/v1/messages?status={status}&limit={_PAGE}"):
                found[message["to"][:7]] += 1
        return found

    def _came_in(self) -> Counter[str]:
        """How many texts have come in, by the start of their senders."""
        found = self.site.items(f"/v1/messages?direction=inbound&limit={_PAGE}")
        return Counter(message["from"][:7] for message in found if not message["partial"])

    def _all_came_in(self) -> bool:
        came = self._came_in()
        return all(
            came[fault.senders] >= self.size.texts for fault in self.faults if fault.row.inbound
        )

    def _doubt_is_settled(self) -> bool:
        """Where the network reports, what it took is known in the end."""
        verdicts = self.verdicts()
        return not any(
            verdicts[fault.row.key].out.in_doubt_there for fault in self.faults if fault.row.reports
        )

    def _until(self, deadline: float, holds: Callable[[], bool]) -> None:
        """Wait; what does not come in time shows in the verdict."""
        while not holds() and time.monotonic() < deadline:
            time.sleep(_LOOK_S)


@contextlib.contextmanager
def standing(folder: Path, size: Size) -> Iterator[Run]:
    """Bank and daemon for a run."""
    modems = len(size.rows)
    ports = [
        f'[[modems.port]]\npath = "{folder}/bank/modem{modem:03}"\n'
        f'storage = "SM"\npatience = {size.patience}\n'
        for modem, row in enumerate(size.rows)
        if row.places is not None
    ]
    ports.append(
        f"[[modems.port]]\npath = {json.dumps(f'{folder}/bank/modem*')}\n"
        f"patience = {size.patience}\n"
    )
    site = Site(
        folder,
        f"sqlite:///{folder}/modemgw.db",
        modems=modems,
        submit_ms=size.submit_ms,
        profiles=",".join(row.profile for row in size.rows),
        extra="".join(ports)
        + f"[messages]\nretry_patience = {size.patience}\nline_rest = {60 * size.patience}\n",
    )
    with running(site):
        yield Run(size, site)
