"""How fast PDUs are decoded and encoded, beside the codecs of the package index.

Usage: python -m bench.codec [--rounds 30] [--count 400] [--json | --markdown]

Decoding goes from a modem's hex to a value whose text has been read, encoding from number and
text to hex, through the public API of each library. All codecs take turns in each round, in one
process, over the same PDUs, with the garbage collector off as `timeit` has it; each goes over them
once untimed before, so that none pays for caches that another one left behind. *best* and
*median* are over the rounds, µs a PDU (encoding: µs a text, in however many parts). Ratios are
of the best rounds, against python-gsmmodem-new. *right* is the share of texts that came out as
they were; a codec that fails on a PDU of a category is left out of it.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import gsmmodem.pdu
from messaging.sms import SmsDeliver, SmsSubmit
from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table
from smspdudecoder.easy import read_incoming_sms

from bench import traffic
from bench.traffic import Received, Sent
from modemgw import pdu
from modemgw.pdu import Deliver, StatusReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OURS: Final = "modemgw"
RIVAL: Final = "python-gsmmodem-new"


Item = TypeVar("Item", Received, Sent)


@dataclass(frozen=True, slots=True)
class Category(Generic[Item]):
    """One row: the work, and what to reach (times as fast as the rival, or µs)."""

    name: str
    items: Sequence[Item]
    codecs: Mapping[str, Callable[[Item], object]]
    at_least_times: float | None = None
    at_most_us: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What one codec needs for one category, in µs a PDU or text."""

    work: str
    category: str
    codec: str
    best_us: float
    median_us: float
    right: float


def decode_ours(received: Received) -> str | int | None:
    tpdu = pdu.decode(received.hex)
    if type(tpdu) is Deliver:
        return tpdu.text
    return tpdu.st if type(tpdu) is StatusReport else None


def decode_gsmmodem(received: Received) -> object:
    fields = gsmmodem.pdu.decodeSmsPdu(received.hex)
    return fields["text"] if fields["type"] == "SMS-DELIVER" else fields["status"]


def decode_messaging(received: Received) -> object:
    sms = SmsDeliver(received.hex)
    return sms.text if sms.sr is None else sms.sr["status"]


def decode_smspdudecoder(received: Received) -> object:
    return read_incoming_sms(received.hex)["content"]


def rival_reads(received: Received) -> bool:
    """The rival makes something of it, right or wrong."""
    try:
        decode_gsmmodem(received)
    except Exception:
        return False
    return True


def encode_ours(sent: Sent) -> list[str]:
    return [frame.hex for frame in pdu.encode(sent.to, sent.text)]


def encode_gsmmodem(sent: Sent) -> list[str]:
    return [str(part) for part in gsmmodem.pdu.encodeSmsSubmitPdu(sent.to, sent.text)]


def encode_messaging(sent: Sent) -> list[str]:
    return [part.pdu for part in SmsSubmit(sent.to, sent.text).to_pdu()]


DECODERS: Final = {
    OURS: decode_ours,
    RIVAL: decode_gsmmodem,
    "python-messaging": decode_messaging,
    "smspdudecoder": decode_smspdudecoder,
}
ENCODERS: Final = {
    OURS: encode_ours,
    RIVAL: encode_gsmmodem,
    "python-messaging": encode_messaging,
}


def decoding(count: int) -> list[Category[Received]]:
    """What is decoded."""
    return [
        Category("short", traffic.received(traffic.short, count), DECODERS, 7.5),
        Category("160 GSM-7", traffic.received(traffic.full, count), DECODERS, 9.5),
        Category("3-part GSM-7", traffic.received(traffic.three_parts, count), DECODERS, 9),
        Category("70 UCS-2", traffic.received(traffic.ucs2, count), DECODERS, 9),
        Category("status report", traffic.received_reports(count), DECODERS, 11),
        Category("mix", traffic.received_mix(count), DECODERS, 8),
        Category("wild", [r for r in traffic.collected() if rival_reads(r)], DECODERS),
    ]


