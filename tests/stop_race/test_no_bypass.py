"""Whatever leads to a submit passes the gate: found in the source, from the modem upwards.

Each name below is a step towards a text's Ctrl-Z, with every place that takes it. A place that is
not here is a new way for a text to go out: it must ask the gate directly before it (for
`Clearance`, in `gateway/clearance`) and be tested to, before it is entered here.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import modemgw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOUSE = Path(modemgw.__file__).parent
OUTSIDE = ("simulator",)  # it is the network

SUBMIT = "modem/submit.submit"
ALTERNATIVE = "modem/alternative_driver.submit"


def test_at_commands_that_send_are_given_in_two_drivers_only() -> None:
    """`AT+CMGS` and its kin; the others read answers, or replay a recording to no modem."""
    assert _places(_takes({"submit", "store_text", "submit_stored"}, of="commands")) == {
        SUBMIT,
        ALTERNATIVE,
        "modem/submit._outcome",
        "modem/submit.late_acceptance",
        "modem/replay._in_step",
    }


def test_nobody_spells_such_a_command_himself() -> None:
    """They stand in one file."""
    words = ("AT+CMGS", "AT+CMSS", "AT+CMGW", "AT+CMGC")

    def spells(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.JoinedStr)
            and any(
                isinstance(part, ast.Constant) and str(part.value).startswith(words)
                for part in node.values
            )
        ) or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(words)
        )

    assert _places(spells) == {
        "at/commands.submit",
        "at/commands.store_text",
        "at/commands.submit_stored",
    }


def test_a_prompt_is_answered_in_two_places_only() -> None:
    """There the TPDU and Ctrl-Z leave."""

    def answers(node: ast.AST) -> bool:
        return _is_call(node, {"send"}, of="exchange") or _is_call(node, {"answer_prompt"})

    assert _places(answers) == {SUBMIT, ALTERNATIVE}


@pytest.mark.parametrize(
    ("place", "asks", "writes"),
    [(SUBMIT, "_clear", "send"), (ALTERNATIVE, "_gate", "answer_prompt")],
)
def test_the_gate_is_asked_directly_before(place: str, asks: str, writes: str) -> None:
    """Behind the question nothing is awaited but the write itself, or the way back."""
    function = _functions()[place]
    questions = _lines_of(function, asks)
    (write,) = _lines_of(function, writes)
    asked = max(line for line in questions if line < write)
    between = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Await)
        and asked < node.lineno < write
        and not _is_call(node.value, {"_take_back"})
    ]
    assert between == []


def test_the_gate_says_go_in_one_function_only() -> None:
    """`Clearance.verdict`, which drivers ask and nobody else gives."""

    def goes(node: ast.AST) -> bool:
        return isinstance(node, ast.Return) and ast.unparse(node) == "return Verdict.GO"

    assert _places(goes) == {"gateway/clearance.Clearance.verdict"}
    assert _places(lambda node: _is_call(node, {"verdict"}, of="clearance")) == {
        "modem/submit._gate",
        "modem/alternative_driver._gate",
    }


def test_texts_reach_a_modem_through_one_worker_only() -> None:
    """It makes the clearance, for the job that it claimed. The writer's `submit` takes no text."""

    def hands_over(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "submit"
            and len(node.args) + len(node.keywords) >= 3
        )

    assert _places(hands_over) == {
        "gateway/worker.LineWorker._send",
        "modem/driver.Driver.submit",
        "store/writer.Writer.run",
    }
    assert _places(lambda node: _is_call(node, {"Clearance"})) == {
        "gateway/worker.LineWorker._send"
    }


def test_jobs_come_from_claims_and_begin_by_the_write_ahead_only() -> None:
    """Both ask the database for opt-outs."""
    assert _places(lambda node: _is_call(node, {"Job"})) == {"gateway/claims._job"}
    assert "gateway/claims._Choice.consider" in _places(lambda node: _is_call(node, {"_job"}))
    assert _places(lambda node: _is_call(node, {"begin_part"}, of="queue")) == {
        "gateway/claims.begin_part"
    }
    assert _places(lambda node: _is_call(node, {"_may_begin"})) == {
        "gateway/claims.begin_part",
        "gateway/claims.ask_again",
    }


def test_a_permit_is_given_to_automatic_answers_only() -> None:
    """Of the texts that came in: no caller can ask for one."""

    def names_one(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and ast.unparse(node).startswith("Permit.")

    asks = {"consent/gate._content"}  # which it is; it gives none
    assert _places(names_one) - asks == {"gateway/letters._opt_out", "gateway/letters._help"}
    assert _places(lambda node: _is_call(node, {"queue_reply"})) == {"gateway/letters._answer"}


# -- the source ------------------------------------------------------------------------------------


def _is_call(node: ast.AST, names: set[str], of: str | None = None) -> bool:
    """Whether it calls one of these; `of`: as an attribute of what has this name."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return of is None and node.func.id in names
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in names:
        return False
    return of is None or ast.unparse(node.func.value) == of


def _lines_of(function: ast.AST, name: str) -> list[int]:
    """Where it is called."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if _is_call(call, {name})]


def _takes(names: set[str], *, of: str) -> Callable[[ast.AST], bool]:
    """Whether it names one of these, called or not."""

    def takes(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == of
        )

    return takes


def _places(wanted: Callable[[ast.AST], bool]) -> set[str]:
    """The functions in which a node is wanted."""
    return {
        place
        for place, function in _functions().items()
        if any(wanted(node) for node in _own_nodes(function))
    }


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, without its docstring; what is nested belongs to it."""
    body = getattr(function, "body", [])
    said = ast.get_docstring(function) if isinstance(function, _FUNCTIONS) else None
    for statement in body[1:] if said is not None else body:
        yield from ast.walk(statement)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def _functions() -> dict[str, ast.AST]:
    """Every function of the house, by its place."""
    found: dict[str, ast.AST] = {}
    for path in HOUSE.rglob("*.py"):
        inside = path.relative_to(HOUSE)
        if inside.parts[0] in OUTSIDE:
            continue
        module = ast.parse(path.read_text(encoding="utf-8"))
        name = str(inside.with_suffix(""))
        loose = [n for n in module.body if not isinstance(n, (*_FUNCTIONS, ast.ClassDef))]
        found[f"{name}.<module>"] = ast.Module(loose, [])
        for node in module.body:
            for owner, function in _of(node):
                found[f"{name}.{owner}{function.name}"] = function
    return found


def _of(node: ast.AST) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    if isinstance(node, _FUNCTIONS):
        yield "", node
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            for owner, function in _of(inner):
                yield f"{node.name}.{owner}", function
