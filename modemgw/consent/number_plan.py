"""Which part of a number decides what `phonenumbers` says about it.

Of a country's numbers only the first few digits and the length matter for its region, its type and
its time zones. Where that is certain for all numbers with a beginning (see `digits`), one answer
serves for all of them, and looking a new number up takes microseconds and not a hundred of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.tzdata import TIMEZONE_DATA

from modemgw.consent.digits import Machine, PatternError

if TYPE_CHECKING:
    from collections.abc import Iterator

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_CALLING_CODES: Final = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
_NO_COUNTRY: Final = "001"
_TYPES: Final = (
    "general_desc", "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager",
    "uan", "voicemail", "fixed_line", "mobile",
)  # fmt: skip
# Behind these digits the time zones may still depend on the next.
_FORKS: Final = frozenset(key[:size] for key in TIMEZONE_DATA for size in range(1, len(key)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Of a calling code: the patterns of all its regions, and what reading a number takes away in
    front, of those that have it.
    """

    machine: Machine
    trunk: re.Pattern[str] | None


def decisive_part(number: str) -> str:
    """The beginning of an E.164 number that decides, with the number's length; all of it where that
    is not known.
    """
    if _E164.fullmatch(number) is None:
        return number
    size = next((size for size in (1, 2, 3) if number[1 : 1 + size] in _CALLING_CODES), 0)
    plan = _plan_of(number[1 : 1 + size]) if size else None
    if plan is None:
        return number
    national = number[1 + size :]
    if plan.trunk is not None and (trunk := plan.trunk.match(national)) and trunk.end():
        return number
    known = size + plan.machine.decisive(national)
    while number[1 : 1 + known] in _FORKS and known < len(number):
        known += 1
    return number[: 1 + known]


@lru_cache(maxsize=len(_CALLING_CODES))
def _plan_of(calling_code: str) -> _Plan | None:
    """None where a pattern is of a kind that is not known here."""
    regions = list(_regions(int(calling_code)))
    try:
        machine = Machine(
            (pattern for region in regions for pattern in _patterns(region)),
            (region.leading_digits for region in regions if region.leading_digits),
        )
    except PatternError:
        return None
    trunk = regions[0].national_prefix_for_parsing if regions else None
    return _Plan(machine, re.compile(trunk) if trunk else None)


def _regions(calling_code: int) -> Iterator[PhoneMetadata]:
    for name in COUNTRY_CODE_TO_REGION_CODE[calling_code]:
        if name == _NO_COUNTRY:
            found = PhoneMetadata.metadata_for_nongeo_region(calling_code, None)
        else:
            found = PhoneMetadata.metadata_for_region(name, None)
        if found is not None:
            yield found


def _patterns(region: PhoneMetadata) -> Iterator[str]:
    for name in _TYPES:
        kind = getattr(region, name)
        if kind is not None and kind.national_number_pattern:
            yield kind.national_number_pattern
