"""What an application answers to a text: TwiML, `<Response><Message>…</Message></Response>`.

It comes from outside, so it may be anything: no document type is read (and so no entity grows), and
size, depth and the number of messages are bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

BYTES_LIMIT: Final = 64 << 10
MESSAGES_LIMIT: Final = 10
DEEPEST: Final = 8


class TwimlError(ValueError):
    """It is no TwiML that can be answered with; the words say why."""


@dataclass(slots=True)
class _Reading:
    path: list[str] = field(default_factory=list)
    messages: list[list[str]] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= DEEPEST:
            raise TwimlError(f"it is nested deeper than {DEEPEST} elements")
        if not self.path and name != "Response":
            raise TwimlError(f"its root is <{name[:40]}>, not <Response>")
        self.path.append(name)
        match self.path:
            case ["Response", "Message" | "Sms"]:
                if len(self.messages) >= MESSAGES_LIMIT:
                    raise TwimlError(f"it has more than {MESSAGES_LIMIT} messages")
                self.messages.append([])
                if "to" in attributes:
                    raise TwimlError("an answer goes to whoever wrote; <Message to=…> is not taken")
            case ["Response", "Message" | "Sms", "Body"] | ["Response"]:
                pass
            case _:
                self.ignored.add(name[:40])

    def end(self, _name: str) -> None:
        self.path.pop()

    def text(self, data: str) -> None:
        if self.path in (
            ["Response", "Message"],
            ["Response", "Sms"],
            ["Response", "Message", "Body"],
        ):
            self.messages[-1].append(data)

    @staticmethod
    def doctype(*_: object) -> None:
        raise TwimlError("it declares a document type")


@dataclass(frozen=True, slots=True)
class Answer:
    """The texts to send back, in order, and elements that were not understood."""

    texts: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def read_twiml(body: bytes) -> Answer:
    """What an application wants said. Nothing at all is an answer, too. Raises TwimlError."""
    if not body.strip():
        return Answer(())
    if len(body) > BYTES_LIMIT:
        raise TwimlError(f"it has more than {BYTES_LIMIT} bytes")
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = reading.doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError) as error:
        raise TwimlError(f"it is no XML: {error}") from None
    texts = ("".join(parts).strip() for parts in reading.messages)
    return Answer(tuple(text for text in texts if text), tuple(sorted(reading.ignored)))
