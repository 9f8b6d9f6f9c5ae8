"""The JSON lines that `modemgw pdu encode -` reads, and the answers to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modemgw import pdu
from modemgw.pdu.languages import language_identifier


class _National(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    locking: int = 0
    single: int = 0

    def tables(self) -> pdu.National:
        return pdu.National(self.locking, self.single)


class _Ports(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    dst: int
    src: int
    bits: Literal[8, 16] = 16

    def value(self) -> pdu.Ports:
        return pdu.Ports(self.dst, self.src, self.bits)


class _Request(BaseModel):
    """One line: the options of `pdu.encode`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: str
    text: str = ""
    sca: str | None = None
    srr: bool = False
    vp_minutes: int | None = None
    message_class: int | None = Field(None, alias="class")
    rd: bool = False
    ref: int | None = None
    ref_bits: int = 8
    encoding: str = "auto"
    national: _National | None = None
    data: str | None = None
    ports: _Ports | None = None
    allowed: list[str | int] = []
    cut: str = "character"

    def frames(self) -> list[pdu.Frame]:
        """What it asks for. Raises PduError."""
        return pdu.encode(
            self.to,
            self.text,
            sca=self.sca,
            srr=self.srr,
            vp_minutes=self.vp_minutes,
            message_class=self.message_class,
            rd=self.rd,
            ref=self.ref,
            ref_bits=self.ref_bits,
            encoding=self.encoding,
            national=None if self.national is None else self.national.tables(),
            data=None if self.data is None else _data(self.data),
            ports=None if self.ports is None else self.ports.value(),
            allowed=allowed_tables(self.allowed),
            cut=self.cut,
        )


def allowed_tables(languages: Iterable[str | int]) -> tuple[int, ...]:
    """National language identifiers, of languages given by identifier or by ISO 639-1 code.

    Raises PduError for a code that has no tables.
    """
    return tuple(
        language if isinstance(language, int) else language_identifier(language)
        for language in languages
    )


def _data(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise pdu.PduError("data is hex", field="data") from None


def answer(line: str) -> dict[str, object]:
    """The frames that a line asks for; what is wrong with it, where it asks for none."""
    try:
        return frames_as_dict(_Request.model_validate_json(line).frames())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        return {"error": first["msg"], "field": field}
    except pdu.PduError as error:
        return {"error": error.message, "field": error.field}


def frames_as_dict(frames: list[pdu.Frame]) -> dict[str, object]:
    """The PDUs of one text, for JSON; `lengths` has the n of AT+CMGS=n for each."""
    return {
        "pdus": [frame.hex for frame in frames],
        "lengths": [frame.length for frame in frames],
        "encoding": frames[0].encoding.value,
        "parts": len(frames),
    }


def preview_as_dict(preview: pdu.Preview, replaced: str) -> dict[str, object]:
    """What a text would cost, for JSON; `replaced` is the text with every suggestion taken."""
    return {
        "encoding": preview.encoding.value,
        "national": {"locking": preview.national.locking, "single": preview.national.single},
        "parts": preview.parts,
        "capacity": preview.capacity,
        "used": preview.used,
        "free": preview.free,
        "outsiders": [
            {
                "text": outsider.text,
                "times": outsider.times,
                "positions": outsider.positions,
                "replacement": outsider.replacement,
            }
            for outsider in preview.outsiders
        ],
        "replaced": replaced,
    }
