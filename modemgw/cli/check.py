"""`modemgw may-i-text`: whether somebody may be texted, and if not, why."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.options import AsJson


def may_i_text(
    number: Annotated[str, typer.Argument(help="The number, E.164.")],
    kind: Annotated[
        str | None, typer.Option(help="conversational, transactional or marketing.")
    ] = None,
    pool: Annotated[str | None, typer.Option(help="From this pool.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Ask the gate whether somebody may be texted now, as what, and why not.

    Exit status 0 where they may, 1 where they may not, or not yet.
    """
    body = {"to": number} | ({"kind": kind} if kind else {}) | ({"pool": pool} if pool else {})
    found = Client(url, key).call("POST", "/v1/check", body)
    print(json.dumps(found) if as_json else _in_words(found))
    if found["outcome"] != "allowed":
        raise typer.Exit(1)


def _in_words(found: dict[str, Any]) -> str:
    what = f"{found['to']}, {found['kind']}"
    if found["pool"]:
        what += f", from {found['pool']}"
    lines = [f"{found['outcome']}: {what}"]
    for objection in found["objections"]:
        until = f" until {objection['until']}" if objection["until"] else ""
        lines.append(f"  {objection['rule']}{until}: {objection['detail']}")
    if found["zones"]:
        lines.append(f"  their time: {', '.join(found['zones'])}")
    return "\n".join(lines)
