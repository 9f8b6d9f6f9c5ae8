"""`modemgw modem`: how a modem is, where it has been, and what people do about it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.errors import CommandError
from modemgw.cli.options import AsJson
from modemgw.cli.table import print_table
from modemgw.modem.interface import Reset

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="One modem: show, history, reset, pause, resume, pin.", no_args_is_help=True)

_PIN: Final = re.compile(r"[0-9]{4,8}")
_LONGEST_PIN: Final = 64  # characters of a line that is read for one

Name = Annotated[
    str, typer.Argument(metavar="MODEM", help="Its port (or the end of it), IMEI or id.")
]
Reason = Annotated[str | None, typer.Option(help="Why; shown to whoever wonders.")]


@app.command()
def show(name: Name, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show a modem: its state and why, and the line that sits in it."""
    modem = Client(url, key).modem(name)
    if as_json:
        print(json.dumps(modem, indent=2, ensure_ascii=False))
    else:
        _tell(modem)


@app.command()
def history(
    name: Name,
    limit: Annotated[
        int, typer.Option(min=1, max=200, help="How many states, the newest first.")
    ] = 20,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List the states that a modem was in, the newest first, across restarts of the daemon."""
    client = Client(url, key)
    items = client.get(f"{_path(client.modem(name))}/history", limit=limit)["items"]
    if as_json:
        print(json.dumps(items, indent=2, ensure_ascii=False))
        return
    rows = [(item["at"], item["state"], item["reason"]) for item in items]
    print_table(("since", "state", "why"), rows)


@app.command()
def reset(
    name: Name,
    rung: Annotated[
        Reset, typer.Option(help="Where recovery begins; what does not help goes on above.")
    ] = Reset.RESTART,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Reset a modem, behind a text that is on the air. Needs an admin key, as all that follow."""
    client = Client(url, key)
    modem = client.modem(name)
    client.call("POST", f"{_path(modem)}/reset", {"rung": rung})
    print(f"{rung} begins; `modemgw modem history {modem['port']}` tells what comes of it")


@app.command()
def pause(name: Name, reason: Reason = None, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Let nothing be sent through a modem until it is resumed; texts that come in are read."""
    client, body = Client(url, key), {} if reason is None else {"reason": reason}
    _tell(client.call("POST", f"{_path(client.modem(name))}/pause", body))


@app.command()
def resume(name: Name, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """End the pause of a modem."""
    client = Client(url, key)
    _tell(client.call("POST", f"{_path(client.modem(name))}/resume"))


@app.command()
def pin(name: Name, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Open a SIM that waits for its PIN, which is asked for, or read from standard input.

    It is kept nowhere. The last try is not used: it is left to you and a telephone.
    """
    client = Client(url, key)
    path = _path(client.modem(name))
    _tell(client.call("POST", f"{path}/pin", {"pin": _read_pin()}))


def _read_pin() -> str:
    """Never an argument: those are in the shell's history, and everybody sees them run."""
    if sys.stdin.isatty():
        given = str(typer.prompt("PIN", hide_input=True))
    else:
        given = sys.stdin.readline(_LONGEST_PIN)
    if not _PIN.fullmatch(given.strip()):
        raise CommandError("a PIN has 4 to 8 digits; nothing was entered")
    return given.strip()


def _path(modem: Mapping[str, Any]) -> str:
    return f"/v1/modems/{quote(modem['id'], safe='')}"


def _tell(modem: Mapping[str, Any]) -> None:
    kind = " ".join(filter(None, (modem["maker"], modem["model"], modem["revision"])))
    why = f": {modem['reason']}" if modem["reason"] else ""
    facts = (
        ("id", modem["id"]),
        ("port", f"{modem['port']} at {modem['host']}"),
        ("modem", kind),
        ("IMEI", modem["imei"]),
        ("state", f"{modem['state']}{why}"),
        ("since", modem["since"]),
        ("paused", modem["paused"]),
        ("line", modem["line"]),
        ("operator", modem["operator"]),
        ("signal", modem["signal"] and f"{modem['signal']['rssi_dbm']} dBm"),
    )
    for label, value in facts:
        if value:
            print(f"{label:14}{value}")
