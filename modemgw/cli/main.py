"""The command `modemgw`: its parts put together, and what only it may start."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from modemgw import __version__
from modemgw.cli import bank, configuration, doctor, judge, keys, optouts, pdu, recording, ussd
from modemgw.cli.control import ctl
from modemgw.cli.demo.command import demo
from modemgw.cli.errors import CommandError
from modemgw.cli.options import DEFAULT_CONFIG, ConfigFile, words

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
    from modemgw import daemon

    raise typer.Exit(daemon.run(config))


@app.command()
def simulate(
    directory: Annotated[
        Path, typer.Option("--dir", help="Where links, control socket and journal are made.")
    ],
    modems: Annotated[int, typer.Option(help="How many.")] = 4,
    profile: Annotated[
        str | None, typer.Option(help="Makers, in turn; commas between them.")
    ] = None,
    submit_ms: Annotated[float, typer.Option(help="From Ctrl-Z to the network's answer.")] = 50.0,
    report_ms: Annotated[float, typer.Option(help="From there to the status report.")] = 50.0,
    boot_ms: Annotated[float, typer.Option(help="Silence after power-up.")] = 300.0,
    seed: Annotated[int, typer.Option(help="Makes faults and latencies come again.")] = 1,
) -> None:
    """Run simulated modems on ptys, and their network, until SIGTERM.

    Prints `simulator ready` when the links DIR/modem000 … stand. DIR/control.sock takes commands as
    JSON lines, DIR/journal.jsonl tells what happened at the network.
    """
    from modemgw.simulator import Options, serve
    from modemgw.simulator.personality import DEFAULT_PROFILES

    try:
        options = Options(
            modems=modems,
            dir=directory,
            profiles=words(profile) if profile is not None else DEFAULT_PROFILES,
            submit_ms=submit_ms,
            report_ms=report_ms,
            boot_ms=boot_ms,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(serve(options))


# In the order in which `--help` shows them.
app.add_typer(bank.app)
app.command("ussd")(ussd.ussd)
app.add_typer(doctor.app)
app.add_typer(recording.app, name="recording")
app.add_typer(keys.app, name="keys")
app.add_typer(optouts.app, name="optouts")
app.add_typer(pdu.app, name="pdu")
app.add_typer(configuration.app, name="config")
app.command()(demo)
app.command()(ctl)
app.command()(judge.judge)
