"""`modemgw keys`: API keys, made and ended on the database itself, the daemon up or down."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.errors import CommandError
from modemgw.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, database, load_config, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modemgw.store.prepared import Record

app = typer.Typer(help="Make, list, change, rotate and revoke API keys.", no_args_is_help=True)

PoolsOption = Annotated[
    str,
    typer.Option(
        "--pool", help="It sends to these pools alone and sees these alone; commas between them."
    ),
]
PerMinute = Annotated[
    int | None, typer.Option(min=1, max=10_000_000, help="Messages that it may send a minute.")
]
PerDay = Annotated[
    int | None, typer.Option(min=1, max=10_000_000, help="Messages that it may send a day, in UTC.")
]
Expires = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When it ends, such as 2027-12-31 or with a time in UTC."),
]
NameOrId = Annotated[str, typer.Argument(metavar="NAME-OR-ID", help="As `keys list` shows it.")]

_EVERY_KIND = "conversational,transactional,marketing"
_TAKEN_AWAY = {
    "pool": "pools",
    "per-minute": "per_minute",
    "per-day": "per_day",
    "expires": "expires_at",
}
LONGEST_NAME = 64


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
    pool: PoolsOption = "",
    per_minute: PerMinute = None,
    per_day: PerDay = None,
    expires: Expires = None,
) -> None:
    """Make a key and print it, alone; it cannot be shown again."""
    from modemgw.store import keys

    scopes = _known("scope", words(scope), keys.SCOPES)
    granted = _known("kinds", words(kinds), keys.KINDS)
    if default_kind is not None and default_kind not in granted:
        raise CommandError(f"--default-kind {default_kind} is none of --kinds {','.join(granted)}")
    pools = _pools(config, pool)
    if pools and "admin" in scopes:
        raise CommandError("--pool: a key with the scope admin is not bound to pools")
    with database(config) as connection:
        key = keys.create(
            connection,
            name=_name(name),
            scopes=scopes,
            kinds=granted,
            default_kind=default_kind,
            urgent=urgent,
            pools=pools or None,
            per_minute=per_minute,
            per_day=per_day,
            expires_at=None if expires is None else _moment(expires),
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
def change(
    key: NameOrId,
    config: ConfigFile = DEFAULT_CONFIG,
    name: Annotated[str | None, typer.Option(help="Who uses it.")] = None,
    kinds: Annotated[str | None, typer.Option(help="Kinds of texts; commas between them.")] = None,
    pool: PoolsOption = "",
    per_minute: PerMinute = None,
    per_day: PerDay = None,
    expires: Expires = None,
    no: Annotated[
        str, typer.Option(metavar="WHAT", help="Take away: pool, per-minute, per-day, expires.")
    ] = "",
) -> None:
    """Change a key: what is named, and nothing else; a running daemon knows it within a second."""
    from modemgw.store import keys

    values: dict[str, object] = {
        "name": None if name is None else _name(name),
        "kinds": None if kinds is None else list(_known("kinds", words(kinds), keys.KINDS)),
        "pools": list(_pools(config, pool)) or None,
        "per_minute": per_minute,
        "per_day": per_day,
        "expires_at": None if expires is None else _moment(expires),
    }
    taken = _known("no", words(no), tuple(_TAKEN_AWAY)) if no else ()
    values = {column: value for column, value in values.items() if value is not None}
    values |= {_TAKEN_AWAY[what]: None for what in taken}
    if not values:
        raise CommandError("nothing is to be changed; `modemgw keys change --help` says what can")
    with database(config) as connection:
        row = _one(keys.named(connection, key), key)
        if values.get("pools") and "admin" in row.scopes:
            raise CommandError("--pool: a key with the scope admin is not bound to pools")
        granted = values.get("kinds")
        if isinstance(granted, list) and row.default_kind not in (None, *granted):
            raise CommandError(f"--kinds: its default kind is {row.default_kind}, keep that")
        keys.change(connection, row.id, **values)
    print(f"{row.id} changed")


@app.command()
def rotate(
    key: NameOrId,
    config: ConfigFile = DEFAULT_CONFIG,
    grace: Annotated[
        float,
        typer.Option(min=0, max=2_592_000, help="Seconds for which the old secret is good, too."),
    ] = 86_400,
) -> None:
    """Give a key a new secret and print it, alone; it cannot be shown again."""
    from modemgw.store import keys

    with database(config) as connection:
        row = _one(keys.named(connection, key), key)
        secret = keys.rotate(connection, row.id, grace_s=grace, now=time.time())
    print(secret)


@app.command()
def revoke(
    key: NameOrId,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """End a key, or all keys of a name; a running daemon refuses them within a second or two."""
    from modemgw.store import keys

    with database(config) as connection:
        ended = keys.revoke(connection, key, time.time())
    if not ended:
        raise CommandError(f"no key in force is called {key!r}; `modemgw keys list` shows them")
    print(f"{ended} revoked")


def _one(rows: Sequence[Record], key: str) -> Record:
    if not rows:
        raise CommandError(f"no key in force is called {key!r}; `modemgw keys list` shows them")
    if len(rows) > 1:
        raise CommandError(f"{len(rows)} keys are called {key!r}; name one by its id")
    return rows[0]


def _name(name: str) -> str:
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise CommandError(f"--name is 1 to {LONGEST_NAME} characters")
    return name.strip()


def _pools(config: Path, pools: str) -> tuple[str, ...]:
    """Pools that the configuration has."""
    return _known("pool", words(pools), tuple(load_config(config).pools)) if pools else ()


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--expires: {text!r} is no time such as 2027-12-31") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _known(option: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [word for word in given if word not in allowed]
    if unknown or not given:
        wrong = ", ".join(unknown) or "nothing"
        raise CommandError(
            f"--{option}: {wrong} is none of {', '.join(allowed) or 'none there are'}"
        )
    return given


def _shown(row: Record) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "kinds": row.kinds,
        "default_kind": row.default_kind,
        "urgent": row.urgent,
        "pools": row.pools,
        "per_minute": row.per_minute,
        "per_day": row.per_day,
        "created_at": _time(row.created_at),
        "last_used_at": _time(row.last_used_at),
        "expires_at": _time(row.expires_at),
        "revoked_at": _time(row.revoked_at),
        "old_secret_until": _time(row.former_until),
    }


def _print_table(rows: Sequence[Record]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "id", "name", "scopes", "kinds", "pools", "limits", "created", "last used", "state"
    )
    for row in rows:
        table.add_row(
            row.id,
            escape(row.name),
            ",".join(row.scopes),
            ",".join(row.kinds),
            escape(",".join(row.pools)) if row.pools else "all",
            _limits(row),
            _time(row.created_at),
            _time(row.last_used_at) or "never",
            _state(row),
        )
    Console().print(table)


def _limits(row: Record) -> str:
    limits = (("minute", row.per_minute), ("day", row.per_day))
    return ", ".join(f"{most} a {span}" for span, most in limits if most is not None) or "none"


def _state(row: Record) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is None:
        return "in force"
    over = row.expires_at <= time.time()
    return "expired" if over else f"in force until {_time(row.expires_at)}"


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
