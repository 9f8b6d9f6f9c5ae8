"""Requests to a bank, from the control socket or from a scenario: carried out, or only checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from modemgw.simulator.control_commands import COMMANDS, READ_ONLY
from modemgw.simulator.control_fields import ControlError, Fields, RehearsedError
from modemgw.simulator.journal import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modemgw.simulator.bank import Bank

_JOURNALED: Final = 2000  # characters of a request that the journal repeats at most


def carry_out(bank: Bank, request: Mapping[str, object], by: str) -> dict[str, object]:
    """Do what a request says; the journal tells who asked, and what came of it.

    `strict` in the request makes a field that its command does not know an error.
    """
    try:
        command = _command(request)
        strict = request.get("strict") is True
        said = {name: value for name, value in request.items() if name != "strict"}
        answer: dict[str, object] = {"ok": True, **command(bank, Fields(said, strict=strict))}
    except ValueError as problem:
        answer = {"ok": False, "error": str(problem)}
    if request.get("cmd") not in READ_ONLY:
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
        raise ControlError(said if said.startswith(path) else f"{path}{said}") from None


def _command(request: Mapping[str, object]) -> Callable[[Bank, Fields], dict[str, object]]:
    name = request.get("cmd")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        known = ", ".join(sorted(COMMANDS))
        raise ControlError(f"cmd: there is no command {name!r}; there are {known}")
    return command


def _note(bank: Bank, request: Mapping[str, object], by: str, answer: Mapping[str, object]) -> None:
    modem = request.get("modem")
    told = {name: value for name, value in request.items() if name not in ("cmd", "modem")}
    bank.journal.write(
        Event.CONTROL,
        modem if isinstance(modem, int) and not isinstance(modem, bool) else None,
        by=by,
        cmd=request.get("cmd"),
        fields=told if len(json.dumps(told)) <= _JOURNALED else None,
        **{name: answer[name] for name in ("ok", "error") if name in answer},
    )
