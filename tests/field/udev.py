"""A small reader of udev rules: enough of udev(7) to check our rule on devices nobody has here.

It knows the keys and operators that our rule uses and refuses all others, so that a rule that
grows beyond it fails loudly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

_TOKEN = re.compile(r'([A-Z]+)(?:\{([^}]*)\})?(==|!=|\+=|=)"([^"]*)"')
_SUBSTITUTION = re.compile(r"\$(env|attr)\{([^}]*)\}")
_OWN_KEYS = frozenset({"ACTION", "SUBSYSTEM", "KERNEL", "DRIVER", "ENV", "ATTR", "TEST"})
_PARENT_KEYS = frozenset({"SUBSYSTEMS", "DRIVERS", "ATTRS"})
_ASSIGNED = frozenset({"ENV", "ATTR", "SYMLINK", "GOTO", "LABEL"})


class RuleError(ValueError):
    """A line that udev would not take, or that this reader does not know."""


@dataclass(frozen=True, slots=True)
class Token:
    """One `KEY{name} op "value"`."""

    key: str
    name: str
    operator: str
    value: str

    @property
    def is_match(self) -> bool:
        """True for a condition, false for an assignment."""
        return self.operator in {"==", "!="}


@dataclass(frozen=True, slots=True)
class Line:
    """One rule: its number in the file and its tokens, in order."""

    number: int
    tokens: tuple[Token, ...]

    def assigned(self, key: str) -> str | None:
        """The value that this line gives to `key`, None where it gives none."""
        return next((t.value for t in self.tokens if t.key == key and not t.is_match), None)


@dataclass(frozen=True, slots=True)
class Node:
    """A device in sysfs, or one of its parents."""

    subsystem: str = ""
    driver: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """What udev sees at an event; `parents` from the nearest to the farthest."""

    node: Node
    kernel: str = ""
    action: str = "add"
    properties: dict[str, str] = field(default_factory=dict)
    parents: tuple[Node, ...] = ()


@dataclass(slots=True)
class Result:
    """What the rules did with a device. Attributes are those that they wrote."""

    properties: dict[str, str]
    links: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


def parse(text: str) -> list[Line]:
    """Read a rules file; RuleError names the first line that is not well formed."""
    lines = []
    for number, raw in enumerate(text.splitlines(), start=1):
        if not raw.strip() or raw.startswith("#"):
            continue
        lines.append(Line(number, tuple(_tokens(number, raw))))
    return lines


def run(lines: list[Line], device: Device) -> Result:
    """Apply the rules to one device, as udevd does at an event."""
    result = Result(properties=dict(device.properties))
    target: str | None = None
    for line in lines:
        if target is not None:
            if line.assigned("LABEL") != target:
                continue
            target = None
        parent = _match(line, device, result)
        if parent is None:
            continue
        _assign(line, result, device, parent)
        target = line.assigned("GOTO")
    if target is not None:
        raise RuleError(f"no LABEL {target!r} after the GOTO that names it")
    return result


def _tokens(number: int, raw: str) -> list[Token]:
    tokens = []
    for piece in re.split(r",\s+(?=[A-Z]+[{=!+])", raw.strip()):
        found = _TOKEN.fullmatch(piece)
        if found is None:
            raise RuleError(f'line {number}: {piece!r} is no KEY{{name}}op"value"')
        token = Token(found[1], found[2] or "", found[3], found[4])
        known = _OWN_KEYS | _PARENT_KEYS if token.is_match else _ASSIGNED
        if token.key not in known:
            raise RuleError(f"line {number}: {token.key} {token.operator} is not known here")
        tokens.append(token)
    return tokens


def _match(line: Line, device: Device, result: Result) -> Node | None:
    """The parent that all parent conditions hold for (or the device itself); None: no match."""
    own = [t for t in line.tokens if t.is_match and t.key in _OWN_KEYS]
    if not all(_holds(t, _own_value(t, device, result)) for t in own):
        return None
    wanted = [t for t in line.tokens if t.is_match and t.key in _PARENT_KEYS]
    for node in (device.node, *device.parents):
        if all(_holds(t, _parent_value(t, node)) for t in wanted):
            return node
    return None


def _own_value(token: Token, device: Device, result: Result) -> str | None:
    match token.key:
        case "ACTION":
            return device.action
        case "KERNEL":
            return device.kernel
        case "SUBSYSTEM":
            return device.node.subsystem
        case "DRIVER":
            return device.node.driver
        case "ENV":
            return result.properties.get(token.name, "")
        case "ATTR":
            return device.node.attributes.get(token.name)
    return token.value if token.value in device.node.attributes else None


def _parent_value(token: Token, node: Node) -> str | None:
    if token.key == "SUBSYSTEMS":
        return node.subsystem
    if token.key == "DRIVERS":
        return node.driver
    return node.attributes.get(token.name)


def _holds(token: Token, value: str | None) -> bool:
    """Alternatives are separated by `|`; a missing attribute matches nothing."""
    if value is None:
        return False
    equal = any(fnmatchcase(value, pattern) for pattern in token.value.split("|"))
    return equal == (token.operator == "==")


def _assign(line: Line, result: Result, device: Device, parent: Node) -> None:
    def substitute(found: re.Match[str]) -> str:
        if found[1] == "env":
            return result.properties.get(found[2], "")
        own = device.node.attributes.get(found[2])
        return parent.attributes.get(found[2], "") if own is None else own

    for token in line.tokens:
        if token.is_match:
            continue
        value = _SUBSTITUTION.sub(substitute, token.value)
        match token.key:
            case "ENV":
                result.properties[token.name] = value
            case "ATTR":
                result.attributes[token.name] = value
            case "SYMLINK":
                result.links.append(value)
