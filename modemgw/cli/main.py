"""The command `modemgw`: its parts put together, and what only it may start."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from modemgw import __version__
from modemgw.cli import (
    audit,
    bank,
    check,
    configuration,
    consents,
    doctor,
    importing,
    judge,
    keys,
    lines,
    messages,
    modem,
    optouts,
    pdu,
    person,
    pools,
    recording,
    simulate,
    twilio,
    ussd,
)
from modemgw.cli.control import ctl
from modemgw.cli.demo.command import demo
from modemgw.cli.errors import CommandError
from modemgw.cli.mcp.command import mcp
from modemgw.cli.options import DEFAULT_CONFIG, ConfigFile

app = typer.Typer(
    name="modemgw",
    help="An SMS gateway over a bank of GSM modems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """The entry point: a command that cannot go on says why, with exit status 1."""
    try:
        app(prog_name="modemgw")
    except CommandError as error:
        print(f"modemgw: {error}", file=sys.stderr)
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"modemgw {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and end."
        ),
    ] = False,
) -> None:
    """An SMS gateway over a bank of GSM modems."""


@app.command("run")
def run_daemon(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run the gateway in the foreground until SIGTERM.

    Prints `modemgw ready …` when the API listens. Exit status 0 after a clean stop, 2 for a bad
    configuration, 1 otherwise.
    """
    # Hardly any of what is loaded is garbage; the daemon looks for some once all of it is there.
    gc.disable()
    from modemgw import daemon

    raise typer.Exit(daemon.run(config))


# In the order in which `--help` shows them.
app.add_typer(simulate.app, name="simulate")
app.add_typer(bank.app)
app.add_typer(messages.app, name="messages")
app.command("import")(importing.import_csv)
app.add_typer(modem.app, name="modem")
app.add_typer(lines.app, name="line")
app.add_typer(pools.pool, name="pool")
app.add_typer(pools.queue, name="queue")
app.command("ussd")(ussd.ussd)
app.add_typer(doctor.app)
app.add_typer(recording.app, name="recording")
app.add_typer(keys.app, name="keys")
app.command("twilio")(twilio.twilio)
app.command()(mcp)
app.add_typer(optouts.app, name="optouts")
app.add_typer(consents.app, name="consents")
app.command("may-i-text")(check.may_i_text)
app.add_typer(person.app, name="person")
app.add_typer(audit.app, name="audit")
app.add_typer(pdu.app, name="pdu")
app.add_typer(configuration.app, name="config")
app.command()(demo)
app.command()(ctl)
app.command()(judge.judge)
