"""`modemgw messages`: list them, show what became of one, cancel those that wait."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemgw.cli import mask
from modemgw.cli.client import DEFAULT_URL, Client, Key, Url
from modemgw.cli.errors import CommandError
from modemgw.cli.options import AsJson, Full
from modemgw.cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

app = typer.Typer(help="Messages: list, show, cancel.", invoke_without_command=True)


@app.callback()
def list_messages(
    context: typer.Context,
    direction: Annotated[str | None, typer.Option(help="inbound or outbound.")] = None,
    status: Annotated[str | None, typer.Option(help="Such as queued, in_doubt, failed.")] = None,
    to: Annotated[str | None, typer.Option(help="The recipient's number.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="The sender's number.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    full: Full = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List messages, the newest first; or show one, or cancel those that wait."""
    if context.invoked_subcommand is not None:
        return
    query = {"direction": direction, "status": status, "to": to, "from": from_}
    found = Client(url, key).items("/v1/messages", limit=min(limit, 1000), **query)
    items = [item if full else mask.document(item) for item in islice(found, limit)]
    if as_json:
        print(json.dumps(items, indent=2, ensure_ascii=False))
        return
    print_table(
        ("created", "", "status", "from", "to", "text", "error"),
        [
            (
                item["created_at"],
                "←" if item["direction"] == "inbound" else "→",
                item["status"],
                item.get("from"),
                item.get("to"),
                item.get("text"),
                (item.get("error") or {}).get("code"),
            )
            for item in items
        ],
    )


@app.command()
def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],
    full: Full = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Show a message, its parts, and each attempt that did not simply succeed."""
    found = Client(url, key).get(f"/v1/messages/{message_id}")
    item = found if full else mask.document(found)
    if as_json:
        print(json.dumps(item, indent=2, ensure_ascii=False))
        return
    parts = item.pop("parts_detail")
    former = item.pop("former_parts")
    for name, value in item.items():
        if value not in (None, "", {}, False):
            print(f"{name:14} {value if isinstance(value, str) else json.dumps(value)}")
    if parts:
        print_table(_PART_COLUMNS, _part_rows(parts, former))


_PART_COLUMNS = ("part", "status", "attempts", "line", "MR", "time", "code", "detail")


def _part_rows(
    parts: Sequence[Mapping[str, Any]], former: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str | None, ...]]:
    """The parts of the first sending, where another was begun, then each with its attempts."""
    for part in former:
        yield _part_row(part, "given up")
    for part in parts:
        for attempt in part["history"]:
            yield (
                str(part["seq"]),
                attempt["outcome"],
                None,
                attempt["line"],
                None,
                attempt["at"],
                attempt["code"],
                attempt["detail"],
            )
        yield _part_row(part, part["status"])


def _part_row(part: Mapping[str, Any], status: str) -> tuple[str | None, ...]:
    mr = part["mr"]
    return (
        str(part["seq"]),
        status,
        str(part["attempts"]),
        part["line"],
        None if mr is None else str(mr),
        part["settled_at"] or part["submitting_at"],
        part["code"],
        part["detail"],
    )


@app.command()
def cancel(
    pool: Annotated[str | None, typer.Option(help="Sent for this pool.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="conversational, transactional or marketing.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="The recipient's number.")] = None,
    reference: Annotated[str | None, typer.Option(help="The sender's reference.")] = None,
    line: Annotated[
        str | None, typer.Option(help="Bound to the line with this id, or waiting for it.")
    ] = None,
    created_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Such as 2027-01-31T08:00:00Z.")
    ] = None,
    created_before: Annotated[str | None, typer.Option(metavar="TIME", help="Likewise.")] = None,
    priority_below: Annotated[
        int | None, typer.Option(min=1, max=10, help="Less urgent than this.")
    ] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="What its metadata has.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Cancel all texts that wait and fit; with a key that lacks `admin`, of those it has sent.

    What has begun, if only in part, is left. All that is given must fit.
    """
    given = {
        "pool": pool,
        "kind": kind,
        "to": to,
        "reference": reference,
        "line": line,
        "created_after": created_after,
        "created_before": created_before,
        "priority_below": priority_below,
        "metadata": _pairs(metadata or ()) or None,
    }
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise CommandError("say which texts: give at least one of the options; see --help")
    if not yes:
        words = ", ".join(f"{name} {value}" for name, value in body.items())
        typer.confirm(f"Cancel all texts that wait, with {words}?", abort=True)
    client, canceled, more = Client(url, key), 0, True
    while more:
        done = client.call("POST", "/v1/messages/cancel", body)
        canceled, more = canceled + done["canceled"], done["more"]
    print(f"{canceled} canceled, {done['left']} had begun and go on")


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE as a mapping. Raises CommandError."""
    found = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise CommandError(f"{pair!r} is no NAME=VALUE")
        found[name] = value
    return found
