"""`modemgw ussd`: a code such as `*100#`, what the network says, and answers to its menus."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from modemgw.cli.client import DEFAULT_URL, Client, Key, RefusedError, Url
from modemgw.cli.errors import CommandError
from modemgw.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLL_S: Final = 0.3
_PATIENCE_S: Final = 200.0  # behind a text that is on the air, and for a slow network
_GOOD_ENDS: Final = frozenset({"done", "released"})


def ussd(
    modem: Annotated[
        str, typer.Argument(metavar="MODEM", help="Its port (or the end of it), IMEI or id.")
    ],
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as '*100#', in quotes.")],
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", help="What to answer to a menu; several in order."),
    ] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Ask the network by USSD on a modem that the daemon drives. Needs an admin key.

    Prints what the network says. Where it asks, `--answer` answers, else you are asked; an empty
    line, Ctrl-C or the lack of an answer ends the session. Exit status 1 where it ends badly.
    """
    client = Client(url, key)
    path = f"/v1/modems/{client.modem(modem)['id']}/ussd"
    answers = iter(answer or ())
    session = client.call("POST", path, {"code": code})
    ended = False
    try:
        session = _wait(client, path, session)
        while session["state"] == "answer_wanted":
            if not as_json:
                print(session["text"], flush=True)
            said = _next(answers)
            if not said:
                break
            session = _wait(client, path, client.call("POST", f"{path}/answer", {"text": said}))
        ended = session["state"] == "ended"
    finally:
        if not ended:
            _end(client, path)
    if as_json:
        print(json.dumps(session, indent=2, ensure_ascii=False))
    elif session["text"] and session["state"] == "ended":
        print(session["text"])
    if ended and session["outcome"] not in _GOOD_ENDS:
        raise CommandError(f"{session['outcome']}: {session['reason']}")


def _wait(client: Client, path: str, session: dict[str, Any]) -> dict[str, Any]:
    """The session when it is no longer the network's turn. Raises CommandError."""
    until = time.monotonic() + _PATIENCE_S
    known = session["id"]
    while session["state"] == "waiting":
        if time.monotonic() > until:
            raise CommandError("the modem is still busy with something else: try again")
        time.sleep(_POLL_S)
        session = client.get(path)
        if session["id"] != known:
            raise CommandError("somebody else began another session at this modem")
    return session


def _next(answers: Iterator[str]) -> str:
    """The next answer, asked for where there is somebody to ask."""
    said = next(answers, None)
    if said is not None or not sys.stdin.isatty():
        return said or ""
    try:
        return input("> ").strip()
    except EOFError:
        return ""


def _end(client: Client, path: str) -> None:
    try:
        client.call("DELETE", path)
    except RefusedError as error:
        print(f"modemgw: the session could not be ended: {error}", file=sys.stderr)
