"""`modemgw ctl`: a command for a running bank of simulated modems."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from modemgw.cli.errors import CommandError

SOCKET: Final = "control.sock"
_LIMIT_S: Final = 10.0


def ask(directory: Path, command: str) -> dict[str, Any]:
    """The answer of the simulator in this folder to one JSON object; {"ok": false …} included.

    Raises CommandError when there is no simulator.
    """
    path = directory / SOCKET
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_LIMIT_S)
            connection.connect(str(path))
            connection.sendall(command.encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise CommandError(
            f"no simulator answers at {path} ({error}); start one with `modemgw simulate`"
        ) from None
    return answer


def ctl(
    command: Annotated[
        str, typer.Argument(metavar="JSON", help='Such as \'{"cmd": "unplug", "modem": 3}\'.')
    ],
    directory: Annotated[Path, typer.Option("--dir", help="The folder of `modemgw simulate`.")],
) -> None:
    """Tell simulated modems what to do: inject, unplug, replug, hang, fault, latency, inbox …"""
    answer = ask(directory, " ".join(command.splitlines()))
    print(json.dumps(answer, ensure_ascii=False))
    if not answer.get("ok"):
        raise typer.Exit(1)
