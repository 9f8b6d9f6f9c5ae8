"""`modemgw consents`: what people have agreed to be texted."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from modemgw.cli.client import DEFAULT_URL, PAGE, Client, Key, Url
from modemgw.cli.csv_lists import CsvFile, Encoding, OutFile, Rejected, bring_in, take_out
from modemgw.cli.options import AsJson

app = typer.Typer(help="Consents: list, add, withdraw, import, export.", no_args_is_help=True)

NEEDED = ("number", "kind", "source", "obtained_at")
Number = Annotated[str, typer.Argument(help="The number, E.164.")]
Kind = Annotated[str, typer.Option(help="conversational, transactional or marketing.")]


@app.command("list")
def list_consents(
    number: Annotated[str | None, typer.Argument(help="Of this number; else all.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List consents, those that were withdrawn, too."""
    client = Client(url, key)
    items = (
        client.items("/v1/consents", limit=PAGE)
        if number is None
        else client.get(_path(number))["items"]
    )
    for item in items:
        if as_json:
            print(json.dumps(item))
        else:
            told = ("number", "kind", "scope", "state", "obtained_at", "source")
            print("\t".join(item[name] for name in told))


@app.command()
def add(
    number: Number,
    source: Annotated[str, typer.Option(help="Where it was given: a form, a contract, a call.")],
    kind: Kind = "marketing",
    scope: Annotated[str, typer.Option(help="all, pool:NAME or brand:NAME.")] = "all",
    obtained_at: Annotated[str | None, typer.Option(metavar="TIME", help="Default: now.")] = None,
    wording: Annotated[str | None, typer.Option(help="What they were shown or told.")] = None,
    evidence: Annotated[str | None, typer.Option(help="Where the proof lies.")] = None,
    double: Annotated[
        bool | None,
        typer.Option("--double/--no-double", help="Ask them by text, and wait for their YES."),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Record a consent, or ask for it by text."""
    given: dict[str, Any] = {
        "obtained_at": obtained_at,
        "wording": wording,
        "evidence": evidence,
        "double": double,
    }
    body = {"kind": kind, "scope": scope, "source": source}
    body |= {name: value for name, value in given.items() if value is not None}
    done = Client(url, key).call("PUT", _path(number), body)
    print(f"{done['number']} {done['kind']} of {done['scope']}: {done['state']}")


@app.command()
def withdraw(
    number: Number,
    reason: Annotated[str, typer.Option(help="For the audit.")],
    kind: Annotated[str | None, typer.Option(help="Of this kind; else of all.")] = None,
    scope: Annotated[str | None, typer.Option(help="Of this scope; else of all.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Withdraw consents; they stay on record."""
    wanted = {"reason": reason, "kind": kind, "scope": scope}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    done = Client(url, key).call("DELETE", f"{_path(number)}?{query}")
    print(f"{len(done['items'])} withdrawn")


@app.command("import")
def import_list(
    file: CsvFile,
    rejected: Rejected = None,
    encoding: Encoding = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Bring in a list: `number`, `kind`, `source`, `obtained_at`; `scope`, `wording`, `evidence`.

    What was withdrawn since it was obtained stays so, and the same list again changes nothing.
    Exit status 1 when rows were rejected.
    """
    bring_in(Client(url, key), "/v1/consents/import", file, NEEDED, rejected, encoding)


@app.command()
def export(out: OutFile = None, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Take out all consents as CSV."""
    take_out(Client(url, key), "/v1/consents/export", out)


def _path(number: str) -> str:
    return f"/v1/consents/{quote(number, safe='')}"
