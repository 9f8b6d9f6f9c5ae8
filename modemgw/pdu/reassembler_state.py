"""What a reassembler knows, as octets for storage, and back.

The first line says what it is, which version, and a checksum of the rest; the rest is one JSON
object, in ASCII, with all that the machine's answers depend on except its bounds:

    fed         how many parts were taken in
    waiting     the messages that wait, in order of opening
    displaced   those that made room and were not given out yet, in order
    whole       what is remembered of whole messages, in order of completion

What is read was stored by a machine like this one, or is damaged: any other shape is refused,
and nothing that is accepted can make the machine fail later.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zlib import crc32

from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.errors import PduError
from modemgw.pdu.part import Part, Septets
from modemgw.pdu.value import value
from modemgw.pdu.waiting import Waiting
from modemgw.pdu.wholes import MAX_MARKS, Whole

if TYPE_CHECKING:
    from modemgw.pdu.waiting import Key

_NAME: Final = b"modemgw-reassembler"
_VERSION: Final = b"1"
_MARK_MAX: Final = 0xFFFF_FFFF
_COUNT_MAX: Final = 2**63 - 1
_TIME_MAX: Final = sys.float_info.max

_TOKENS: Final = (str, int, type(None))
_KEY_FIELDS: Final = ("line", "number", "ton", "npi", "ref", "bits", "total")


@value
class State:
    """All that a reassembler's answers depend on, except its bounds."""

    fed: int
    waiting: list[Waiting]
    displaced: list[Waiting]
    whole: list[Whole]


def state_octets(state: State) -> bytes:
    """`state` for storage. Raises TypeError for a token that is no str, int or None."""
    body = json.dumps(
        {
            "fed": state.fed,
            "waiting": [_plain_message(message) for message in state.waiting],
            "displaced": [_plain_message(message) for message in state.displaced],
            "whole": [
                {**_plain_key(whole.key), "at": whole.at, "marks": whole.marks}
                for whole in state.whole
            ],
        },
        separators=(",", ":"),
    ).encode("ascii")
    return b"%b %b %08x\n%b" % (_NAME, _VERSION, crc32(body), body)


def read_state(octets: bytes) -> State:
    """What `state_octets` wrote. Raises PduError for anything else."""
    fed, waiting, displaced, whole = _fields(_body(octets), "fed", "waiting", "displaced", "whole")
    return State(
        _integer(fed, 0, _COUNT_MAX),
        [_message(message) for message in _list(waiting)],
        [_message(message) for message in _list(displaced)],
        [_whole(one) for one in _list(whole)],
    )


def _plain_key(key: Key) -> dict[str, object]:
    return dict(zip(_KEY_FIELDS, key, strict=True))


def _plain_message(message: Waiting) -> dict[str, object]:
    return {
        **_plain_key(message.key),
        "first_at": message.first_at,
        "scts": message.scts and message.scts.isoformat(),
        "fed": message.fed,
        "given": message.given,
        "parts": [_plain_part(part) for part in message.parts],
    }


def _plain_part(part: Part) -> dict[str, object]:
    if not isinstance(part.token, _TOKENS):
        raise TypeError(f"a token to be stored is a str, an int or None: {part.token!r:.80}")
    content, septets = part.content, part.septets
    return {
        "seq": part.seq,
        "text": content if isinstance(content, str) else None,
        "data": content.hex() if isinstance(content, bytes) else None,
        "septets": septets and [septets.locking, septets.single, septets.codes.hex()],
        "mark": part.mark,
        "token": part.token,
    }


def _body(octets: bytes) -> object:
    """The JSON value, when name, version and checksum are right."""
    head, _, body = octets.partition(b"\n")
    name, _, rest = head.partition(b" ")
    version, _, checksum = rest.partition(b" ")
    if name != _NAME:
        raise _damaged("it does not begin like one")
    if version != _VERSION:
        raise _damaged(f"version {version.decode('latin-1'):.20}, only 1 is known")
    if checksum != b"%08x" % crc32(body):
        raise _damaged("its checksum is wrong")
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise _damaged("it is no JSON") from problem
    return value


