"""`modemgw doctor` and `modemgw probe`: what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.options import DEFAULT_CONFIG, AsJson, load_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.cli.checks import Check
    from modemgw.modem.interface import ModemStatus
    from modemgw.modem.probe import Probe

app = typer.Typer()

_SIGNS = {"ok": "[green]ok   [/]", "warning": "[yellow]look [/]", "fault": "[red]WRONG[/]"}


@app.command()
def doctor(
    ports: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PORT...]", help="Only these; default: all of the configuration."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="MODEMGW_CONFIG", help="The configuration."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at ports, modems, database and API; exit status 1 when something is wrong.

    Works with the daemon up or down. It enters no PIN and sends no text.
    """
    from modemgw.cli import checks
    from modemgw.config import Config

    if config is None and DEFAULT_CONFIG.exists():
        config = DEFAULT_CONFIG
    settings = Config() if config is None else load_config(config)
    found: list[Check] = []
    running = False
    if config is not None:
        state, running = checks.database(settings)
        found += (state, *checks.api(settings, running))
    found += checks.modem_manager()
    entries = list(checks.entries(settings, ports or []))
    if not entries:
        words = "none is configured: name them under [modems] ports, or after `doctor`"
        found.append(checks.Check("modems", checks.Level.FAULT, words))
    found += asyncio.run(checks.modems(entries, running, settings.modems.profile_dir))
    if config is not None and (running or not ports):
        found += checks.inventory(settings, found, running)
    _show(found, as_json)
    if any(check.level is checks.Level.FAULT for check in found):
        raise typer.Exit(1)


@app.command()
def probe(
    port: Annotated[str, typer.Argument(help="A path, or socket:// or rfc2217:// and HOST:PORT.")],
    as_json: AsJson = False,
) -> None:
    """Say what is on a port: modem, SIM, number, operator, signal. Exit status 1 if unusable."""
    from modemgw.cli import checks
    from modemgw.modem.settings import PortSettings

    found = asyncio.run(checks.modems([PortSettings(port)], running=False))
    _show(found, as_json)
    if not as_json:
        _show_levers(found[0].probe)
    if any(check.level is checks.Level.FAULT for check in found):
        raise typer.Exit(1)


def _show(found: Sequence[Check], as_json: bool) -> None:
    if as_json:
        print(json.dumps([_fields(check) for check in found], indent=2))
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(soft_wrap=True, highlight=False, file=sys.stdout)
    for check in found:
        console.print(
            f"{_SIGNS[check.level]}  [bold]{escape(check.subject)}[/]: {escape(check.words)}"
        )
        if check.probe is not None and (facts := _facts(check.probe.status)):
            console.print(f"         {escape(facts)}")
        if check.probe is not None and (kind := _kind(check.probe)):
            console.print(f"         {escape(kind)}")


def _show_levers(found: Probe | None) -> None:
    """What can be tried by hand where texts do not go."""
    if found is None or found.profile is None or not found.profile.levers:
        return
    print("         to try where texts do not go, by hand or as `commands` of [[modems.line]]:")
    for lever in found.profile.levers:
        restart = ", then restart it" if lever.restart else ""
        print(f"         {lever.command}: {lever.what}{restart} ({lever.evidence})")


def _fields(check: Check) -> dict[str, object]:
    fields: dict[str, object] = {
        "subject": check.subject,
        "level": check.level,
        "words": check.words,
    }
    if check.probe is not None:
        profile, domain = check.probe.profile, check.probe.domain
        fields |= {
            "finding": check.probe.finding,
            "modem": asdict(check.probe.status),
            "profile": None if profile is None else profile.name,
            "supported": profile is not None and profile.supported,
            "sms_domain": None if domain is None else domain.name.lower(),
        }
    return fields


def _kind(found: Probe) -> str:
    """As what it was recognised, and which way its texts take."""
    if found.profile is None:
        return ""
    supported = ", supported" if found.profile.supported else ""
    domain = "" if found.domain is None else f", texts by {found.domain.words}"
    return f"profile {found.profile.name}{supported}{domain}"


def _facts(status: ModemStatus) -> str:
    told = (
        " ".join(filter(None, (status.maker, status.model))),
        status.imei and f"IMEI {status.imei}",
        status.iccid and f"ICCID {status.iccid}",
        status.number,
        status.operator,
        None if status.rssi_dbm is None else f"{status.rssi_dbm} dBm",
    )
    return ", ".join(fact for fact in told if fact)
