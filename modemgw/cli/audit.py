"""`modemgw audit`: whether the audit holds, and what it tells of a person.

From the database itself, the daemon up or down.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from time import time as clock
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from modemgw.cli.audit_view import Form, as_json, as_line, call_in_words, in_words
from modemgw.cli.errors import CommandError
from modemgw.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, database, load_config, reading

if TYPE_CHECKING:
    from modemgw.config import Config
    from modemgw.store.chain import AuditKey
    from modemgw.store.proof import Verdict

app = typer.Typer(help="The audit: verify, export, admins, accept-key.", no_args_is_help=True)

_EVER = "9999-01-01"
_BY_KEYS = ("admin", "tool_used")


@app.command()
def verify(config: ConfigFile = DEFAULT_CONFIG, wants_json: AsJson = False) -> None:
    """Check every chain, and the published heads; exit status 1 at a break, which is named."""
    from modemgw.store import heads, proof
    from modemgw.store.errors import StoreError

    settings = load_config(config)
    key = _key(settings)
    with reading(settings) as connection:
        try:
            published = list(heads.published(settings.audit_head_file))
        except StoreError as error:
            raise CommandError(str(error)) from None
        verdict = proof.verify(connection, published, key)
    _print(verdict, has_key=key is not None, wants_json=wants_json)
    if verdict.breaks:
        raise typer.Exit(1)


@app.command()
def export(
    number: Annotated[str, typer.Option(help="Whom it is about, E.164.")],
    day: Annotated[str | None, typer.Option(help="YYYY-MM-DD; without it, all time.")] = None,
    time_zone: Annotated[
        str, typer.Option(help='Where it was that day, such as "Europe/Berlin".')
    ] = "UTC",
    form: Annotated[Form, typer.Option("--format", help="For people or for programs.")] = Form.TEXT,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Tell why a person was texted: opt-outs, decisions, texts, lines, modems, times, TPDUs."""
    from modemgw.consent.numbers import NumberError, recipient_key
    from modemgw.store import heads, proof
    from modemgw.store.errors import StoreError
    from modemgw.store.export import gather
    from modemgw.store.ledger import Ledger

    settings = load_config(config)
    since, until = _day(day, time_zone)
    try:
        known_as = recipient_key(number, settings.numbers.default_region)
    except NumberError as error:
        raise CommandError(f"--number: {error}") from None
    ledger = Ledger(settings.host, _demanded_key(settings))
    with reading(settings) as connection:
        told = gather(connection, ledger, known_as, since, until)
        try:
            published = list(heads.published(settings.audit_head_file))
        except StoreError as error:
            raise CommandError(str(error)) from None
        verdict = proof.verify(connection, published, ledger.key)
    told = {"number": known_as, "holds": not verdict.breaks, **told}
    print(as_json(told) if form is Form.JSON else "\n".join(in_words(told)))


@app.command()
def admins(
    day: Annotated[str | None, typer.Option(help="YYYY-MM-DD; without it, all time.")] = None,
    time_zone: Annotated[
        str, typer.Option(help='Where it was that day, such as "Europe/Berlin".')
    ] = "UTC",
    wants_json: Annotated[
        bool, typer.Option("--json", help="JSON, for programs: an object a line.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """List what keys with the scope admin, and tools, did over the API, oldest first."""
    from modemgw.store import keys
    from modemgw.store.ledger import entries_by_action

    settings = load_config(config)
    since, until = _day(day, time_zone)
    with reading(settings) as connection:
        names = {row.id: row.name for row in keys.all_keys(connection)}
        for entry in entries_by_action(connection, _BY_KEYS, since, until):
            told = {**entry, "name": names.get(entry["detail"]["key"])}
            print(as_line(told) if wants_json else call_in_words(told))


@app.command("accept-key")
def accept_key(
    reason: Annotated[str, typer.Option(help="What became of the old key; for the audit.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Go on with the present key file where the old one is lost for good; the daemon down.

    What was hashed with the old one is no longer found by its number.
    """
    from modemgw.config import ConfigError, read_secret
    from modemgw.store.ledger import Ledger

    settings = load_config(config)
    try:
        secret = read_secret(settings.audit_key_file, "audit.key_file")
    except ConfigError as error:
        raise CommandError(str(error)) from None
    with database(config) as connection:
        Ledger(settings.host, secret).accept_key(connection, clock(), reason)
    print(f"the key in {settings.audit_key_file} is in force")


def _day(day: str | None, time_zone: str) -> tuple[float, float]:
    """From when to when, in seconds of the epoch."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise CommandError('--time-zone is a name such as "Europe/Berlin"') from None
    if day is None:
        return 0.0, datetime.fromisoformat(_EVER).replace(tzinfo=UTC).timestamp()
    try:
        begins = datetime.combine(date.fromisoformat(day), time.min, zone)
        ends = datetime.combine(begins.date() + timedelta(days=1), time.min, zone)
    except (ValueError, OverflowError):
        raise CommandError("--day is YYYY-MM-DD") from None
    return begins.timestamp(), ends.timestamp()


def _demanded_key(settings: Config) -> bytes:
    """The audit's key, without which nobody finds a number. Raises CommandError."""
    from modemgw.config import ConfigError, read_secret

    if not settings.audit_key_file.exists():
        raise CommandError(f"there is no key {settings.audit_key_file}: numbers cannot be found")
    try:
        return read_secret(settings.audit_key_file, "audit.key_file")
    except ConfigError as error:
        raise CommandError(str(error)) from None


def _key(settings: Config) -> AuditKey | None:
    """The audit's key; None where there is none: verifying never makes one."""
    from modemgw.config import ConfigError, read_secret
    from modemgw.store.chain import AuditKey

    if not settings.audit_key_file.exists():
        return None
    try:
        return AuditKey(read_secret(settings.audit_key_file, "audit.key_file"))
    except ConfigError as error:
        raise CommandError(str(error)) from None


def _print(verdict: Verdict, *, has_key: bool, wants_json: bool) -> None:
    if wants_json:
        told = {
            "holds": not verdict.breaks,
            "chains": verdict.chains,
            "entries": verdict.entries,
            "erased": verdict.erased,
            "heads": verdict.heads,
            "key": has_key,
            "breaks": [
                {"chain": found.chain, "sequence": found.sequence, "why": found.why}
                for found in verdict.breaks
            ],
        }
        print(json.dumps(told))
        return
    for found in verdict.breaks:
        print(f"BROKEN  chain {found.chain}, entry {found.sequence}: {found.why}")
    if not has_key:
        print("no key file: nobody can tell who made the published heads")
    print(
        f"{verdict.chains} chains, {verdict.entries} entries ({verdict.erased} erased), "
        f"{verdict.heads} published heads: {'BROKEN' if verdict.breaks else 'all hold'}"
    )
