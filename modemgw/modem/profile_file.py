"""Reading a profile's file: TOML, strictly, with errors that name file, key and what is allowed."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from modemgw.modem.errors import ProfileError
from modemgw.modem.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

SUFFIX: Final = ".toml"
_SIZE_LIMIT: Final = 65_536
_KEYS: Final = frozenset(field.name for field in fields(Profile)) - {"name"}
_ITS_OWN: Final = frozenset({"about", "models", "extends", "usb", "quirks"})
_PROFILE: Final = TypeAdapter(Profile)


def read(file: Traversable) -> dict[str, Any]:
    """The keys of a file, not yet judged. Raises ProfileError."""
    try:
        with file.open("rb") as stream:
            content = stream.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise ProfileError(f"{file}: cannot be read: {error.strerror}") from None
    if len(content) > _SIZE_LIMIT:
        raise ProfileError(f"{file}: is larger than {_SIZE_LIMIT} octets")
    try:
        values = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{file}: is no TOML: {error}") from None
    for key in values.keys() - _KEYS:
        keys = ", ".join(sorted(_KEYS))
        raise ProfileError(f"{file}: {key}: there is no such key; there are {keys}")
    return values


def with_parent(values: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    """A profile's keys with those of the one that it extends, where it has none of its own."""
    return {key: parent[key] for key in parent.keys() - _ITS_OWN} | dict(values)


def build(file: Traversable, name: str, values: Mapping[str, Any]) -> Profile:
    """The profile that these keys make. Raises ProfileError that names each wrong one."""
    # As JSON, because strict reading of Python values would refuse a list for a tuple and a word
    # for a member of an enumeration. Dates, which JSON lacks, become words that no key takes.
    text = json.dumps({"name": name, **values}, default=str)
    try:
        return _PROFILE.validate_json(text)
    except ValidationError as error:
        raise ProfileError("\n  ".join(_in_words(file, error))) from None


def _in_words(file: Traversable, error: ValidationError) -> list[str]:
    faults = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(step) for step in fault["loc"])
        words = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "unexpected_keyword_argument":
            words = "there is no such key"
        faults.append(f"{file}: {where}: {words}")
    return faults
