"""`modemgw person`: what is kept about a number, shown and erased."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from modemgw.cli.client import DEFAULT_URL, PAGE, Client, Key, Url
from modemgw.cli.options import AsJson

app = typer.Typer(help="A person's data: show, erase.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="The number, E.164.")]


@app.command()
def show(number: Number, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show everything that is kept about a number: for a person who asks for it."""
    client, path = Client(url, key), f"/v1/persons/{quote(number, safe='')}"
    told = client.get(path, limit=PAGE)
    messages, more = told["messages"], told["next"]
    while more:
        page = client.get(path, limit=PAGE, cursor=more)
        messages, more = messages + page["messages"], page["next"]
    told = told | {"messages": messages, "next": None}
    print(json.dumps(told, indent=2, ensure_ascii=False) if as_json else _in_words(told))


@app.command()
def erase(
    number: Number,
    reason: Annotated[str, typer.Option(help="For the audit, without a name or a number.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Erase it; an opt-out stays, as a hash of the number. It cannot be taken back."""
    path = f"/v1/persons/{quote(number, safe='')}?reason={quote(reason, safe='')}"
    done = Client(url, key).call("DELETE", path)
    print(
        f"erased: {done['messages']} messages, {done['events']} events, "
        f"{done['audit']} entries of the audit"
    )
    if done["opted_out"]:
        print("the opt-out stays, as a hash of the number")


def _in_words(told: dict[str, Any]) -> str:
    kept = [f"opted out of {item['scope']} at {item['created_at']}" for item in told["opt_outs"]]
    lines = [
        f"{told['number']} {', '.join(kept) or 'has not opted out'}",
        *(
            f"consent\t{item['obtained_at']}\t{item['kind']} of {item['scope']}\t{item['state']}\t"
            f"{item['source']}"
            for item in told["consents"]
        ),
        *(
            f"review\t{item['created_at']}\t{item['decision'] or 'open'}\t{item['reason']}"
            for item in told["reviews"]
        ),
        *(
            f"conversation\t{item['created_at']}\t{item['pool'] or 'no pool'}"
            for item in told["conversations"]
        ),
        *(
            f"audit\t{item['at']}\t{item['action']}\t{json.dumps(item['detail'])}"
            for item in told["audit"]
        ),
        *(
            f"{item['direction']}\t{item['created_at']}\t{item['status']}\t{item['text']}"
            for item in told["messages"]
        ),
    ]
    return "\n".join(lines)
