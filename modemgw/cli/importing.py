"""`modemgw import`: send a text to everybody in a CSV file, once."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, RefusedError, Url
from modemgw.cli.errors import CommandError
from modemgw.cli.sheet import WINDOWS, Rejects, Row, Sheet, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

CHUNK = 1_000  # texts of a request; the API takes 10,000, but then nothing moves for long
TRIES, LONGEST_WAIT_S = 6, 15.0
SHOWN = 10  # rejected rows, where no file is given for them
TO, TEXT, REFERENCE = "to", "text", "reference"

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A row and the text that is sent for it."""

    row: Row
    body: Mapping[str, Any]


@dataclass(slots=True)
class _Tally:
    """What became of the rows; `rejected` by the reason in a word, `first` are some of them."""

    taken: int = 0
    parts: Counter[str] = field(default_factory=Counter)  # by alphabet
    rejected: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    done_at: str | None = None


def import_csv(
    file: Annotated[
        Path, typer.Argument(help="Its heading names the columns: `to`, `text`, any others.")
    ],
    text: Annotated[
        str | None,
        typer.Option(help="'Hello {name}, …': columns in braces. Default: the column `text`."),
    ] = None,
    pool: Annotated[str | None, typer.Option(help="The pool of lines to send on.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="conversational, transactional or marketing.")
    ] = None,
    send_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Such as 2027-01-31T08:00:00Z.")
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of this sending, in each text's metadata. The same file under the same name is "
            "sent once. Default: the file's name.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; say what it would take.")
    ] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(metavar="OUT.csv", help="Rows that were not taken, with the reason."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Default: UTF-8, or else Windows-1252.")
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Send a text to everybody in a CSV file.

    Interrupted, or refused for a while, it is simply run again within two days: what was taken is
    not sent twice. Exit status 1 when rows were rejected.
    """
    sheet = read_sheet(file, encoding)
    if sheet.encoding == WINDOWS and encoding is None:
        _say(f"{file} is not UTF-8; it is read as Windows-1252. Look at the accents, or --encoding")
    name = batch or file.stem
    options = {"pool": pool, "kind": kind, "send_at": send_at}
    given = {option: value for option, value in options.items() if value is not None}
    common: dict[str, Any] = {**given, "metadata": {"batch": name}}
    write = _template(sheet, text)
    tally = _Tally()
    with ExitStack() as stack:
        rejects = None
        if rejected is not None:
            rejects = Rejects(rejected, sheet)
            stack.callback(rejects.close)

        def reject(row: Row, kind: str, words: str) -> None:
            tally.rejected[kind] += 1
            if rejects is not None:
                rejects.add(row, words)
            elif len(tally.first) < SHOWN:
                tally.first.append(f"line {row.line}: {words}")

        progress = stack.enter_context(_progress(sheet.lines))
        texts = _texts(sheet, write, common, reject)
        if dry_run:
            for ready in texts:
                _look_at(ready, tally, reject)
                progress(ready.row.line)
        else:
            sender = _Sender(Client(url, key), sheet, name)
            for number, chunk in enumerate(_chunks(texts)):
                _count(chunk, sender.send(number, chunk), tally, reject)
                progress(chunk[-1].row.line)
    _tell(tally, name, rejected, dry_run=dry_run)
    if tally.rejected:
        raise typer.Exit(1)


# -- from rows to texts -----------------------------------------------------------------------


def _texts(
    sheet: Sheet,
    write: Callable[[Mapping[str, str]], str],
    common: Mapping[str, Any],
    reject: Callable[[Row, str, str], None],
) -> Iterator[_Ready]:
    """The text of each row that has one."""
    for row in sheet.rows():
        if row.defect is not None:
            reject(row, "bad-row", row.defect)
            continue
        to = row.cells[TO]
        if not to:
            reject(row, "invalid-number", f"the column {TO!r} is empty")
            continue
        try:
            body = {TO: to, TEXT: write(row.cells), **common}
        except ValueError as error:
            reject(row, "empty-text", str(error))
            continue
        if row.cells.get(REFERENCE):
            body[REFERENCE] = row.cells[REFERENCE]
        yield _Ready(row, body)


def _template(sheet: Sheet, text: str | None) -> Callable[[Mapping[str, str]], str]:
    """What writes a row's text; that raises ValueError where a cell that it needs is empty.

    Raises CommandError when the table lacks a column.
    """
    pieces: list[tuple[str, str | None]] = []
    source = f"{{{TEXT}}}" if text is None else text
    last = 0
    for place in _PLACE.finditer(source):
        pieces.append((source[last : place.start()], None))
        last = place.end()
        if place[0] in ("{{", "}}"):
            pieces.append((place[0][0], None))
        elif place[1] is None:
            raise CommandError("--text has a lone brace; write {{ or }} for one that is meant so")
        else:
            pieces.append(("", place[1].strip().casefold()))
    pieces.append((source[last:], None))
    wanted = [TO, *(column for _, column in pieces if column is not None)]
    missing = [column for column in wanted if column not in sheet.columns]
    if missing:
        there = ", ".join(sheet.columns) or "none"
        raise CommandError(f"{sheet.path} has no column {missing[0]!r}; there are: {there}")

    def write(cells: Mapping[str, str]) -> str:
        empty = next((column for _, column in pieces if column and not cells[column]), None)
        if empty is not None:
            raise ValueError(f"the column {empty!r} is empty")
        return "".join(words if column is None else cells[column] for words, column in pieces)

    return write


def _chunks(texts: Iterable[_Ready]) -> Iterator[list[_Ready]]:
    texts = iter(texts)
    while chunk := list(islice(texts, CHUNK)):
        yield chunk


# -- sending ----------------------------------------------------------------------------------


class _Sender:
    """Sends the pieces of one file, each under a key of its own that is always the same."""

    def __init__(self, client: Client, sheet: Sheet, batch: str) -> None:
        self._client, self._batch = client, batch
        self._token = hashlib.sha256(f"{sheet.digest}\n{batch}".encode()).hexdigest()[:32]

    def send(self, number: int, chunk: Sequence[_Ready]) -> Mapping[str, Any]:
        """The outcome of each text; a daemon that is busy or away is waited for a little.

        Raises CommandError.
        """
        body = {"messages": [ready.body for ready in chunk]}
        headers = {"Idempotency-Key": f"import-{self._token}-{number}"}
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(2.0**attempt, LONGEST_WAIT_S))
            try:
                answer = self._client.call("POST", "/v1/messages/batch", body, headers)
            except RefusedError as error:
                if error.status == 409:
                    raise self._sent_before() from None
                if error.status not in (429, 503):
                    raise
                words = str(error)
            except CommandError as error:
                words = str(error)
            else:
                if all(item["status"] != 503 for item in answer["items"]):
                    found: Mapping[str, Any] = answer
                    return found
                words = "the database could not be used"
        raise CommandError(
            f"{words}; stopped at line {chunk[0].row.line}. Run the same command again: what was "
            "taken is not sent twice"
        )

    def _sent_before(self) -> CommandError:
        return CommandError(
            f"this file was sent as the batch {self._batch!r} before, with other options or texts; "
            "to send it once more give --batch another name"
        )


def _count(
    chunk: Sequence[_Ready],
    answer: Mapping[str, Any],
    tally: _Tally,
    reject: Callable[[Row, str, str], None],
) -> None:
    for ready, item in zip(chunk, answer["items"], strict=True):
        if item["status"] == 201:
            tally.taken += 1
            tally.parts[item["message"]["encoding"]] += item["message"]["parts"]
            continue
        problem = item["problem"]
        reject(ready.row, str(problem["type"]).rpartition("/")[2], str(problem["detail"]))
    tally.done_at = answer["expected_done_at"] or tally.done_at


def _look_at(ready: _Ready, tally: _Tally, reject: Callable[[Row, str, str], None]) -> None:
    """What a text would take, as far as can be told without the daemon."""
    from modemgw.consent.numbers import NumberError, recipient_key
    from modemgw.pdu import PduError, segment

    try:
        if ready.body[TO].startswith("+"):  # another is read in the daemon's region
            recipient_key(ready.body[TO], "US")
        cut = segment(ready.body[TEXT])
    except NumberError as error:
        reject(ready.row, "invalid-number", str(error))
    except PduError as error:
        reject(ready.row, "invalid-text", str(error))
    else:
        tally.taken += 1
        tally.parts[cut.encoding.value] += len(cut.parts)


# -- telling ----------------------------------------------------------------------------------


def _progress(lines: int) -> Any:
    """A bar on standard error; what it gives is told the line that has been reached."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def shown() -> Iterator[Callable[[int], None]]:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("sending", total=max(lines, 1))
            yield lambda line: bar.update(task, completed=line)

    return shown()


def _tell(tally: _Tally, batch: str, rejected: Path | None, *, dry_run: bool) -> None:
    parts = ", ".join(
        f"{_counted(count, 'part')} in {name}" for name, count in sorted(tally.parts.items())
    )
    verb = "would be sent" if dry_run else f"taken as the batch {batch!r}"
    print(f"{_counted(tally.taken, 'text')} {verb}" + (f": {parts}" if parts else ""))
    if tally.done_at is not None:
        print(f"expected to have gone by {tally.done_at}")
    for kind, count in tally.rejected.most_common():
        print(f"{count} rejected: {kind}")
    for words in tally.first:
        _say(words)
    if tally.rejected:
        hint = "give --rejected OUT.csv to have them all" if rejected is None else str(rejected)
        _say(f"{_counted(tally.rejected.total(), 'row')} rejected: {hint}")


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _say(words: str) -> None:
    print(words, file=sys.stderr)
