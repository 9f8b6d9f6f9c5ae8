"""`modemgw pdu`: what a PDU says, and what a text becomes on its way to a modem."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from modemgw import pdu
from modemgw.cli.pdu_requests import (
    allowed_tables,
    answer,
    frames_as_dict,
    preview_as_dict,
)
from modemgw.cli.pdu_view import printable, show_content, show_fields, show_preview, text_of
from modemgw.pdu.dissect import dissect

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(help="Decode and encode SMS PDUs.", no_args_is_help=True)

_STDIN = "-"
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_AllowNational = Annotated[
    str,
    typer.Option(
        metavar="tr,es", help="Languages whose tables may be used where that saves a part."
    ),
]
_Cut = Annotated[
    str, typer.Option(help="What is not cut where that costs no part: word, grapheme, character.")
]


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
        bool, typer.Option("--lenient", help="Take what can be read of a PDU that is cut short.")
    ] = False,
) -> None:
    """Show what PDUs say: each octet with its field, its meaning and the clause, then the text.

    A PDU that is damaged is shown too, with what is wrong and where. Exit status 1 if one given
    as an argument is no PDU.
    """
    from_stdin = pdus == [_STDIN]
    failed = False
    for hex_digits in _lines() if from_stdin else iter(pdus):
        tpdu: pdu.Tpdu | pdu.PduError
        try:
            tpdu = pdu.decode(hex_digits, sca=not no_sca, to_network=to_network, lenient=lenient)
        except pdu.PduError as error:
            tpdu, failed = error, True
        if from_stdin or as_json:
            _print_json(_error(tpdu) if isinstance(tpdu, pdu.PduError) else pdu.as_dict(tpdu))
        else:
            _show(hex_digits, tpdu, sca=not no_sca, to_network=to_network)
    if failed and not from_stdin:
        raise typer.Exit(1)


def _show(hex_digits: str, tpdu: pdu.Tpdu | pdu.PduError, *, sca: bool, to_network: bool) -> None:
    console = Console()
    show_fields(console, dissect(hex_digits, sca=sca, to_network=to_network))
    if isinstance(tpdu, pdu.PduError):
        problem = f"{printable(hex_digits[:40])}: {tpdu}"
        Console(stderr=True).print(
            problem, style="red", markup=False, highlight=False, soft_wrap=True
        )
    else:
        show_content(console, tpdu)
    console.print()


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
    allow_national: _AllowNational = "",
    cut: _Cut = "character",
    explain: Annotated[
        bool, typer.Option("--explain", help="Show each octet, as `decode` does.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Show the PDUs that a text becomes, what each says, and the n of AT+CMGS=n."""
    if source == _STDIN:
        for line in _lines():
            _print_json(answer(line))
        return
    if source is not None or not to:
        raise typer.BadParameter("give --to and --text, or - to read JSON objects")
    try:
        frames = pdu.encode(
            to,
            text,
            encoding=encoding,
            ref=ref,
            srr=srr,
            allowed=_allowed(allow_national),
            cut=cut,
        )
    except pdu.PduError as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        _print_json(frames_as_dict(frames))
        return
    for i, frame in enumerate(frames, 1):
        print(f"part {i} of {len(frames)}, {frame.encoding}")
        _show_frame(frame, explain=explain)


@app.command()
def count(
    text: Annotated[str, typer.Option(help="What to say.")],
    allow_national: _AllowNational = "",
    as_json: _Json = False,
) -> None:
    """Show what a text would cost, and what could be written to make it cost less."""
    allowed = _allowed(allow_national)
    try:
        preview = pdu.count(text, allowed=allowed)
    except pdu.PduError as error:
        raise typer.BadParameter(str(error)) from None
    instead = pdu.replaced(text, allowed=allowed)
    if as_json:
        _print_json(preview_as_dict(preview, instead))
        return
    better = None if instead == text else pdu.count(instead, allowed=allowed)
    show_preview(preview, instead, better)


def _show_frame(frame: pdu.Frame, *, explain: bool) -> None:
    """On lines that are not wrapped, so that the PDU can be copied."""
    text = text_of(pdu.decode(frame.hex, to_network=True))
    print(f"  text     {printable(text or '')}")
    print(f"  AT+CMGS  {frame.length}")
    print(f"  PDU      {frame.hex}")
    print()
    if explain:
        console = Console()
        show_fields(console, dissect(frame.hex, to_network=True))
        console.print()


def _allowed(languages: str) -> tuple[int, ...]:
    return allowed_tables(filter(None, languages.split(",")))


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
