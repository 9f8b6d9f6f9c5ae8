"""What codec and dialogue promise of any octets; an assertion that fails, or any exception, is a
finding.

Only PduError may come out of the codec, only AtError out of the parses of answers and nothing at
all out of a dialogue that is told what came.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, TypeVar

from modemgw import pdu
from modemgw.at import commands, events
from modemgw.at.dialogue import MAX_ANSWER_CHARACTERS, Dialogue, Response
from modemgw.at.errors import AtError
from modemgw.at.grammar import keys_of
from modemgw.at.parameters import prefix_of
from modemgw.pdu import python_codec
from modemgw.pdu.alphabet import text_of
from modemgw.pdu.broadcast_coding import BROADCAST_CODINGS
from modemgw.pdu.dissect import dissect
from tests.at.driving import clean_dialogue
from tests.at.page import named

from . import seeds
from .choices import Choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

WHEN = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
MOST_OPEN = 8
COMMANDS = tuple(command for _, command in named())


@dataclass(frozen=True, slots=True)
class Target:
    """A function that takes any octets, and what it begins with."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def unless_refused(make: Callable[[], T]) -> T | None:
    """What `make` makes, None where that is a PduError."""
    try:
        return make()
    except pdu.PduError as error:
        check_refusal(error)
        return None


def check_refusal(error: pdu.PduError) -> None:
    """It has words, and a place or none."""
    assert error.message
    assert error.at is None or error.at >= 0


def decoding(octets: bytes) -> None:
    """Any PDU is a value that comes back, or refused; lenience gives what strictness gives."""
    choices = Choices(octets)
    sca, to_network = choices.flag(), choices.flag()
    said = choices.rest().hex()
    strict = unless_refused(lambda: pdu.decode(said, sca=sca, to_network=to_network))
    lenient = unless_refused(lambda: pdu.decode(said, sca=sca, to_network=to_network, lenient=True))
    fields = dissect(said, sca=sca, to_network=to_network)
    assert b"".join(field.octets for field in fields).hex() == said
    if lenient is None:
        assert strict is None
        return
    plain = pdu.as_dict(lenient)
    json.dumps(plain)
    if strict is None:
        assert "defects" in plain
        return
    assert strict == lenient
    assert hash(strict) == hash(lenient)
    frame = pdu.frame(strict)
    assert pdu.frame(pdu.decode(frame.hex, to_network=to_network)) == frame
    if isinstance(strict, pdu.Deliver | pdu.Submit):
        pdu.read_elements(strict.udh)
        unless_refused(lambda: pdu.content_of(strict.ports, strict.data))


def strings(octets: bytes) -> None:
    """Any string at all is read, or refused."""
    said = octets.decode("utf-8", "surrogateescape")
    unless_refused(lambda: pdu.decode(said))
    unless_refused(lambda: pdu.decode_broadcast(said))
    dissect(said)
    septets, _ = python_codec.encode(said, "ignore")
    assert python_codec.encode(python_codec.decode(septets)[0])[0] == septets
    python_codec.decode(octets, "replace")


def meaning(octets: bytes) -> None:
    """Any data means something to an application, or is refused; elements are never refused."""
    choices = Choices(octets)
    iei, port = choices.octet(), choices.one_of(*seeds.PORTS)
    data = choices.rest()
    typed = pdu.typed_element(pdu.Element(iei, data))
    assert pdu.read_elements([pdu.Element(iei, data)]) == (typed,)
    unless_refused(lambda: pdu.content_of(pdu.Ports(port, 0), data))


def broadcast_and_ussd(octets: bytes) -> None:
    """Any page and any USSD string is read, or refused; what can be written comes back."""
    choices = Choices(octets)
    dcs = choices.octet()
    data = choices.rest()
    page = unless_refused(lambda: pdu.decode_broadcast(data.hex()))
    if page is not None and page.pages == 1:
        assert pdu.join_pages([page]) == (page.text or "")
    ussd = unless_refused(lambda: pdu.decode_ussd(data, dcs=dcs))
    if ussd is None or not ussd.text or BROADCAST_CODINGS[dcs].alphabet is not pdu.Alphabet.GSM7:
        return
    text = ussd.text
    packed = unless_refused(lambda: pdu.encode_ussd(text, dcs=dcs))
    if packed is not None and not text.endswith("\r"):
        assert pdu.decode_ussd(packed, dcs=dcs).text == text


def sending(octets: bytes) -> None:
    """Any text with any options is refused, or cut into parts that say it and fit."""
    choices = Choices(octets)
    ref_bits = choices.one_of(8, 16, 7)
    encoding = choices.one_of("auto", "gsm7", "ucs2", "8bit")
    national = choices.one_of(None, pdu.National(choices.octet() % 15, choices.octet() % 15))
    allowed = tuple(choices.taken(choices.octet() % 4))
    cut = choices.one_of("character", "grapheme", "word")
    ports = choices.one_of(None, pdu.Ports(2948, 9200), pdu.Ports(226, 227, 8), pdu.Ports(-1, 0))
    text = _text(choices)
    frames = unless_refused(
        lambda: pdu.encode(
            "+31612345678",
            text,
            ref_bits=ref_bits,
            encoding=encoding,
            national=national,
            allowed=allowed,
            cut=cut,
            ports=ports,
        )
    )
    shown = unless_refused(
        lambda: pdu.segment(
            text,
            ref_bits=ref_bits,
            encoding=encoding,
            national=national,
            allowed=allowed,
            cut=cut,
            reserved=0 if ports is None else 4 if ports.bits == 8 else 6,
        )
    )
    if frames is None:
        assert shown is None or (ports is not None and ports.dst < 0)
        return
    assert shown is not None
    said = []
    for frame in frames:
        submit = pdu.decode(frame.hex, to_network=True)
        assert isinstance(submit, pdu.Submit)
        assert frame.length <= 1 + 1 + 12 + 1 + 1 + 1 + 140
        assert pdu.frame(submit).hex == frame.hex
        said.append(submit.text)
    assert tuple(said) == shown.parts
    assert "".join(shown.parts) == text


