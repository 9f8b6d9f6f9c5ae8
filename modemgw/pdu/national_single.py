"""The default extension table and the national single-shift tables (23.038 §6.2.1.1, annex A.2).

Each table is written as runs: a first code, and the characters that stand there and behind it.
"""

from __future__ import annotations

from typing import Final


def _table(*runs: tuple[int, str]) -> dict[int, str]:
    return {first + i: c for first, characters in runs for i, c in enumerate(characters)}


_DEFAULT: Final = _table(
    (0x0A, "\f"),
    (0x14, "^"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|"),
    (0x65, "€"),
)

_TURKISH: Final = _table(
    (0x0A, "\f"),
    (0x14, "^"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|"),
    (0x47, "Ğ"),
    (0x49, "İ"),
    (0x53, "Ş"),
    (0x63, "ç"),
    (0x65, "€"),
    (0x67, "ğ"),
    (0x69, "ı"),
    (0x73, "ş"),
)

_SPANISH: Final = _table(
    (0x09, "ç\f"),
    (0x14, "^"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|Á"),
    (0x49, "Í"),
    (0x4F, "Ó"),
    (0x55, "Ú"),
    (0x61, "á"),
    (0x65, "€"),
    (0x69, "í"),
    (0x6F, "ó"),
    (0x75, "ú"),
)

_PORTUGUESE: Final = _table(
    (0x05, "ê"),
    (0x09, "ç\fÔô"),
    (0x0E, "Áá"),
    (0x12, "ΦΓ^ΩΠΨΣΘ"),
    (0x1F, "Ê"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|À"),
    (0x49, "Í"),
    (0x4F, "Ó"),
    (0x55, "Ú"),
    (0x5B, "ÃÕ"),
    (0x61, "Â"),
    (0x65, "€"),
    (0x69, "í"),
    (0x6F, "ó"),
    (0x75, "ú"),
    (0x7B, "ãõ"),
    (0x7F, "â"),
)

_BENGALI: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u09e6"),
    (0x1A, "\u09e7"),
    (0x1C, "\u09e8\u09e9\u09ea\u09eb\u09ec\u09ed\u09ee\u09ef\u09df\u09e0\u09e1\u09e2"),
    (0x28, "{}\u09e3\u09f2\u09f3\u09f4\u09f5\\\u09f6\u09f7\u09f8\u09f9"),
    (0x34, "\u09fa"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_GUJARATI: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0ae6\u0ae7\u0ae8\u0ae9\u0aea\u0aeb\u0aec\u0aed\u0aee\u0aef"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_HINDI: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0966\u0967\u0968\u0969\u096a\u096b\u096c\u096d\u096e\u096f\u0951\u0952"),
    (0x28, "{}\u0953\u0954\u0958\u0959\u095a\\\u095b\u095c\u095d\u095e"),
    (0x34, "\u095f\u0960\u0961\u0962\u0963\u0970\u0971"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_KANNADA: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0ce6\u0ce7\u0ce8\u0ce9\u0cea\u0ceb\u0cec\u0ced\u0cee\u0cef\u0cde\u0cf1"),
    (0x28, "{}\u0cf2"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_MALAYALAM: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0d66\u0d67\u0d68\u0d69\u0d6a\u0d6b\u0d6c\u0d6d\u0d6e\u0d6f\u0d70\u0d71"),
    (0x28, "{}\u0d72\u0d73\u0d74\u0d75\u0d7a\\\u0d7b\u0d7c\u0d7d\u0d7e"),
    (0x34, "\u0d7f"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_ORIYA: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0b66\u0b67\u0b68\u0b69\u0b6a\u0b6b\u0b6c\u0b6d\u0b6e\u0b6f\u0b5c\u0b5d"),
    (0x28, "{}\u0b5f\u0b70\u0b71"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_PUNJABI: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0a66\u0a67\u0a68\u0a69\u0a6a\u0a6b\u0a6c\u0a6d\u0a6e\u0a6f\u0a59\u0a5a"),
    (0x28, "{}\u0a5b\u0a5c\u0a5e\u0a75"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_TAMIL: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0964"),
    (0x1A, "\u0965"),
    (0x1C, "\u0be6\u0be7\u0be8\u0be9\u0bea\u0beb\u0bec\u0bed\u0bee\u0bef\u0bf3\u0bf4"),
    (0x28, "{}\u0bf5\u0bf6\u0bf7\u0bf8\u0bfa\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_TELUGU: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*"),
    (0x1C, "\u0c66\u0c67\u0c68\u0c69\u0c6a\u0c6b\u0c6c\u0c6d\u0c6e\u0c6f\u0c58\u0c59"),
    (0x28, "{}\u0c78\u0c79\u0c7a\u0c7b\u0c7c\\\u0c7d\u0c7e\u0c7f"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

_URDU: Final = _table(
    (0x00, "@£$¥¿\"¤%&'\f*"),
    (0x0C, "+"),
    (0x0E, "-/<=>¡^¡_#*\u0600"),
    (0x1A, "\u0601"),
    (0x1C, "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u060d"),
    (0x28, "{}\u060e\u060f\u0610\u0611\u0612\\\u0613\u0614\u061b\u061f"),
    (0x34, "\u0640\u0652\u0658\u066b\u066c\u0672\u0673\u06cd[~]\u06d4"),
    (0x40, "|ABCDEFGHIJK"),
    (0x4C, "LMNOPQRSTUVW"),
    (0x58, "XYZ"),
    (0x65, "€"),
)

#: By national language identifier (23.038 §6.2.1.2.4); 0 is the default extension.
SINGLE: Final = {
    0: _DEFAULT,
    1: _TURKISH,
    2: _SPANISH,
    3: _PORTUGUESE,
    4: _BENGALI,
    5: _GUJARATI,
    6: _HINDI,
    7: _KANNADA,
    8: _MALAYALAM,
    9: _ORIYA,
    10: _PUNJABI,
    11: _TAMIL,
    12: _TELUGU,
    13: _URDU,
}
