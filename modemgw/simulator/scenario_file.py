"""Reads a scenario from its TOML file, and says where it makes no sense."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modemgw.simulator.control_fields import Fields
from modemgw.simulator.network import DEFAULT_SETTINGS, DEFAULT_SMSC, NetworkSettings
from modemgw.simulator.options import MODEMS_LIMIT
from modemgw.simulator.scenario import DEFAULT_OPERATOR, DEFAULT_PLMN, Card, Scenario, Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SIZE_LIMIT: Final = 4 << 20
_TIMES_LIMIT: Final = 1_000_000
_NUMBER: Final = re.compile(r"\+\d{3,15}")
_OPERATOR: Final = re.compile(r"[ !#-~]{1,24}")
_PLMN: Final = re.compile(r"\d{5,6}")
_PIN: Final = re.compile(r"\d{4,8}")
_COMMANDS: Final = {
    "clock": "clock",
    "latency": "latency",
    "reports": "report",
    "phones": "phone",
    "limits": "limit",
    "faults": "fault",
}
"""Tables of the file, each or each of a list the fields of a control command."""
_TIMES: Final = ("at", "every", "times")

_Default = TypeVar("_Default", str, None)


class ScenarioError(ValueError):
    """A file that is no scenario; the text names file, field, and what to do."""


def load_scenario(path: Path) -> Scenario:
    """The scenario of a file. ScenarioError; what only the bank can tell is checked by Script."""
    try:
        with path.open("rb") as file:
            content = file.read(_SIZE_LIMIT + 1)
    except OSError as problem:
        raise ScenarioError(f"{path}: {problem.strerror}") from None
    if len(content) > _SIZE_LIMIT:
        raise ScenarioError(f"{path}: a scenario has {_SIZE_LIMIT >> 20} MiB at most")
    try:
        return _scenario(tomllib.loads(content.decode()))
    except ValueError as problem:
        raise ScenarioError(f"{path}: {problem}") from None


def _scenario(tables: Mapping[str, object]) -> Scenario:
    fields = Fields(tables, strict=True)
    options = _options(fields)
    network = fields.object("network") if fields.has("network") else Fields({})
    settings = NetworkSettings(
        smsc=_matching(network, "smsc", _NUMBER, "a number such as +15550009999", DEFAULT_SMSC),
        validity_s=network.seconds("validity", DEFAULT_SETTINGS.validity_s),
        longest_s=network.seconds("longest", DEFAULT_SETTINGS.longest_s),
    )
    operator, plmn = _operator(network, DEFAULT_OPERATOR), _plmn(network, DEFAULT_PLMN)
    network.finish()
    cards = _cards(fields)
    setup = [step for name in _COMMANDS for step in _steps(fields, name)]
    script = [_timed(entry, at) for at, entry in enumerate(fields.objects("script"))]
    fields.finish()
    return Scenario(options, settings, operator, plmn, cards, tuple(setup), tuple(script))


def _options(fields: Fields) -> dict[str, Any]:
    """What `modemgw simulate` has options for."""
    options: dict[str, Any] = {}
    if fields.has("seed"):
        options["seed"] = fields.integer("seed", 0, 2**63 - 1)
    if fields.has("bank"):
        bank = fields.object("bank")
        if bank.has("modems"):
            options["modems"] = bank.integer("modems", 1, MODEMS_LIMIT)
        if bank.has("profiles"):
            options["profiles"] = tuple(bank.texts("profiles"))
        if bank.has("boot"):
            options["boot_ms"] = bank.seconds("boot") * 1000
        bank.finish()
    return options


def _cards(fields: Fields) -> dict[int, Card]:
    cards: dict[int, Card] = {}
    numbers: set[str] = set()
    for entry in fields.objects("sims"):
        modem = entry.integer("modem", 0, MODEMS_LIMIT - 1)
        if modem in cards:
            raise entry.error("modem", f"there is a SIM for modem {modem} already")
        number = _matching(entry, "number", _NUMBER, "a number such as +15550100000", None)
        if number in numbers:
            raise entry.error("number", "another SIM has it already")
        numbers |= {number} if number else set()
        cards[modem] = Card(
            number=number,
            pin=_matching(entry, "pin", _PIN, "four to eight digits, in quotes", None),
            operator=_operator(entry, None),
            plmn=_plmn(entry, None),
        )
        entry.finish()
    return cards


def _steps(fields: Fields, name: str) -> list[Step]:
    """Those of a table, or of a list of tables."""
    if fields.is_object(name):
        request = {"cmd": _COMMANDS[name], **fields.mapping(name)}
        return [Step(f"{name}.", request)]
    return [
        Step(f"{name}[{at}].", {"cmd": _COMMANDS[name], **entry.request})
        for at, entry in enumerate(fields.objects(name))
    ]


def _timed(entry: Fields, at: int) -> Step:
    every_s = entry.seconds("every", 0.0)
    times = entry.integer("times", 1, _TIMES_LIMIT, _TIMES_LIMIT if every_s else 1)
    if entry.has("every") and not every_s:
        raise entry.error("every", "more than 0 is needed")
    if times > 1 and not every_s:
        raise entry.error("times", "it needs `every`, the time between")
    request = {name: value for name, value in entry.request.items() if name not in _TIMES}
    return Step(f"script[{at}].", request, entry.seconds("at", 0.0), every_s, times)


def _operator(fields: Fields, default: _Default) -> str | _Default:
    return _matching(
        fields, "operator", _OPERATOR, "1 to 24 characters of ASCII, no quotation mark", default
    )


def _plmn(fields: Fields, default: _Default) -> str | _Default:
    return _matching(fields, "plmn", _PLMN, "five or six digits, in quotes", default)


def _matching(
    fields: Fields, name: str, pattern: re.Pattern[str], what: str, default: _Default
) -> str | _Default:
    if not fields.has(name):
        return default
    text = fields.text(name)
    if not pattern.fullmatch(text):
        raise fields.error(name, f"{what} is needed, not {text!r}")
    return text