def _whole(plain: object) -> Whole:
    *key, at, marks = _fields(plain, *_KEY_FIELDS, "at", "marks")
    listed = _list(marks, MAX_MARKS)
    return Whole(_key(key), _time(at), tuple([_integer(mark, 0, _MARK_MAX) for mark in listed]))


def _message(plain: object) -> Waiting:
    *plain_key, first_at, scts, fed, given, plain_parts = _fields(
        plain, *_KEY_FIELDS, "first_at", "scts", "fed", "given", "parts"
    )
    key = _key(plain_key)
    total = key[-1]
    parts = [_part(part, total) for part in _list(plain_parts, total - 1)]
    if not parts:
        raise _damaged("a message without parts")
    message = Waiting(key, parts[0], _timestamp(scts), _time(first_at))
    for part in parts[1:]:
        if not message.take(part):
            raise _damaged(f"part {part.seq} twice")
    message.fed = _integer(fed, 0, _COUNT_MAX)
    message.given = _integer(given, 0, 1) == 1
    return message


def _part(plain: object, total: int) -> Part:
    seq, text, data, septets, mark, token = _fields(
        plain, "seq", "text", "data", "septets", "mark", "token"
    )
    if not isinstance(token, _TOKENS):
        raise _damaged("a token of another type")
    if (text is None) == (data is None):
        raise _damaged("a part that is not either text or data")
    content = _octets(data) if text is None else _text(text)
    return Part(
        _integer(seq, 1, total),
        content,
        None if septets is None else _septets(septets, _text(content)),
        _integer(mark, 0, _MARK_MAX),
        token,
    )


def _septets(plain: object, text: str) -> Septets:
    locking, single, codes = _list(plain, 3, least=3)
    septets = Septets(_integer(locking, 0, 255), _integer(single, 0, 255), _octets(codes))
    if not septets.codes.isascii():
        raise _damaged("a septet beyond 127")
    if not septets.codes and septets_of(text, septets.locking, septets.single) is None:
        raise _damaged("a text that its tables cannot say")
    return septets


def _key(plain: list[object]) -> Key:
    line, number, ton, npi, ref, bits, total = plain
    width = _integer(bits, 8, 16)
    if width not in (8, 16):
        raise _damaged(f"a reference of {width} bits")
    return (
        _text(line), _text(number), _integer(ton, 0, 7), _integer(npi, 0, 15),
        _integer(ref, 0, (1 << width) - 1), width, _integer(total, 2, 255),
    )  # fmt: skip


def _fields(plain: object, *names: str) -> list[object]:
    if not isinstance(plain, dict) or plain.keys() != set(names):
        raise _damaged(f"no object with {', '.join(names)}")
    return [plain[name] for name in names]


def _list(plain: object, most: int = _COUNT_MAX, least: int = 0) -> list[object]:
    if not isinstance(plain, list) or not least <= len(plain) <= most:
        raise _damaged("a list that is none, or of another length")
    return plain


def _integer(plain: object, least: int, most: int) -> int:
    if not isinstance(plain, int) or not least <= plain <= most:
        raise _damaged(f"{plain!r:.20} for a number from {least} to {most}")
    return int(plain)


def _time(plain: object) -> float:
    if not isinstance(plain, int | float) or not abs(plain) <= _TIME_MAX:
        raise _damaged(f"{plain!r:.20} for a time")
    return plain


def _timestamp(plain: object) -> datetime | None:
    if plain is None:
        return None
    try:
        when = datetime.fromisoformat(_text(plain))
    except ValueError:
        raise _damaged("a time stamp that is none") from None
    if when.utcoffset() is None:
        raise _damaged("a time stamp without an offset")
    return when


def _text(plain: object) -> str:
    if not isinstance(plain, str):
        raise _damaged(f"{plain!r:.20} for a text")
    return plain


def _octets(plain: object) -> bytes:
    try:
        return bytes.fromhex(_text(plain))
    except ValueError:
        raise _damaged("octets that are no hex") from None


def _damaged(words: str) -> PduError:
    return PduError(f"not what a reassembler stored: {words}", field="state")