def encoding(count: int) -> list[Category[Sent]]:
    """What is encoded."""
    return [
        Category("short", traffic.sent(traffic.short, count), ENCODERS, 4.8),
        Category("160 GSM-7", traffic.sent(traffic.full, count), ENCODERS, 13),
        Category("3-part GSM-7", traffic.sent(traffic.three_parts, count), ENCODERS, 20),
        Category("70 UCS-2", traffic.sent(traffic.ucs2, count), ENCODERS, 4.2),
        Category("mix", traffic.sent(traffic.any_text, count), ENCODERS),
        Category(
            "10-part emoji",
            traffic.sent(traffic.ten_parts_with_emoji, count // 4),
            ENCODERS,
            at_most_us=100,
        ),
    ]


def text_of(parts: list[str]) -> str:
    """What SUBMITs say, joined: so we judge what was encoded."""
    texts = [pdu.as_dict(pdu.decode(part, to_network=True)).get("text") for part in parts]
    joined = "".join(str(text) for text in texts)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def came_out(codec: Callable[[Item], object], item: Item) -> bool:
    """The codec makes of `item` what it is."""
    result = codec(item)
    if isinstance(item, Received):
        return result == item.says
    return isinstance(result, list) and text_of(result) == item.text


def right_share(category: Category[Item], codec: Callable[[Item], object]) -> float | None:
    """How much comes out as it was, 0 to 1; None where the codec fails altogether."""
    try:
        right = sum(came_out(codec, item) for item in category.items)
    except Exception:
        return None
    return right / len(category.items)


def time_us(codec: Callable[[Item], object], items: Sequence[Item]) -> float:
    """One pass over `items`, µs for one of them."""
    begin = perf_counter()
    for item in items:
        codec(item)
    return (perf_counter() - begin) * 1e6 / len(items)


def measure(work: str, category: Category[Item], rounds: int) -> list[Figure]:
    """All codecs that can do it, in turn, `rounds` times."""
    shares = {name: right_share(category, codec) for name, codec in category.codecs.items()}
    able = {name: share for name, share in shares.items() if share is not None}
    times: dict[str, list[float]] = {name: [] for name in able}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, taken in times.items():
                time_us(category.codecs[name], category.items)  # or it pays for the one before
                taken.append(time_us(category.codecs[name], category.items))
    finally:
        gc.enable()
    return [
        Figure(work, category.name, name, min(taken), statistics.median(taken), able[name])
        for name, taken in times.items()
    ]


def show(
    work: str, categories: Sequence[Category[Any]], figures: list[Figure], *, markdown: bool
) -> Table:
    """A table: a row for a category, a column for a codec."""
    by_place = {(f.category, f.codec): f for f in figures if f.work == work}
    codecs = list(categories[0].codecs)
    table = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    table.add_column(f"{work}, µs: best / median (right)")
    for title in (*codecs, "times", "goal", "met"):
        table.add_column(title, justify="right")
    for category in categories:
        found = [by_place.get((category.name, codec)) for codec in codecs]
        table.add_row(category.name, *map(_cell, found), *_verdict(category, found[0], found[1]))
    return table


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    cell = f"{figure.best_us:.1f} / {figure.median_us:.1f}"
    return cell if figure.right == 1 else f"{cell} ({figure.right:.1%})"


def _verdict(
    category: Category[Any], ours: Figure | None, rival: Figure | None
) -> tuple[str, str, str]:
    """How many times as fast as the rival, the goal, and whether it is met."""
    if ours is None:
        return "", "", "NO"
    times = rival.best_us / ours.best_us if rival else 0.0
    ratio = f"{times:.1f}" if rival else ""
    if category.at_least_times is not None:
        met = times >= category.at_least_times
        return ratio, f"≥ {category.at_least_times:g}", "yes" if met else "NO"
    if category.at_most_us is not None:
        met = ours.best_us <= category.at_most_us
        return ratio, f"≤ {category.at_most_us:g} µs", "yes" if met else "NO"
    return ratio, "", ""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--count", type=int, default=400, help="PDUs or texts of a category")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    works: dict[str, Sequence[Category[Any]]] = {
        "decode": decoding(wanted.count),
        "encode": encoding(wanted.count),
    }
    figures = [
        figure
        for work, categories in works.items()
        for category in categories
        for figure in measure(work, category, wanted.rounds)
    ]
    if wanted.json:
        print(json.dumps([asdict(figure) for figure in figures]))
        return 0
    console = Console(width=150)
    console.print(f"Python {platform.python_version()}, {platform.machine()}")
    for work, categories in works.items():
        console.print(show(work, categories, figures, markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
