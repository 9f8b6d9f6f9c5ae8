"""`modemgw audit`: whether the audit holds, from the database itself, the daemon up or down."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.errors import CommandError
from modemgw.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, database, load_config, reading

if TYPE_CHECKING:
    from modemgw.config import Config
    from modemgw.store.chain import AuditKey
    from modemgw.store.proof import Verdict

app = typer.Typer(help="The audit: verify, accept-key.", no_args_is_help=True)


@app.command()
def verify(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
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
    _print(verdict, has_key=key is not None, as_json=as_json)
    if verdict.breaks:
        raise typer.Exit(1)


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
        Ledger(settings.host, secret).accept_key(connection, time.time(), reason)
    print(f"the key in {settings.audit_key_file} is in force")


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


def _print(verdict: Verdict, *, has_key: bool, as_json: bool) -> None:
    if as_json:
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