def round_trip(octets: bytes) -> None:
    """Any text in parts, shuffled and repeated, is joined to itself, once."""
    choices = Choices(octets)
    chance = Random(choices.octet())
    ref_bits = choices.one_of(8, 16)
    cut = choices.one_of("character", "grapheme", "word")
    text = _text(choices)
    frames = unless_refused(
        lambda: pdu.encode_deliver("Bank", text, scts=WHEN, ref=7, ref_bits=ref_bits, cut=cut)
    )
    if frames is None:
        return
    again = frames if len(frames) > 1 else []  # a single text that is repeated is another text
    parts = frames + chance.choices(again, k=min(len(again), 3))
    chance.shuffle(parts)
    reassembler = pdu.Reassembler(window_s=60)
    joined = []
    for now, frame in enumerate(parts):
        deliver = pdu.decode(frame.hex)
        assert isinstance(deliver, pdu.Deliver)
        message = reassembler.add("line", deliver, now=now / len(parts))
        joined += [message] if message is not None else []
    assert [message.text for message in joined] == [text]
    assert len(reassembler) == 0


def reassembling(octets: bytes) -> None:
    """Whatever parts come in, the machine stays within its bounds and gives out only messages."""
    choices = Choices(octets)
    reassembler = pdu.Reassembler(window_s=100, max_open=MOST_OPEN, max_per_sender=3)
    now = 0.0
    while choices:
        now += choices.octet() & 0x3F
        part = choices.taken(choices.octet()).hex()
        with suppress(pdu.PduError):
            deliver = pdu.decode(part, sca=False, lenient=True)
            if isinstance(deliver, pdu.Deliver):
                joined = reassembler.add("line", deliver, now=now)
                assert joined is None or joined.complete
        assert len(reassembler) <= MOST_OPEN
        if choices.flag():
            for message in reassembler.expire(now, 50):
                assert message.missing
                assert len(message.missing) + len(message.tokens) == message.total
    reassembler.expire(now + 101, 0)
    assert len(reassembler) == 0


def dialogue(octets: bytes) -> None:
    """Any octets mean the same however they are cut, and only the pending command is answered."""
    choices = Choices(octets)
    command = choices.one_of(*COMMANDS)
    dirty, sent = choices.flag(), choices.flag()
    first_cut, step = choices.octet(), choices.octet() + 1
    stream = choices.rest()
    found = []
    for pieces in (
        [stream],
        [stream[at : at + 1] for at in range(len(stream))],
        [stream[:first_cut], *(stream[at:][:step] for at in range(first_cut, len(stream), step))],
    ):
        machine = Dialogue() if dirty else clean_dialogue()
        if command.marker is dirty:
            machine.begin(command)
            if command.expects_prompt and sent:
                machine.receive(b"> ")
                machine.payload("00")
        told = [event for piece in pieces for event in machine.receive(piece)]
        found.append((told, machine.state, machine.dropped))
    assert found[0] == found[1] == found[2]
    responses = [event for event in found[0][0] if isinstance(event, Response)]
    assert len(responses) <= 1
    for response in responses:
        assert response.command is command
        assert response.final.kind in command.answer.finals
        assert sum(map(len, response.lines)) <= MAX_ANSWER_CHARACTERS
        with suppress(AtError):
            command.parse(response.lines)


def answers(octets: bytes) -> None:
    """Any lines are an answer's value, or refused; any announcement is told."""
    choices = Choices(octets)
    command = choices.one_of(*COMMANDS)
    lines = tuple(choices.rest().decode("latin-1").split("\n"))
    with suppress(AtError):
        command.parse(lines)
    for line in lines:
        command.answer.claims(line, prefix_of(line))
        with suppress(AtError):
            keys_of(line)
    events.told(lines)
    with suppress(AtError):
        assert commands.plain(lines[0]).text == lines[0]


def _text(choices: Choices) -> str:
    """A text, dense in what the tables have or in what Unicode has."""
    kind, locking, single = choices.octet() % 4, choices.octet() % 14, choices.octet() % 14
    octets = choices.rest()
    if kind == 0:
        return text_of(bytes(octet & 0x7F for octet in octets), locking, single)
    if kind == 1:
        return octets[: len(octets) & ~1].decode("utf-16-be", "surrogatepass")
    return octets.decode("utf-8", "replace") * (1 if kind == 2 else 1 + locking)


TARGETS = (
    Target("decoding", decoding, seeds.pdus),
    Target("strings", strings, seeds.strings),
    Target("meaning", meaning, seeds.contents),
    Target("broadcast_and_ussd", broadcast_and_ussd, seeds.contents),
    Target("sending", sending, seeds.texts_to_send),
    Target("round_trip", round_trip, seeds.texts),
    Target("reassembling", reassembling, seeds.streams),
    Target("dialogue", dialogue, seeds.exchanges),
    Target("answers", answers, seeds.answers),
)
