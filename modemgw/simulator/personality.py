"""Vendor personalities: what differs between makers, as data in `personalities/*.toml`.

They are written from documents and transcripts, each with its source, and know nothing of what the
driver's profiles say.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = Path(__file__).parent / "personalities"
DEFAULT_PROFILES: Final = ("quectel-ec25", "simcom-sim7600", "huawei-e3372", "telit-le910")


class PersonalityError(ValueError):
    """A file that describes no personality."""


@dataclass(frozen=True, slots=True)
class Personality:
    """One maker's flavour. What a file leaves out is as the standards have it.

    A *command* is written as behind `AT`, in capitals but for its arguments: `+CNMI=?`, `I9`.
    In answers {imei}, {maker}, {model} and {revision} are filled in, {iccid} in `iccid`,
    {rssi} in `chatter`, {storage} in `full`.
    """

    name: str
    maker: str
    model: str
    revision: str
    sources: tuple[str, ...] = ()

    # Who it is.
    iccid: Mapping[str, str] = field(default_factory=dict)  # command → its line
    command_list: str = "lines"  # of +CLAC: `lines`, `line` (all in one) or `none`
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # command → other lines

    # How it says no.
    unknown: str = "ERROR"
    refuses: tuple[str, ...] = ()  # commands, or names for all their forms, that are unknown
    words: Mapping[str, str] = field(default_factory=dict)  # `+CME ERROR: 10` → under +CMEE=2
    cms_always: int | None = None  # what it says for every +CMS ERROR
    unfinished: tuple[str, ...] = ()  # commands whose final OK never comes

    # How it begins, and what it says by itself.
    echo: bool = True
    banner: tuple[str, ...] = ("RDY", "+CFUN: 1", "+CPIN: READY", "SMS Ready")
    settled: tuple[str, ...] = ()  # printed `settle_s` after the banner
    settle_s: float = 0.0  # commands about texts fail so long with `settling`
    settling: int = 314
    chatter: tuple[str, ...] = ()  # now and then
    hush: str = ""  # name of the command that ends the chatter by =0
    hushed_by: str = ""  # a command that does so on the side
    full: str = ""  # a text finds no room

    # Texts.
    prompt: str = "\r\n> "
    me_capacity: int = 100
    sm_capacity: int = 30
    first_index: int = 1
    memories: tuple[tuple[str, ...], ...] = ()  # what each place of +CPMS takes; empty: any
    default_memories: tuple[str, ...] = ("ME", "ME", "ME")
    whole_cpms: bool = False  # +CPMS takes nothing but all its places
    cpms_names: bool = False  # the answer to a choice names them again
    cpms_gap: str = ""  # behind each comma of +CPMS's answers
    cnmi: tuple[str, ...] = ()  # what each place of +CNMI takes, as in the test answer
    default_cnmi: tuple[int, ...] = (0, 0, 0, 0, 0)
    refused_ds: tuple[int, ...] = ()  # <ds> that is offered, and refused
    list_gap: int = 0  # empty lines behind each text of +CMGL
    charsets: tuple[str, ...] = ()  # of +CSCS; empty: those of 27.007
    default_charset: str = "GSM"

    # The rest.
    registration: str = "full"  # of +CREG: 2 `full`, `no_technology`, `unquoted` or `no_cell`
    packs_ussd: bool = False  # strings are the hex of packed septets

    @property
    def keeps_reports_apart(self) -> bool:
        """Whether status reports have a storage of their own."""
        return bool(self.memories) and "SR" in self.memories[0]


_CHOICES: Final = {
    "command_list": ("lines", "line", "none"),
    "registration": ("full", "no_technology", "unquoted", "no_cell"),
}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return value


def _read(path: Path, found: dict[str, Personality]) -> Personality:
    given = _frozen(tomllib.loads(path.read_text(encoding="utf-8")))
    base = given.pop("like", None)
    known = {one.name for one in fields(Personality)} - {"name"}
    if unknown := sorted(set(given) - known):
        raise PersonalityError(f"{path.name}: there is no {', '.join(unknown)}")
    for name, choices in _CHOICES.items():
        if given.get(name, choices[0]) not in choices:
            raise PersonalityError(f"{path.name}: {name} is one of {', '.join(choices)}")
    try:
        if base is None:
            return Personality(name=path.stem, **given)
        like = found[base] if base in found else _read(path.with_stem(base), found)
        answers = {**like.answers, **given.pop("answers", {})}
        return replace(like, name=path.stem, answers=answers, **given)
    except (TypeError, OSError, RecursionError) as problem:
        raise PersonalityError(f"{path.name}: {problem}") from None


def load(folder: Path = _FOLDER) -> dict[str, Personality]:
    """All of a folder, by name; a file may begin from the values of another one, named by `like`.

    Raises PersonalityError.
    """
    found: dict[str, Personality] = {}
    for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem):
        found[path.stem] = _read(path, found)
    return found


PERSONALITIES: Final[Mapping[str, Personality]] = load()
