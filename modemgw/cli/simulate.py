"""`modemgw simulate`: a bank of simulated modems, and `ctl`, by which a running one is told what.

The commands of `ctl` are those of the bank's control socket: their names and their help come from
its own table, which is loaded only when somebody asks for them.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from modemgw.cli import journal
from modemgw.cli.control import ask
from modemgw.cli.errors import CommandError
from modemgw.cli.options import AsJson, words
from modemgw.cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DEFAULT_DIR: Final = Path("bank")
_JOURNAL: Final = "journal"
_TABLE_COLUMNS: Final = 6  # more of them do not fit on a screen

Directory = Annotated[
    Path | None, typer.Option("--dir", help="The folder of the bank. (Default: bank.)")
]
Given = Annotated[
    list[str] | None, typer.Argument(metavar="FIELD=VALUE…", help="As above; JSON for lists.")
]


class _Control(TyperGroup):
    """The commands of the control socket, and `journal`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted([_JOURNAL, *_table()])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name == _JOURNAL:
            return super().get_command(ctx, cmd_name)
        handler = _table().get(cmd_name)
        return None if handler is None else _command(cmd_name, inspect.getdoc(handler) or "")


app = typer.Typer(invoke_without_command=True)
ctl = typer.Typer(cls=_Control, no_args_is_help=True)
app.add_typer(ctl, name="ctl")


@app.callback()
def simulate(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Where links, socket and journal are made. (Default: bank.)"),
    ] = None,
    modems: Annotated[int | None, typer.Option(help="How many. (Default: 4.)")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Makers, in turn; commas between them.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="What the bank is and what happens: a TOML file.")
    ] = None,
    submit_ms: Annotated[
        float | None, typer.Option(help="From Ctrl-Z to the network's answer. (Default: 50.)")
    ] = None,
    report_ms: Annotated[
        float | None, typer.Option(help="From there to the status report. (Default: 50.)")
    ] = None,
    boot_ms: Annotated[
        float | None, typer.Option(help="Silence after power-up. (Default: 300.)")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Makes faults and latencies come again. (Default: 1.)")
    ] = None,
) -> None:
    """Run simulated modems on ptys, and their network, until SIGTERM.

    Prints `simulator ready` when the links DIR/modem000 … stand. DIR/control.sock takes commands as
    JSON lines, as `modemgw simulate ctl` gives them; DIR/journal.jsonl tells what happened at the
    network. Options go before what the scenario says.
    """
    context.obj = directory
    if context.invoked_subcommand is not None:
        return
    from modemgw.simulator import chosen, load_scenario, serve

    try:
        options = chosen(
            directory or _DEFAULT_DIR,
            None if scenario is None else load_scenario(scenario),
            modems=modems,
            profiles=None if profile is None else words(profile),
            submit_ms=submit_ms,
            report_ms=report_ms,
            boot_ms=boot_ms,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(serve(options))


@ctl.callback()
def _control(context: typer.Context, directory: Directory = None) -> None:
    """Tell a running bank what to do, or ask it. `COMMAND --help` tells the fields of each."""
    context.obj = directory or context.obj


@ctl.command(_JOURNAL)
def _journal(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    modem: Annotated[
        list[int] | None, typer.Option(help="Only what concerns this one; several are several.")
    ] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="Only such events; several are several.")
    ] = None,
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened at the network and in the modems, the oldest first."""
    path = _folder(context, directory) / "journal.jsonl"
    try:
        for entry in journal.entries(path, follow=follow):
            if (modem and entry.get("modem") not in modem) or (
                event and entry.get("event") not in event
            ):
                continue
            print(json.dumps(entry) if as_json else _line(entry), flush=follow)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()  # or the interpreter complains of what it could not print
        raise typer.Exit from None


def _line(entry: Mapping[str, Any]) -> str:
    """An entry for people: seconds, event, modem, the rest."""
    rest = " ".join(
        f"{name}={_shown(value)}"
        for name, value in entry.items()
        if name not in ("t", "event", "modem") and value is not None
    )
    modem = "" if entry.get("modem") is None else entry["modem"]
    return f"{entry['t'] / 1e9:15.6f} {entry['event']:12} {modem:>4} {rest}"


def _table() -> Mapping[str, Callable[..., dict[str, object]]]:
    from modemgw.simulator.control_commands import COMMANDS

    return COMMANDS


def _command(name: str, words: str) -> Any:
    """The command of `ctl` that sends one request to the socket."""

    def send(
        context: typer.Context,
        given: Given = None,
        directory: Directory = None,
        as_json: AsJson = False,
    ) -> None:
        _send(name, _folder(context, directory), given or [], as_json=as_json)

    as_written = "\n\n".join(f"\b\n{paragraph}" for paragraph in words.split("\n\n"))
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name, help=as_written, short_help=words.splitlines()[0])(send)
    return get_command(alone)


def _send(name: str, folder: Path, given: list[str], *, as_json: bool) -> None:
    request: dict[str, Any] = {"cmd": name, "strict": True, "plain": True}
    for word in given:
        field, equals, value = word.partition("=")
        if not (field and equals):
            raise typer.BadParameter(f"{word!r}: FIELD=VALUE is needed, as in modem=0")
        if field in request:
            raise typer.BadParameter(f"{field} is there twice")
        request[field] = value
    answer = ask(folder, json.dumps(request))
    if not answer.pop("ok", False):
        raise CommandError(f"{name}: {answer.get('error')}")
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)


def _show(answer: Mapping[str, Any]) -> None:
    """Lists of objects as tables, everything else line by line."""
    for name, value in answer.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            _show_rows(value)
        else:
            print(f"{name}: {_shown(value)}")
    if not answer:
        print("done")


def _show_rows(rows: list[dict[str, Any]]) -> None:
    columns = list(rows[0])
    if len(columns) <= _TABLE_COLUMNS:
        print_table(columns, [[_shown(row.get(column)) for column in columns] for row in rows])
        return
    for row in rows:
        print(" ".join(f"{column}={_shown(row.get(column))}" for column in columns))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _folder(context: typer.Context, directory: Path | None) -> Path:
    return directory or context.obj or _DEFAULT_DIR
