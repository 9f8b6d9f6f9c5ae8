"""How a maker's flavour shows in what a modem answers, whatever command it is about.

Theory of operation. A command passes `refuse` on its way in: what this maker has no ear for ends
there. `literal` answers what the personality has its own lines for. All else is answered as the
standards have it, and `spoken` gives the lines their look.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modemgw.simulator.command_line import Form
from modemgw.simulator.errors import AtError, Cms, Family, cms
from modemgw.simulator.settings import Cnmi, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.personality import Personality

_BEHIND = {Form.ACTION: "", Form.SET: "=", Form.READ: "?", Form.TEST: "=?"}
_REGISTRATIONS = ("+CREG", "+CGREG", "+CEREG")
_CELL = re.compile(r'^(\+CE?G?REG: \d(?:,\d)?),"(\w+)","(\w+)"(?:,\d+)?$')
_CELL_FORMS = {
    "no_technology": r'\1,"\2","\3"',
    "unquoted": r"\1,\2,\3",
    "no_cell": r"\1",
}


def settings_of(personality: Personality) -> Settings:
    """What a modem of this maker has forgotten nothing of: its settings after a restart."""
    return Settings(
        echo=personality.echo,
        cscs=personality.default_charset,
        memories=list(personality.default_memories),
        cnmi=Cnmi(*personality.default_cnmi),
    )


def written(command: Command) -> str:
    """A command as personalities write it: `+CNMI=?`, `I9`."""
    return command.name + _BEHIND[command.form] + command.argument


def refuse(personality: Personality, command: Command) -> None:
    """AtError where this maker does not know the command, or does not take its values."""
    if command.name in personality.refuses or written(command) in personality.refuses:
        raise AtError(word=personality.unknown)
    check = _CHECKS.get(command.name) if command.form is Form.SET else None
    if check is not None:
        check(personality, command)


def _check_indications(personality: Personality, command: Command) -> None:
    offered = [set(_numbers(text)) for text in personality.cnmi]
    if not offered:
        return
    values = [command.number(position, 0) for position in range(len(command.params))]
    taken = zip(values, offered, strict=False)
    if any(value not in choices for value, choices in taken) or (
        len(values) > 3 and values[3] in personality.refused_ds
    ):
        raise cms(Cms.NOT_ALLOWED)


def _numbers(text: str) -> Iterator[int]:
    """`(0-2,4)` as numbers."""
    for part in text.strip("()").split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _check_memories(personality: Personality, command: Command) -> None:
    places = personality.memories
    given = command.params
    if not places:
        return
    if len(given) > len(places) or (personality.whole_cpms and len(given) < len(places)):
        raise AtError
    for name, names in zip(given, places, strict=False):
        if name and name not in names:
            raise AtError


def _check_charset(personality: Personality, command: Command) -> None:
    charset = command.text(0).upper()
    if personality.charsets and charset not in personality.charsets:
        raise ValueError(f"+CSCS: {charset!r} is not offered")


_CHECKS = {"+CNMI": _check_indications, "+CPMS": _check_memories, "+CSCS": _check_charset}


def literal(modem: SimulatedModem, command: Command) -> Sequence[str] | None:
    """The maker's own lines for this very command; None where it has none."""
    personality = modem.personality
    text = written(command)
    if text == personality.hushed_by:
        modem.settings.chatter = False
    lines = personality.answers.get(text)
    if lines is not None:
        return [_filled_in(modem, line) for line in lines]
    match text:
        case "+CNMI=?" if personality.cnmi:
            return ["+CNMI: " + ",".join(personality.cnmi)]
        case "+CPMS=?" if personality.memories:
            return ["+CPMS: " + ",".join(_quoted(names) for names in personality.memories)]
        case "+CSCS=?" if personality.charsets:
            return ["+CSCS: " + _quoted(personality.charsets)]
    return None


def _filled_in(modem: SimulatedModem, line: str) -> str:
    who = modem.personality
    known = {"imei": modem.imei, "maker": who.maker, "model": who.model, "revision": who.revision}
    for name, value in known.items():
        line = line.replace(f"{{{name}}}", value)
    return line


def _quoted(names: Sequence[str]) -> str:
    return "(" + ",".join(f'"{name}"' for name in names) + ")"


def spoken(modem: SimulatedModem, command: Command, lines: Sequence[str]) -> Sequence[str]:
    """The lines of an answer as this maker prints them."""
    personality = modem.personality
    if command.name == "+CPMS":
        return [_usage(modem, line, named=command.form is not Form.SET) for line in lines]
    if command.name == "+CMGL" and personality.list_gap:
        return list(_spaced(lines, [""] * personality.list_gap))
    if command.name in _REGISTRATIONS:
        return [registered(personality, line) for line in lines]
    return lines


def _spaced(lines: Sequence[str], gap: Sequence[str]) -> Iterator[str]:
    """A listing with a gap behind each text, however many lines a text has."""
    for position, line in enumerate(lines):
        if position and line.startswith("+CMGL:"):
            yield from gap
        yield line
    if lines:
        yield from gap


def registered(personality: Personality, line: str) -> str:
    """`+CREG: …` with as much of the place as this maker tells."""
    form = _CELL_FORMS.get(personality.registration)
    return line if form is None else _CELL.sub(form, line)


def _usage(modem: SimulatedModem, line: str, *, named: bool) -> str:
    personality = modem.personality
    prefix, _, rest = line.partition(": ")
    fields = rest.split(",")
    width = 3 if named else 2
    places = [fields[at : at + width] for at in range(0, len(fields), width)]
    if personality.memories:
        places = places[: len(personality.memories)]
    if not named and personality.cpms_names:
        names = modem.settings.memories
        places = [[f'"{name}"', *place] for name, place in zip(names, places, strict=False)]
    comma = "," + personality.cpms_gap
    return f"{prefix}: " + comma.join(field for place in places for field in place)


def final(modem: SimulatedModem, error: AtError) -> str:
    """The final result code of a refusal, in this maker's words."""
    personality = modem.personality
    if error.family is Family.CMS and personality.cms_always is not None:
        error = cms(personality.cms_always)
    if modem.settings.cmee == 2 and (words := personality.words.get(error.final(1))):
        return f"{error.family}: {words}"
    return error.final(modem.settings.cmee)
