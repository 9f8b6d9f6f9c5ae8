"""The languages that have tables of their own (23.038 §6.2.1.2.4)."""

from __future__ import annotations

from typing import Final

from modemgw.pdu.errors import PduError
from modemgw.pdu.value import value


@value
class Language:
    """A language: its `code` by ISO 639-1, and its English `name`."""

    code: str
    name: str


#: By national language identifier.
LANGUAGES: Final = {
    1: Language("tr", "Turkish"),
    2: Language("es", "Spanish"),
    3: Language("pt", "Portuguese"),
    4: Language("bn", "Bengali"),
    5: Language("gu", "Gujarati"),
    6: Language("hi", "Hindi"),
    7: Language("kn", "Kannada"),
    8: Language("ml", "Malayalam"),
    9: Language("or", "Oriya"),
    10: Language("pa", "Punjabi"),
    11: Language("ta", "Tamil"),
    12: Language("te", "Telugu"),
    13: Language("ur", "Urdu"),
}

_IDENTIFIERS: Final = {language.code: identifier for identifier, language in LANGUAGES.items()}


def language_identifier(code: str) -> int:
    """The national language identifier for a code by ISO 639-1, in either case.

    Raises PduError for a language that has no tables.
    """
    identifier = _IDENTIFIERS.get(code.strip().lower())
    if identifier is None:
        raise PduError(
            f"no national tables for {code[:40]!r} (there are {', '.join(_IDENTIFIERS)})",
            field="allowed",
            clause="23.038 §6.2.1.2.4",
        )
    return identifier
