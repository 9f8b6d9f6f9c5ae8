"""`modemgw recording`: what was said on a modem's port, shown, kept, and played again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modemgw.modem.recorder import Entry
    from modemgw.modem.recording import Recording

app = typer.Typer(
    no_args_is_help=True,
    help="A modem's flight recorder: the last minutes of what was said on its port.",
)

ModemName = Annotated[
    str, typer.Argument(metavar="MODEM", help="Its port (or the end of it), IMEI or id.")
]
Full = Annotated[
    bool, typer.Option("--full", help="With people's numbers and texts, which are masked else.")
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A recording.")]

_MARK: Final = "  ≠ "


@app.command()
def show(modem: ModemName, full: Full = False, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Print the recording of a modem that the daemon drives, the newest last. Needs an admin key.

    `>` is what we wrote, `<` what the modem said, `#` a note, `|` the port opened anew, `~` a
    command given up.
    """
    from modemgw.modem.recording import parse

    for line in _readable(parse(_fetch(Client(url, key), modem, full).splitlines())):
        print(line)


@app.command()
def save(
    modem: ModemName, file: File, full: Full = False, url: Url = DEFAULT_URL, key: Key = ""
) -> None:
    """Write the recording of a modem to a file that can be sent on and replayed."""
    text = _fetch(Client(url, key), modem, full)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror}") from None
    print(f"{file}: {len(text.splitlines()) - 1} entries, {'not ' if full else ''}masked")


@app.command()
def replay(
    file: File,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only where it departs.")] = False,
    note_events: Annotated[
        bool,
        typer.Option(
            "--note-events",
            help="Write the events that it makes now into the file: a test from then on.",
        ),
    ] = False,
) -> None:
    """Feed a recording to the dialogue of this version. Exit status 1 where it departs.

    Shows what it makes of each entry, and says where it would not have written what was written
    then, or makes other events than those noted in the file. No modem and no daemon is needed.
    """
    from modemgw.modem.replay import replay as play
    from modemgw.modem.replay import with_events

    recording = _read(file)
    if note_events:
        recording = with_events(recording)
    departures = 0
    for line, step in zip(_readable(recording), play(recording), strict=True):
        departures += bool(step.departure)
        if step.departure or not quiet:
            print(line)
            for event in step.events:
                print(f"{'':12}    {event.encode('unicode_escape').decode('ascii')}")
        if step.departure:
            print(f"{'':12}{_MARK}{step.departure}")
    print(f"{file}: {len(recording.moments)} entries, {departures} departures")
    if note_events:
        _write(file, recording)
    if departures:
        raise typer.Exit(1)


def _fetch(client: Client, name: str, full: bool) -> str:
    modem = client.modem(name)
    return client.text(f"/v1/modems/{modem['id']}/recording?masked={str(not full).lower()}")


def _read(file: Path) -> Recording:
    from modemgw.modem.recording import SIZE_LIMIT, RecordingError, parse

    try:
        with file.open("rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            raise CommandError(f"{file} is larger than {SIZE_LIMIT} octets")
        return parse(content.decode("utf-8").splitlines())
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from None
    except (RecordingError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {error}") from None


def _write(file: Path, recording: Recording) -> None:
    try:
        file.write_text("".join(f"{line}\n" for line in recording.lines()), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {file}: {error.strerror}") from None


def _readable(recording: Recording) -> Iterator[str]:
    """Each entry on a line, with its time of day."""
    began = datetime.fromtimestamp(recording.heading.began_at, UTC).astimezone()
    first = recording.moments[0].entry.at if recording.moments else 0.0
    for moment in recording.moments:
        at = began + timedelta(seconds=moment.entry.at - first)
        yield f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {_words(moment.entry)}".rstrip()


def _words(entry: Entry) -> str:
    from modemgw.modem.recorder import Direction

    if entry.direction is Direction.NOTE:
        return f"{entry.direction.value} {entry.data.decode('utf-8', 'replace')}"
    data = entry.data.decode("latin-1").encode("unicode_escape").decode("ascii")
    return f"{entry.direction.value} {data}"
