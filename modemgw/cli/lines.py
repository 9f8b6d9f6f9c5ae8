"""`modemgw line`: what a line is, how it stands, and what people decide about it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.errors import CommandError
from modemgw.cli.options import AsJson
from modemgw.cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="Lines: list, show, set, pause, release, retire.", no_args_is_help=True)

_POLL_S: Final = 1.0
_PATIENCE_S: Final = 180.0  # for a text from one line to another
_SHORTEST_END: Final = 4

Name = Annotated[
    str,
    typer.Argument(metavar="LINE", help="Its id, ICCID (or the end of it), number or name."),
]
Reason = Annotated[str | None, typer.Option(help="Why; shown to whoever wonders.")]


@app.command("list")
def list_lines(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List the lines, how each stands and why; and which of the expected ones are missing."""
    show_lines(Client(url, key), as_json)


def show_lines(client: Client, as_json: bool) -> None:
    """The list of all lines."""
    items = list(client.items("/v1/lines"))
    if as_json:
        print(json.dumps(items, indent=2, ensure_ascii=False))
        return
    ports = {modem["id"]: modem["port"] for modem in client.items("/v1/modems")}
    print_table(
        ("name", "number", "ICCID", "state", "operator", "port of its modem", "pools", "why"),
        [
            (
                item["name"],
                item["number"],
                item["iccid"],
                item["state"],
                item["operator"],
                ports.get(item["modem"]) if item["present"] else None,
                ", ".join(item["pools"]),
                item["reason"] or item["waiting_for"],
            )
            for item in items
        ],
    )
    stock = client.get("/v1/inventory")
    if stock["expected"]:
        print(stock["summary"])


@app.command()
def show(name: Name, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show a line with its limits and how far they are used."""
    item = _find(Client(url, key), name)
    if as_json:
        print(json.dumps(item, indent=2, ensure_ascii=False))
        return
    for label, value in _facts(item):
        if value:
            print(f"{label:14}{value}")
    for used in item["usage"]:
        print(f"{used['limit']:22}{used['used']:>8} of {used['most']}{_renewal(used)}")


def _facts(item: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    number, told = item["number"], item["sim_number"]
    differs = told is not None and told != number
    until = f" until {item['until']}" if item["until"] else ""
    why = f": {item['reason']}" if item["reason"] else ""
    waits = item["waiting_for"] and f"{item['waiting_for']} until {item['not_before']}"
    return [
        ("id", item["id"]),
        ("ICCID", item["iccid"]),
        ("name", item["name"]),
        ("number", f"{number} (the SIM says {told})" if differs else number),
        ("operator", item["operator"]),
        ("state", f"{item['state']}{until}{why}"),
        ("waits for", None if why or not item["not_before"] else waits),
        ("modem", item["modem"] if item["present"] else "in none that is there"),
        ("pools", ", ".join(item["pools"])),
        ("tags", ", ".join(item["tags"])),
        ("cost", None if item["cost"] is None else f"{item['cost']:g} a part"),
        ("plan", item["plan"]),
    ]


def _renewal(used: Mapping[str, Any]) -> str:
    return f", more from {used['renews_at']}" if used["renews_at"] else ""


@app.command("name")
def set_name(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help='The new name; "" for none.')],
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Give a line a name. Needs an admin key, as all that follow."""
    _change(Client(url, key), name, {"name": new or None})


@app.command("number")
def set_number(
    name: Name,
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help='E.164; "" for what the SIM tells.')
    ],
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Type in a line's number, where its SIM does not tell it, or tells a wrong one."""
    _change(Client(url, key), name, {"number": number or None})


@app.command("tag")
def set_tags(
    name: Name,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="[TAG...]", help="All its tags; none: no tag.")
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Set the tags of a line; pools may take their lines by them."""
    _change(Client(url, key), name, {"tags": tags or []})


@app.command("cost")
def set_cost(
    name: Name,
    cost: Annotated[float, typer.Argument(min=0, help="Of a part, in one currency for all.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Set what a part costs on a line; of lines that could all send, cheaper ones go first."""
    _change(Client(url, key), name, {"cost": cost})


@app.command()
def pause(name: Name, reason: Reason = None, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Let a line send nothing until it is resumed; it receives."""
    _act(Client(url, key), name, "pause", {} if reason is None else {"reason": reason})


@app.command()
def resume(name: Name, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """End the pause of a line."""
    _act(Client(url, key), name, "resume")


@app.command()
def release(name: Name, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Put a line into service again, out of quarantine, rest or retirement."""
    _act(Client(url, key), name, "release")


@app.command()
def retire(name: Name, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Take a line out of service for good; `release` takes that back."""
    _act(Client(url, key), name, "retire")


@app.command("learn-number")
def learn_number(name: Name, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Find out a line's number by a text to another own line, which costs that text."""
    client = Client(url, key)
    line = _find(client, name)
    text = client.call("POST", f"{_path(line)}/learn-number")
    print(f"{text['id']} goes to {text['to']}; its sender is the number")
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        item = client.get(_path(line))
        if item["typed_number"] is not None and item["typed_number"] != line["typed_number"]:
            print(f"the number is {item['number']}")
            return
        status = client.get(f"/v1/messages/{text['id']}")["status"]
        if status in ("failed", "expired", "canceled", "blocked"):
            raise CommandError(f"the text ended as {status}; `modemgw messages` says more")
        time.sleep(_POLL_S)
    raise CommandError(
        "the text has not come in yet: if it still does, the number is kept; see `line show`"
    )


def _find(client: Client, name: str) -> Mapping[str, Any]:
    known = list(client.items("/v1/lines"))
    exact = [
        line for line in known if name in (line["id"], line["iccid"], line["number"], line["name"])
    ]
    ends = [line for line in known if line["iccid"].endswith(name)]
    found = exact or (ends if len(name) >= _SHORTEST_END else [])
    if len(found) != 1:
        there = ", ".join(str(line["iccid"]) for line in found or known[:10]) or "none"
        raise CommandError(f"{name!r} names no one line; there is {there}")
    return found[0]


def _path(line: Mapping[str, Any]) -> str:
    return f"/v1/lines/{quote(line['id'], safe='')}"


def _change(client: Client, name: str, values: Mapping[str, Any]) -> None:
    _tell(client.call("PATCH", _path(_find(client, name)), values))


def _act(client: Client, name: str, act: str, body: object = None) -> None:
    _tell(client.call("POST", f"{_path(_find(client, name))}/{act}", body))


def _tell(item: Mapping[str, Any]) -> None:
    for label, value in _facts(item):
        if value and label in ("ICCID", "name", "number", "state", "tags", "cost", "pools"):
            print(f"{label:14}{value}")
