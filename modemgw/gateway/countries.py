"""The country of a number."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=10_000)
def country_of(number: str | None) -> str | None:
    """The ISO country of an E.164 number; None where it has none or there is no number."""
    if not number:
        return None
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
    return region if region and region != "001" else None
