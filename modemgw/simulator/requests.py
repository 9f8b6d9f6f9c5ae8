"""Requests to a bank, from the control socket or from a scenario: carried out, or only checked."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from modemgw.simulator.control_commands import COMMANDS, READ_ONLY
from modemgw.simulator.control_fields import ControlError, Fields, RehearsedError
from modemgw.simulator.journal import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modemgw.simulator.bank import Bank

_MANNERS: Final = ("strict", "plain")
_JOURNALED: Final = 2000  # characters of a request that the journal repeats at most


def answer(bank: Bank, line: bytes, by: str, **more: object) -> dict[str, object]:
    """What a line from a socket is answered with; `more` goes before what the request says."""
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            return {"ok": False, "error": "a JSON object is expected"}
        return carry_out(bank, {**request, **more}, by)
    except ValueError as problem:
        return {"ok": False, "error": f"this is no JSON: {problem}"}
    except RecursionError:
        return {"ok": False, "error": "it is nested too deeply"}


def carry_out(bank: Bank, request: Mapping[str, object], by: str) -> dict[str, object]:
    """Do what a request says; the journal tells who asked, and what came of it.

    `strict` in the request makes a field that its command does not know an error; `plain` has its
    values read as somebody types them.
    """
    strict, plain = (request.get(name) is True for name in _MANNERS)
    request = {name: value for name, value in request.items() if name not in _MANNERS}
    try:
        command = _command(request)
        answer: dict[str, object] = {
            "ok": True,
            **command(bank, Fields(request, strict=strict, plain=plain)),
        }
    except ValueError as problem:
        answer = {"ok": False, "error": str(problem)}
    name = request.get("cmd")
    if not (isinstance(name, str) and name in READ_ONLY):
        _note(bank, request, by, answer)
    return answer


def rehearse(bank: Bank, request: Mapping[str, object], path: str) -> None:
    """Check a request without doing anything. ControlError with `path` before what does not fit."""
    try:
        command = _command(request)
    except ControlError as problem:
        raise ControlError(f"{path}{problem}") from None
    try:
        command(bank, Fields(request, path, strict=True, rehearsal=True))
    except RehearsedError:
        return
    except ControlError as problem:
        said = str(problem)
        placed = said if said.startswith(path) else f"{path.rstrip('.')}: {said}"
        raise ControlError(placed) from None


def _command(request: Mapping[str, object]) -> Callable[[Bank, Fields], dict[str, object]]:
    name = request.get("cmd")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        known = ", ".join(sorted(COMMANDS))
        raise ControlError(f"cmd: there is no command {name!r}; there are {known}")
    return command


def _note(bank: Bank, request: Mapping[str, object], by: str, answer: Mapping[str, object]) -> None:
    told = {name: value for name, value in request.items() if name != "cmd"}
    bank.journal.write(
        Event.CONTROL,
        _index(request.get("modem")),
        by=by,
        cmd=request.get("cmd"),
        fields=told if len(json.dumps(told)) <= _JOURNALED else None,
        **{name: answer[name] for name in ("ok", "error") if name in answer},
    )


def _index(modem: object) -> int | None:
    """The modem that a request names, as somebody types it or as a number."""
    typed = str(modem)
    return int(typed) if re.fullmatch(r"[0-9]{1,4}", typed) else None
