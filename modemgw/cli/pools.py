"""`modemgw pool` and `modemgw queue`: how they stand; pause and resume."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.options import AsJson
from modemgw.cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

pool = typer.Typer(help="Pools: list, pause, resume.", no_args_is_help=True)
queue = typer.Typer(help="The queue as a whole: show, pause, resume.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(metavar="POOL", help="Its name in the configuration.")]
Default = Annotated[
    bool,
    typer.Option("--default", help="The default pool, of texts that name none nor are routed."),
]
Reason = Annotated[str | None, typer.Option(help="Why; shown to whoever wonders.")]


@pool.command("list")
def list_pools(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List the pools, what waits in each and what for."""
    items = list(Client(url, key).items("/v1/pools"))
    if as_json:
        print(json.dumps(items, indent=2, ensure_ascii=False))
        return
    print_table(
        ("pool", "kind", "lines", "waiting", "waits for", "until", "usage"),
        [
            (
                "(default)" if item["name"] is None else item["name"],
                item["kind"],
                str(len(item["lines"])),
                str(item["waiting"]),
                item["paused"] or item["waiting_for"],
                item["not_before"],
                ", ".join(f"{u['limit']} {u['used']}/{u['most']}" for u in item["usage"]),
            )
            for item in items
        ],
    )


@pool.command("pause")
def pause_pool(
    name: Name = None,
    default: Default = False,
    reason: Reason = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Let no line begin a text of a pool. Needs an admin key."""
    path = _path(name, default=default)
    _tell(Client(url, key).call("POST", f"{path}/pause", _body(reason)))


@pool.command("resume")
def resume_pool(
    name: Name = None, default: Default = False, url: Url = DEFAULT_URL, key: Key = ""
) -> None:
    """End the pause of a pool. Needs an admin key."""
    _tell(Client(url, key).call("POST", f"{_path(name, default=default)}/resume"))


@queue.command("show")
def show_queue(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show how much waits, and whether everything is paused."""
    found = Client(url, key).get("/v1/queue")
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    print(f"{found['waiting']} wait for a line, {found['scheduled']} for a time")
    if found["paused"] is not None:
        print(f"everything is paused: {found['paused']}")
    elif found["start_hold"]:
        print("marketing waits for the first sweeps of the modems")


@queue.command("pause")
def pause_queue(reason: Reason = None, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Let no line begin a text, answers to STOP included. Needs an admin key."""
    Client(url, key).call("POST", "/v1/queue/pause", _body(reason))
    print("paused: nothing begins until `modemgw queue resume`")


@queue.command("resume")
def resume_queue(url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Let texts go again; what is paused by itself stays so. Needs an admin key."""
    Client(url, key).call("POST", "/v1/queue/resume")
    print("resumed")


def _path(name: str | None, *, default: bool) -> str:
    if default is bool(name) or name == "":
        raise typer.BadParameter("name a pool, or say --default")
    return f"/v1/pools/{quote(name, safe='')}" if name else "/v1/default-pool"


def _body(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"reason": reason}


def _tell(item: Mapping[str, Any]) -> None:
    paused = f"paused: {item['paused']}" if item["paused"] is not None else "not paused"
    name = "the default pool" if item["name"] is None else item["name"]
    print(f"{name} is {paused}; {item['waiting']} texts wait")
