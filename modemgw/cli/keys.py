"""`modemgw keys`: API keys, made and ended on the database itself, the daemon up or down."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.errors import CommandError
from modemgw.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, database, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.store.prepared import Record

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

_EVERY_KIND = "conversational,transactional,marketing"


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who uses it.")],
    config: ConfigFile = DEFAULT_CONFIG,
    scope: Annotated[
        str, typer.Option(help="What it may: send, read, admin; commas between them.")
    ] = "send,read",
    kinds: Annotated[
        str, typer.Option(help="Kinds of texts that it may send; commas between them.")
    ] = _EVERY_KIND,
    default_kind: Annotated[
        str | None, typer.Option(help="What its texts are that name no kind.")
    ] = None,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="Its texts go out at night, too.")
    ] = False,
) -> None:
    """Make a key and print it, alone; it cannot be shown again."""
    from modemgw.store import keys

    scopes = _known("scope", words(scope), keys.SCOPES)
    granted = _known("kinds", words(kinds), keys.KINDS)
    if default_kind is not None and default_kind not in granted:
        raise CommandError(f"--default-kind {default_kind} is none of --kinds {','.join(granted)}")
    if not 1 <= len(name.strip()) <= 100:
        raise CommandError("--name is 1 to 100 characters")
    with database(config) as connection:
        key = keys.create(
            connection,
            name=name.strip(),
            scopes=scopes,
            kinds=granted,
            default_kind=default_kind,
            urgent=urgent,
            now=time.time(),
        )
    print(key)


@app.command("list")
def list_keys(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show every key: its id, whose it is, what it may; never the key itself."""
    from modemgw.store import keys

    with database(config) as connection:
        rows = keys.all_keys(connection)
    if as_json:
        print(json.dumps([_shown(row) for row in rows], indent=2))
    else:
        _print_table(rows)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="NAME-OR-ID", help="As `keys list` shows it.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """End a key, or all keys of a name; a running daemon refuses them within a second or two."""
    from modemgw.store import keys

    with database(config) as connection:
        ended = keys.revoke(connection, key, time.time())
    if not ended:
        raise CommandError(f"no key in force is called {key!r}; `modemgw keys list` shows them")
    print(f"{ended} revoked")


def _known(option: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [word for word in given if word not in allowed]
    if unknown or not given:
        wrong = ", ".join(unknown) or "nothing"
        raise CommandError(f"--{option}: {wrong} is none of {', '.join(allowed)}")
    return given


def _shown(row: Record) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "kinds": row.kinds,
        "default_kind": row.default_kind,
        "urgent": row.urgent,
        "created_at": _time(row.created_at),
        "last_used_at": _time(row.last_used_at),
        "revoked_at": _time(row.revoked_at),
    }


def _print_table(rows: Sequence[Record]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("id", "name", "scopes", "kinds", "created", "last used", "state")
    for row in rows:
        table.add_row(
            row.id,
            escape(row.name),
            ",".join(row.scopes),
            ",".join(row.kinds),
            _time(row.created_at),
            _time(row.last_used_at) or "never",
            "in force" if row.revoked_at is None else "revoked",
        )
    Console().print(table)


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
