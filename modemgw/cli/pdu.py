"""`modemgw pdu`: what a PDU says, and what a text becomes on its way to a modem."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modemgw import pdu

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(help="Decode and encode SMS PDUs.", no_args_is_help=True)

_STDIN = "-"
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command()
def decode(
    pdus: Annotated[
        list[str],
        typer.Argument(
            metavar="HEX...", help="PDUs in hex; - reads one a line and answers in JSON."
        ),
    ],
    as_json: _Json = False,
    no_sca: Annotated[
        bool, typer.Option("--no-sca", help="No service-centre address in front.")
    ] = False,
    to_network: Annotated[
        bool, typer.Option("--to-network", help="SUBMIT, COMMAND and DELIVER-REPORT.")
    ] = False,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Take user data as it is where it is cut short.")
    ] = False,
) -> None:
    """Show what PDUs say. Exit status 1 if one given as an argument is none."""
    from_stdin = pdus == [_STDIN]
    failed = False
    for text in _lines() if from_stdin else iter(pdus):
        try:
            tpdu = pdu.decode(text, sca=not no_sca, to_network=to_network, lenient=lenient)
        except pdu.PduError as error:
            failed = True
            if from_stdin or as_json:
                _print_json(_error(error))
            else:
                Console(stderr=True).print(f"{text[:40]}: {error}", style="red", markup=False)
        else:
            if from_stdin or as_json:
                _print_json(pdu.as_dict(tpdu))
            else:
                _print_table(f"SMS-{tpdu.type.value.upper()}", pdu.as_dict(tpdu))
    if failed and not from_stdin:
        raise typer.Exit(1)


@app.command()
def encode(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[-]", help="- reads JSON objects a line and answers in JSON."),
    ] = None,
    to: Annotated[str, typer.Option(help="The recipient's number.")] = "",
    text: Annotated[str, typer.Option(help="What to say.")] = "",
    encoding: Annotated[str, typer.Option(help="auto, gsm7 or ucs2.")] = "auto",
    ref: Annotated[int | None, typer.Option(help="Reference that joins the parts.")] = None,
    srr: Annotated[bool, typer.Option("--srr", help="Ask for a status report.")] = False,
    as_json: _Json = False,
) -> None:
    """Show the PDUs that a text becomes, and the n of AT+CMGS=n for each."""
    if source == _STDIN:
        for line in _lines():
            _print_json(_answer(line))
        return
    if source is not None or not to:
        raise typer.BadParameter("give --to and --text, or - to read JSON objects")
    try:
        frames = pdu.encode(to, text, encoding=encoding, ref=ref, srr=srr)
    except pdu.PduError as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        _print_json(_frames(frames))
        return
    for i, frame in enumerate(frames, 1):
        title = f"part {i} of {len(frames)}, {frame.encoding}"
        _print_table(title, {"AT+CMGS": frame.length, "PDU": frame.hex})


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
    """One line that `encode -` reads."""

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
        )


def _data(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise pdu.PduError("data is hex", field="data") from None


def _answer(line: str) -> dict[str, object]:
    try:
        return _frames(_Request.model_validate_json(line).frames())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        return {"error": first["msg"], "field": field}
    except pdu.PduError as error:
        return {"error": error.message, "field": error.field}


def _frames(frames: list[pdu.Frame]) -> dict[str, object]:
    return {
        "pdus": [frame.hex for frame in frames],
        "lengths": [frame.length for frame in frames],
        "encoding": frames[0].encoding.value,
        "parts": len(frames),
    }


def _error(error: pdu.PduError) -> dict[str, object]:
    return {
        "error": error.message,
        "at": error.at,
        "field": error.field,
        "clause": error.clause,
    }


def _lines() -> Iterator[str]:
    """The lines of standard input as they come; what is no UTF-8 becomes U+FFFD."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").strip()


def _print_json(fields: dict[str, object]) -> None:
    print(json.dumps(fields), flush=True)


def _print_table(title: str, fields: dict[str, object]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        # Half a surrogate pair cannot be written to a terminal.
        table.add_row(name, Text(shown.encode("utf-8", "replace").decode()))
    Console().print(table)
