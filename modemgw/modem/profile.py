"""What differs between makers, as data: one file of `profiles/` for each family.

A profile says how it is recognised, what to send after the common initialisation, how the ICCID
and the tries left to the PIN are read, where reports go and how the modem is reset. Every command
in it is optional to the modem: an error answer is noted and passed over.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from modemgw.modem.errors import ModemError

GENERIC: Final = "generic"
_ICCID_COMMANDS: Final = ("+CCID", "+ICCID", "+QCCID", "^ICCID?", "#CCID", "+CRSM")

_PIN_TRIES_COMMANDS: Final = (
    '+CPINR="SIM PIN"',
    '+QPINC="SC"',
    "+SPIC",
    "#PCT",
    "+UPINCNT",
    "^SPIC",
    "^CPIN?",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A family of modems.

    `maker` and `model` are patterns (case does not count) that the answers to `+CGMI` and
    `+CGMM` contain. `iccid` and `pin_tries` are commands to ask, until one answers. `storages` are
    in order of preference. `stored_reports`: the modem is asked to store reports first (27.005
    §3.4.1 `<ds>` 2). `settle_s` is how long it rests after its PIN.
    """

    name: str
    maker: str = ""
    model: str = ""
    init: tuple[str, ...] = ()
    iccid: tuple[str, ...] = _ICCID_COMMANDS
    pin_tries: tuple[str, ...] = _PIN_TRIES_COMMANDS
    storages: tuple[str, ...] = ("ME", "MT", "SM")
    stored_reports: bool = True
    reset: str = "AT+CFUN=1,1"
    settle_s: float = 1.0
    submit_s: float | None = None

    def matches(self, maker: str, model: str) -> bool:
        """Whether a modem that calls itself so belongs to this family."""
        if not (self.maker or self.model):
            return False
        return _contains(self.maker, maker) and _contains(self.model, model)


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name, the more particular ones first."""
    folder = resources.files("modemgw.modem") / "profiles"
    loaded = [
        _load(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    loaded.sort(key=lambda profile: (not profile.model, not profile.maker, profile.name))
    return {profile.name: profile for profile in loaded}


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises ModemError, naming those that there are."""
    try:
        return profiles()[name]
    except KeyError:
        raise ModemError(f"no profile {name!r}; there are {', '.join(profiles())}") from None


def profile_for(maker: str, model: str) -> Profile:
    """The profile of a modem that calls itself so; the generic one where none fits."""
    for profile in profiles().values():
        if profile.matches(maker, model):
            return profile
    return profile_named(GENERIC)


def _contains(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _load(name: str, text: str) -> Profile:
    values = tomllib.loads(text)
    for key in ("init", "iccid", "pin_tries", "storages"):
        if key in values:
            values[key] = tuple(values[key])
    return Profile(name=name, **values)
