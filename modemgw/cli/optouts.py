"""`modemgw optouts`: who must not be texted, and what a text asks of us."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from modemgw.cli.client import DEFAULT_URL, Client, Key, RefusedError, Url
from modemgw.cli.csv_lists import CsvFile, Encoding, OutFile, Rejected, bring_in, take_out
from modemgw.cli.options import AsJson

if TYPE_CHECKING:
    from modemgw.consent.keywords import Classification

app = typer.Typer(
    help="Opt-outs: list, add, remove, check, import, export, reviews, decide, classify.",
    no_args_is_help=True,
)

_STDIN = "-"


class Decision(StrEnum):
    """What a doubtful text was taken for."""

    OPT_OUT = "opt_out"
    KEEP = "keep"


Number = Annotated[str, typer.Argument(help="The number, E.164.")]


@app.command("list")
def list_optouts(url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """List who has opted out, since when, and how."""
    for item in Client(url, key).items("/v1/optouts", limit=1000):
        if as_json:
            print(json.dumps(item))
        else:
            print(f"{item['number']}\t{item['created_at']}\t{item['source']}\t{item['scope']}")


@app.command()
def add(
    number: Number,
    reason: Annotated[str | None, typer.Option(help="For the audit.")] = None,
    scope: Annotated[str, typer.Option(help="all, pool:NAME or brand:NAME.")] = "all",
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Opt a number out; what is queued for it and covered is canceled."""
    body = {"scope": scope} if reason is None else {"scope": scope, "reason": reason}
    done = Client(url, key).call("PUT", f"/v1/optouts/{quote(number, safe='')}", body)
    print(f"{done['number']} is opted out{_of(done['scope'])}")


@app.command()
def remove(
    number: Number,
    reason: Annotated[str, typer.Option(help="The new consent and where it is documented.")],
    scope: Annotated[
        str | None, typer.Option(help="Which opt-out; else all of the number.")
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Lift opt-outs, where the person has asked for texts again."""
    query = f"?reason={quote(reason, safe='')}"
    if scope is not None:
        query += f"&scope={quote(scope, safe='')}"
    Client(url, key).call("DELETE", f"/v1/optouts/{quote(number, safe='')}{query}")
    print(f"{number} may be texted" if scope is None else f"the opt-out{_of(scope)} is lifted")


@app.command()
def check(number: Number, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Say whether a number has opted out; exit status 1 if so."""
    try:
        found = Client(url, key).get(f"/v1/optouts/{quote(number, safe='')}")
    except RefusedError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        print(f"{number} may be texted")
        return
    print(f"{number} opted out{_of(found['scope'])} at {found['created_at']} ({found['source']})")
    raise typer.Exit(1)


@app.command("import")
def import_list(
    file: CsvFile,
    rejected: Rejected = None,
    encoding: Encoding = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Bring in a list of opt-outs: the column `number`, and `scope`, `source`, `evidence`.

    None is ever lifted, and the same list again changes nothing. Exit status 1 when rows were
    rejected.
    """
    bring_in(Client(url, key), "/v1/optouts/import", file, ("number",), rejected, encoding)


@app.command()
def export(out: OutFile = None, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Take out all opt-outs as CSV."""
    take_out(Client(url, key), "/v1/optouts/export", out)


@app.command("reviews")
def list_reviews(
    everything: Annotated[
        bool, typer.Option("--all", help="The decided ones, too; else those that are open.")
    ] = False,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List texts that may be refusals and wait for a decision, the oldest first."""
    state = {} if everything else {"state": "open"}
    for item in Client(url, key).items("/v1/optouts/reviews", limit=1000, **state):
        if as_json:
            print(json.dumps(item))
            continue
        stands = item["decision"] or f"due {item['due_at']}"
        print(f"{item['id']}\t{item['number']}\t{stands}\t{item['message']}\t{item['reason']}")


@app.command()
def decide(
    review: Annotated[str, typer.Argument(help="Its id, as `optouts reviews` lists it.")],
    decision: Annotated[
        Decision, typer.Argument(help="opt_out: it was a refusal; keep: it was none.")
    ],
    reason: Annotated[str, typer.Option(help="For the audit.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Say whether a doubtful text was a refusal; keep needs an admin key."""
    body = {"decision": decision.value, "reason": reason}
    path = f"/v1/optouts/reviews/{quote(review, safe='')}/decide"
    done = Client(url, key).call("POST", path, body)
    stands = "is opted out" if decision is Decision.OPT_OUT else "may be texted"
    print(f"{done['number']} {stands}")


@app.command()
def classify(
    texts: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT...", help="Incoming texts; - reads JSON objects a line, answers in JSON."
        ),
    ],
    country: Annotated[str | None, typer.Option(help="The line's country, such as FR.")] = None,
    language: Annotated[str | None, typer.Option(help="The customers' language: fr.")] = None,
    opted_out: Annotated[
        bool, typer.Option("--opted-out", help="The sender has opted out before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what incoming texts ask of us: opt_out, opt_in, help, review or none."""
    if texts == [_STDIN]:
        for line in sys.stdin.buffer:
            print(json.dumps(_answer(line.decode("utf-8", "replace"))), flush=True)
        return
    for text in texts:
        found = _Request(
            text=text, country=country, language=language, opted_out=opted_out
        ).classified()
        if as_json:
            print(json.dumps(_fields(found)))
        else:
            print(f"{found.kind.value}\t{found.reason}")


def _of(scope: str) -> str:
    return "" if scope == "all" else f" of {scope}"


class _Request(BaseModel):
    """One line that `classify -` reads."""

    model_config = ConfigDict(extra="ignore", strict=True)

    text: str
    country: str | None = None
    language: str | None = None
    opted_out: bool | None = None
    last_outbound: str | list[str] | None = None
    since_optout_s: float | None = None

    def classified(self) -> Classification:
        from modemgw.consent.keywords import classify as classify_text

        return classify_text(
            self.text,
            country=self.country,
            language=self.language,
            opted_out=bool(self.opted_out),
            last_outbound=self.last_outbound or (),
            since_optout_s=self.since_optout_s,
        )


def _answer(line: str) -> dict[str, object]:
    try:
        return _fields(_Request.model_validate_json(line).classified())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return {"error": first["msg"], "field": ".".join(str(step) for step in first["loc"])}


def _fields(found: Classification) -> dict[str, object]:
    return {
        "class": found.kind.value,
        "reason": found.reason,
        "scope": found.scope,
        "everything": found.everything,
        "language": found.language,
    }
