"""Made-up traffic for the codec: texts, and the PDUs that they are to a phone.

All of it comes from fixed seeds, so that every run measures the same. Numbers, texts and times are
different in every PDU, as they are in life: a cache of what came before helps nobody here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from modemgw import pdu

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS: Final = Path(__file__).parent.parent / "tests" / "data" / "pdu-decode.jsonl"
GSM_7: Final = (
    "your appointment is tomorrow at ten please call us back the parcel has left our depot and "
    "comes between noon and three reply STOP to end these texts code for signing in thank you "
    "see you at home train is late again déjà für niño 24 7.50 £5 100% ok! (really?)"
)
EXTENSION_WORDS: Final = ("€20", "[new]", "{id}", "~ten")
CYRILLIC: Final = "ваш заказ готов ждём вас завтра с десяти до шести спасибо позвоните нам"
EMOJI: Final = "😀🎉👍🏽❤️🚚"
SERVICE_CENTRES: Final = ("+31653131313", "+447785016005", "+4915112345678")
ZONES: Final = tuple(timezone(timedelta(minutes=15 * quarters)) for quarters in range(-20, 41, 4))
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Received:
    """A PDU from the network in hex, with service centre. A text `says` itself, a report TP-ST."""

    hex: str
    says: str | int


@dataclass(frozen=True, slots=True)
class Sent:
    """A text on its way out."""

    to: str
    text: str


def short(chance: Random) -> str:
    """One to eight words of GSM-7; every tenth has a character of the extension table."""
    words = chance.choices(GSM_7.split(), k=chance.randint(1, 8))
    if chance.random() < 0.1:
        words.append(chance.choice(EXTENSION_WORDS))
    return " ".join(words)


def full(chance: Random) -> str:
    """160 septets of GSM-7."""
    return _of_length(chance, GSM_7, 160)


def three_parts(chance: Random) -> str:
    """GSM-7 that needs three parts."""
    return _of_length(chance, GSM_7, chance.randint(320, 459))


def ucs2(chance: Random) -> str:
    """70 UCS-2 characters."""
    return _of_length(chance, CYRILLIC, 70)


def ten_parts_with_emoji(chance: Random) -> str:
    """UCS-2 that needs ten parts, every fifth word an emoji."""
    text = ""
    while len(text) < 600:
        word = chance.choice(EMOJI) if chance.random() < 0.2 else chance.choice(CYRILLIC.split())
        text += word + " "
    return text[:600]


def any_text(chance: Random) -> str:
    """What an ordinary day brings: six in ten are short."""
    kinds: tuple[Callable[[Random], str], ...] = (short, full, three_parts, ucs2)
    return chance.choices(kinds, (6, 1, 1, 2))[0](chance)


def _of_length(chance: Random, words: str, length: int) -> str:
    """Some of `words`, up to exactly `length` characters."""
    text = " ".join(chance.choices(words.split(), k=length // 3))
    return (text + "." * length)[:length]


def number(chance: Random) -> str:
    """An international number of ten to thirteen digits."""
    return "+" + str(chance.randint(10**9, 10**13 - 1))


def when(chance: Random) -> datetime:
    """A second of the year 2026, in some zone."""
    return (EPOCH + timedelta(seconds=chance.randrange(YEAR_S))).astimezone(chance.choice(ZONES))


def delivers(chance: Random, make: Callable[[Random], str]) -> list[Received]:
    """The DELIVERs of one text, a part each."""
    text = make(chance)
    frames = pdu.encode_deliver(
        number(chance),
        text,
        scts=when(chance),
        smsc=chance.choice(SERVICE_CENTRES),
        ref=chance.randrange(256),
    )
    parts = pdu.segment(text).parts
    return [Received(frame.hex, part) for frame, part in zip(frames, parts, strict=True)]


def status_report(chance: Random) -> Received:
    """A STATUS-REPORT, delivered more often than not."""
    accepted = when(chance)
    status = chance.choice((0, 0, 0, 0x30, 0x41, 0x46))
    frame = pdu.encode_status_report(
        chance.randrange(256),
        number(chance),
        scts=accepted,
        discharge=accepted + timedelta(seconds=chance.randint(1, 3600)),
        st=status,
        smsc=chance.choice(SERVICE_CENTRES),
    )
    return Received(frame.hex, status)


def received(make: Callable[[Random], str], count: int) -> list[Received]:
    """`count` DELIVERs of such texts."""
    chance = Random(make.__name__)
    parts: list[Received] = []
    while len(parts) < count:
        parts += delivers(chance, make)
    return parts[:count]


def received_reports(count: int) -> list[Received]:
    """`count` status reports."""
    chance = Random("reports")
    return [status_report(chance) for _ in range(count)]


def received_mix(count: int) -> list[Received]:
    """An ordinary day: texts of all kinds, and every fourth PDU a status report."""
    chance = Random("mix")
    mixed: list[Received] = []
    while len(mixed) < count:
        mixed += [status_report(chance)] if chance.random() < 0.25 else delivers(chance, any_text)
    return mixed[:count]


def collected() -> list[Received]:
    """Texts and reports that others met in the wild, from the test vectors."""
    says = {"deliver": "text", "status-report": "st"}
    with VECTORS.open(encoding="ascii") as lines:
        vectors = [json.loads(line) for line in lines]
    return [
        Received(vector["pdu"], expect[says[expect["type"]]])
        for vector in vectors
        if vector["category"] == "wild" and vector["sca_included"] and "malformed" not in vector
        if says.get((expect := vector["expect"])["type"]) in expect
    ]


def sent(make: Callable[[Random], str], count: int) -> list[Sent]:
    """`count` such texts with recipients."""
    chance = Random(make.__name__)
    return [Sent(number(chance), make(chance)) for _ in range(count)]
