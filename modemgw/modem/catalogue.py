"""All profiles: those that come with us and those of an operator's own folder."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from modemgw.modem import profile_file
from modemgw.modem.errors import ProfileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from modemgw.modem.profile import Profile

GENERIC: Final = "generic"
_DEPTH_LIMIT: Final = 4


class Catalogue:
    """Profiles by name and by what a modem says of itself; iterates in the order of matching."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        """`profiles` in the order in which they are tried; the generic one must be among them."""
        self._profiles = {profile.name: profile for profile in profiles}

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._profiles.values())

    @property
    def generic(self) -> Profile:
        """The profile of a modem that is none of the others."""
        return self._profiles[GENERIC]

    def named(self, name: str) -> Profile:
        """The profile of that name. Raises ProfileError, naming those that there are."""
        try:
            return self._profiles[name]
        except KeyError:
            names = ", ".join(sorted(self._profiles))
            raise ProfileError(f"no profile {name!r}; there are {names}") from None

    def of(self, maker: str, model: str, usb: str | None = None) -> Profile:
        """The profile of a modem that calls itself so; the generic one where none fits.

        Some give another maker's name, or none. Those are told by `usb`, their `VENDOR:PRODUCT`.
        """
        for profile in self:
            if profile.matches(maker, model):
                return profile
        if usb is not None:
            for profile in self:
                if profile.has_usb_id(usb.lower()):
                    return profile
        return self.generic


@cache
def shipped() -> Catalogue:
    """The profiles that come with us."""
    return load(None)


def load(folder: Path | None) -> Catalogue:
    """Our profiles, and those of a folder, which are tried first and replace ours by name.

    Raises ProfileError.
    """
    ours = _files(resources.files("modemgw.modem") / "profiles")
    theirs = {} if folder is None else _files(folder)
    shelf = _Shelf(ours | theirs)
    profiles = [shelf.profile(name) for name in ours | theirs]
    # The more particular first: what extends another, then what looks at the model at all.
    profiles.sort(
        key=lambda profile: (
            profile.name not in theirs,
            -len(shelf.line(profile.name)),
            not profile.model,
            profile.name,
        )
    )
    return Catalogue(profiles)


def _files(folder: Traversable) -> dict[str, Traversable]:
    try:
        found = sorted(folder.iterdir(), key=lambda file: file.name)
    except OSError as error:
        raise ProfileError(f"{folder}: cannot be read: {error.strerror}") from None
    suffix = profile_file.SUFFIX
    return {file.name.removesuffix(suffix): file for file in found if file.name.endswith(suffix)}


class _Shelf:
    """Files of profiles, and what follows from which extends which."""

    def __init__(self, files: dict[str, Traversable]) -> None:
        self._files = files
        self._own = {name: profile_file.read(file) for name, file in files.items()}

    def line(self, name: str) -> list[str]:
        """A profile and those that it takes over from, the nearest first. Raises ProfileError."""
        line = [name]
        while parent := self._own[line[-1]].get("extends"):
            if not isinstance(parent, str) or parent not in self._own:
                names = ", ".join(sorted(self._own))
                raise ProfileError(
                    f"{self._files[line[-1]]}: extends: no profile {parent!r}; there are {names}"
                )
            if parent in line or len(line) == _DEPTH_LIMIT:
                raise ProfileError(
                    f"{self._files[name]}: extends: {' extends '.join((*line, parent))}: "
                    f"a circle, or more than {_DEPTH_LIMIT} in a row"
                )
            line.append(parent)
        return line

    def profile(self, name: str) -> Profile:
        """The profile, with what it takes over. Raises ProfileError."""
        values: dict[str, Any] = {}
        for ancestor in reversed(self.line(name)):
            values = profile_file.with_parent(self._own[ancestor], values)
        return profile_file.build(self._files[name], name, values)
