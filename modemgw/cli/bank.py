"""`modems`, `lines`, `send`, `tail`: a running daemon, asked over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemgw.cli import mask
from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.lines import show_lines
from modemgw.cli.options import AsJson, Full
from modemgw.cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.cli.client import Event

app = typer.Typer()


@app.command()
def modems(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List the modems: what they are, how they are, and why if not well."""
    items = list(Client(url, key).items("/v1/modems"))
    if as_json:
        _print_json(items)
        return
    print_table(
        ("port", "state", "modem", "IMEI", "operator", "signal", "reason"),
        [
            (
                item["port"],
                item["state"],
                " ".join(filter(None, (item.get("maker"), item.get("model")))),
                item.get("imei"),
                item.get("operator"),
                _signal(item.get("signal")),
                item["reason"] or _pause(item),
            )
            for item in items
        ],
    )
    ready = sum(item["state"] == "ready" for item in items)
    print(f"{ready} of {len(items)} ready")


@app.command()
def lines(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List the lines, as `line list`."""
    show_lines(Client(url, key), as_json)


@app.command()
def send(
    to: Annotated[str, typer.Argument(help="The recipient's number.")],
    text: Annotated[str, typer.Argument(help="What to say.")],
    from_: Annotated[str | None, typer.Option("--from", help="The line to send on.")] = None,
    pool: Annotated[str | None, typer.Option(help="The pool of lines to send on.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="conversational, transactional or marketing.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="Yours; told in every event.")] = None,
    once: Annotated[
        str | None,
        typer.Option("--once", metavar="KEY", help="Send only once, however often it is tried."),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Send a text; it is accepted when the command ends, and on its way."""
    given = {
        "to": to,
        "text": text,
        "from": from_,
        "pool": pool,
        "kind": kind,
        "reference": reference,
    }
    body = {name: value for name, value in given.items() if value is not None}
    headers = {} if once is None else {"Idempotency-Key": once}
    message = Client(url, key).call("POST", "/v1/messages", body, headers)
    if as_json:
        _print_json(message)
    else:
        parts = "1 part" if message["parts"] == 1 else f"{message['parts']} parts"
        print(f"{message['id']} {message['status']}, {parts} in {message['encoding']}")


@app.command()
def tail(
    types: Annotated[
        str | None, typer.Option(help="Only these types of events; commas between them.")
    ] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind the event with this id.")] = None,
    full: Full = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Follow the events as they happen, until Ctrl-C."""
    with Client(url, key).events(after, types) as events:
        for event in events:
            shown = event.data if full else mask.document(event.data)
            print(json.dumps(shown) if as_json else _event_line(event, shown), flush=True)


def _event_line(event: Event, shown: Mapping[str, Any]) -> str:
    data = shown.get("data") or {}
    told = (
        data.get("status") or data.get("state"),
        data.get("number") or data.get("port"),
        " → ".join(str(data[name]) for name in ("from", "to") if data.get(name)),
        data.get("reason"),
        data.get("text"),
    )
    facts = " · ".join(str(fact) for fact in told if fact)
    return f"{shown.get('created_at', '')}  {event.type:16}  {facts}"


def _pause(item: Mapping[str, Any]) -> str | None:
    return f"paused: {item['paused']}" if item.get("paused") else None


def _signal(value: object) -> str | None:
    if isinstance(value, dict) and value.get("rssi_dbm") is not None:
        return f"{value['rssi_dbm']} dBm"
    return None


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
