"""Opt-outs and consents as lists in CSV: brought in, and taken out whole."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from modemgw.api.jsonbody import validate
from modemgw.api.list_shapes import ConsentRow, Imported, OptOutRow
from modemgw.api.problems import ProblemError
from modemgw.api.queries import read_query
from modemgw.api.respond import answer
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import NoQuery
from modemgw.api.tables import CSV_TYPE, Row, read_table, write_table
from modemgw.gateway import views
from modemgw.gateway.bulk import Refused
from modemgw.gateway.consenting import Consent
from modemgw.gateway.requests import RefusalError
from modemgw.store import consents, optouts
from modemgw.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from modemgw.api.schemas import Body
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.bulk import Outcome
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record

    B = TypeVar("B", bound=Body)

PAGE = 1_000
_OPT_OUT_COLUMNS = ("number", "scope", "leaves", "source", "reason", "created_at")
_CONSENT_COLUMNS = (
    "number",
    "kind",
    "scope",
    "state",
    "source",
    "obtained_at",
    "wording",
    "evidence",
)
_WORDS = (
    "In several requests, where there are more than 10,000 rows. What a heading names besides is "
    "not looked at. The same rows again change nothing. A row that cannot be taken is listed with "
    "the reason; the others are taken."
)
_OPT_OUT_SAMPLE = (
    f"{','.join(_OPT_OUT_COLUMNS)}\r\n+15550001001,all,,keyword,STOP,2026-01-31T08:00:00.000Z\r\n"
)
_CONSENT_SAMPLE = (
    f"{','.join(_CONSENT_COLUMNS)}\r\n"
    "+15550001001,marketing,all,given,web form,2026-01-31T08:00:00.000Z,,form 4711\r\n"
)


@dataclass(frozen=True, slots=True)
class _Table:
    """What is taken out: `page` reads the rows behind a key, `view` shows one."""

    name: str
    tag: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    page: Callable[..., Sequence[Record]]
    view: Callable[[Record], Mapping[str, Any]]
    sample: str

    @property
    def export(self) -> Answer:
        """The good answer."""
        words = f"By {', '.join(self.key[:-1])} and {self.key[-1]}."
        return Answer(200, media_type=CSV_TYPE, description=words, sample=self.sample)


class _Lists:
    """What both lists have in common."""

    table: _Table

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def _export(self) -> Route:
        table = self.table
        return Route(
            "GET",
            f"/v1/{table.name}/export",
            self.give,
            Scope.READ,
            f"Take out all {table.tag}",
            table.export,
            table.tag,
            query=NoQuery,
            problems=("invalid",),
        )

    async def _pages(self) -> AsyncIterator[Iterable[Mapping[str, Any]]]:
        table = self.table
        after: tuple[str, ...] | None = None
        while True:
            rows = await self._gateway.reader.run(partial(table.page, after=after, limit=PAGE))
            if not rows:
                return
            yield [table.view(row) for row in rows]
            after = tuple(getattr(rows[-1], name) for name in table.key)

    async def give(self, request: web.Request) -> web.StreamResponse:
        """The whole table, a page at a time: no more of it is in memory."""
        read_query(request, NoQuery)
        name, columns, pages = self.table.name, self.table.columns, self._pages()
        response = web.StreamResponse(
            headers={
                "Content-Type": f"{CSV_TYPE}; charset=utf-8",
                "Content-Disposition": f'attachment; filename="{name}.csv"',
            }
        )
        # A client that has gone needs no more.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            try:
                await self._write(response, write_table([columns]))
                async for page in pages:
                    rows = [[_cell(row[column]) for column in columns] for row in page]
                    await self._write(response, write_table(rows))
            except (StoreError, TimeoutError):
                # Half a list must not pass for a whole one, be it that its reader let it wait and
                # reads on: its end is never told.
                if request.transport is not None:
                    request.transport.abort()
        return response

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(self._settings.stream_write_timeout_s):
            await response.write(data)


class OptOutLists(_Lists):
    """`/v1/optouts/import` and `/v1/optouts/export`."""

    table = _Table(
        "optouts",
        "opt-outs",
        _OPT_OUT_COLUMNS,
        ("number", "scope"),
        optouts.page,
        views.opt_out,
        _OPT_OUT_SAMPLE,
    )

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/optouts/import",
                self.take,
                Scope.SEND,
                "Bring in a list of opt-outs",
                Answer(200, Imported, description="What became of the rows."),
                "opt-outs",
                description="Columns: `number`, and optional `scope` (default `all`), `leaves` "
                "(kinds, as they are taken out; default none), `source` and "
                f"`evidence` (or `reason`) for the audit. Nothing is ever lifted. {_WORDS}",
                takes=CSV_TYPE,
                problems=("invalid",),
                examples={"one row": "number,scope,source\n+15550001001,all,old system\n"},
            ),
            self._export(),
        )

    async def take(self, request: web.Request) -> web.Response:
        """Bring opt-outs in."""
        table = await read_table(request, self._settings, ("number",))
        rows, refused = await asyncio.to_thread(_checked, table, OptOutRow)
        asked = [Refused(row.number, row.scope, row.words, row.leaves) for _, row in rows]
        outcomes = await self._gateway.bulk.opt_out(asked)
        return answer(_told([row for row, _ in rows], outcomes, refused))


class ConsentLists(_Lists):
    """`/v1/consents/import` and `/v1/consents/export`."""

    table = _Table(
        "consents",
        "consents",
        _CONSENT_COLUMNS,
        ("number", "kind", "scope"),
        partial(consents.page, kind=None, state=None),
        views.consent,
        _CONSENT_SAMPLE,
    )

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/consents/import",
                self.take,
                Scope.ADMIN,
                "Bring in a list of consents",
                Answer(200, Imported, description="What became of the rows."),
                "consents",
                description="Columns: `number`, `kind`, `source`, `obtained_at`, and optional "
                "`scope` (default `all`), `wording`, `evidence`, `state` (only `given` is taken). "
                f"Nobody is asked by text. What was withdrawn since stays so. {_WORDS}",
                takes=CSV_TYPE,
                problems=("invalid",),
                examples={
                    "one row": "number,kind,source,obtained_at,evidence\n"
                    "+15550001001,marketing,web form,2026-11-02T09:30:00Z,form 4711\n"
                },
            ),
            self._export(),
        )

    async def take(self, request: web.Request) -> web.Response:
        """Bring consents in."""
        needed = ("number", "kind", "source", "obtained_at")
        table = await read_table(request, self._settings, needed)
        found, refused = await asyncio.to_thread(_checked, table, ConsentRow)
        by = request[CALLER].key_id
        rows, asked = await asyncio.to_thread(self._consents, found, by, refused)
        return answer(_told(rows, await self._gateway.bulk.consent(asked), refused))

    def _consents(
        self, found: Sequence[tuple[Row, ConsentRow]], by: str, refused: dict[int, str]
    ) -> tuple[list[Row], list[Consent]]:
        """The rows that can be asked for and what they ask; the others are added to `refused`."""
        rows, asked = [], []
        for row, told in found:
            try:
                asked.append(self._consent(told, by))
            except RefusalError as refusal:
                refused[row.number] = refusal.words
            else:
                rows.append(row)
        return rows, asked

    def _consent(self, row: ConsentRow, by: str) -> Consent:
        if row.obtained_at > self._gateway.clock():
            raise RefusalError("invalid", "nobody has consented in the future")
        return Consent(
            number=self._gateway.read_number(row.number),
            kind=row.kind,
            scope=self._gateway.consent_desk.check_scope(row.scope),
            source=row.source,
            by=by,
            obtained_at=row.obtained_at,
            wording=row.wording,
            evidence=row.evidence,
        )


def _checked(rows: Sequence[Row], model: type[B]) -> tuple[list[tuple[Row, B]], dict[int, str]]:
    """The rows that can be read, and what is wrong with the others, by their number.

    Ten thousand take a fifth of a second: off the loop, on which texts go.
    """
    good, bad = [], {}
    for row in rows:
        if row.defect is not None:
            bad[row.number] = row.defect
            continue
        cells = {name: cell for name, cell in row.cells.items() if name in model.model_fields}
        try:
            good.append((row, validate(model, cells)))
        except ProblemError as error:
            first = error.problem.errors[0]
            bad[row.number] = f"{first.field}: {first.message}"
    return good, bad


def _told(
    rows: Sequence[Row], outcomes: Sequence[Outcome], refused: dict[int, str]
) -> dict[str, Any]:
    """What became of the rows, those refused by their number."""
    for row, outcome in zip(rows, outcomes, strict=True):
        if isinstance(outcome, RefusalError):
            refused[row.number] = outcome.words
    return {
        "recorded": sum(outcome is True for outcome in outcomes),
        "known": sum(outcome is False for outcome in outcomes),
        "refused": [{"row": number, "detail": refused[number]} for number in sorted(refused)],
    }


def _cell(value: Any) -> str | None:
    return " ".join(value) if isinstance(value, list) else value
