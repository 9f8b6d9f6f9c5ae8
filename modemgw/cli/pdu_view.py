"""PDUs as a technician reads them: octets, fields, meanings and clauses side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from modemgw import pdu
from modemgw.pdu.tpdu import TextTpdu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from modemgw.pdu.dissect_walk import Field

_OCTETS_A_LINE: Final = 7  # eight septets, or one time stamp
_USUAL: Final = "23.040"
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def show_fields(console: Console, fields: Sequence[Field]) -> None:
    """A row for each field, with rows for its bits and for what is wrong below it."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("at", justify="right", style="dim", no_wrap=True)
    table.add_column("octets", no_wrap=True)
    table.add_column("field", no_wrap=True)
    table.add_column("meaning", overflow="fold")
    table.add_column(_USUAL, no_wrap=True, style="dim")
    for field in fields:
        if field.octets:
            table.add_row(
                str(field.at),
                _hex_lines(field.octets),
                Text(field.name, style="bold"),
                Text(printable(field.meaning)),
                _short(field.clause),
            )
        for bits in field.bits:
            table.add_row("", bits.pattern, bits.name, bits.meaning, _short(bits.clause))
        if field.defect is not None:
            error = field.defect
            table.add_row(
                str(error.at),
                "",
                Text("error", style="bold red"),
                Text(printable(error.message), style="red"),
                _short(error.clause),
            )
    console.print(table)


def show_content(console: Console, tpdu: pdu.Tpdu) -> None:
    """What a TPDU is about: its text as it would be copied, and what an application gets."""
    text = text_of(tpdu)
    content = pdu.as_dict(tpdu).get("content")
    lines = [text] if text else []
    if isinstance(content, dict):
        lines += [f"{name}: {value}" for name, value in content.items()]
    if lines:
        console.print()
        console.print(Text(printable("\n".join(lines))), soft_wrap=True)


def text_of(tpdu: pdu.Tpdu) -> str | None:
    """The text that a TPDU of any type carries."""
    if isinstance(tpdu, TextTpdu):
        return tpdu.text
    if isinstance(tpdu, pdu.Command) or tpdu.optional is None:
        return None
    user_data = tpdu.optional.user_data
    return None if user_data is None else user_data.text


def printable(text: str) -> str:
    """`text` without what would steer a terminal: whoever sends a text may put anything in it.

    A control character becomes its picture or its number, half a surrogate pair U+FFFD. Line
    feeds stay.
    """
    shown = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub(_picture, shown)


def _picture(control: re.Match[str]) -> str:
    code = ord(control[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\x{code:02x}"


def _hex_lines(octets: bytes) -> str:
    return "\n".join(
        octets[at : at + _OCTETS_A_LINE].hex(" ").upper()
        for at in range(0, len(octets), _OCTETS_A_LINE)
    )


def _short(clause: str) -> str:
    """The clause; the head of the column names the usual standard."""
    return clause.removeprefix(_USUAL).strip()


def show_preview(preview: pdu.Preview, replaced: str, better: pdu.Preview | None) -> None:
    """What a text would cost; and, where something could be written instead, what that would."""
    print(f"{_parts(preview)}; the last one has room for {preview.free} more")
    for outsider in preview.outsiders:
        instead = (
            "nothing comes close"
            if outsider.replacement is None
            else f"{printable(outsider.replacement)!r} would do"
        )
        times = "" if outsider.times == 1 else f", {outsider.times} times"
        print(f"  {printable(outsider.text)!r}{times} forces {preview.encoding}: {instead}")
    if better is not None:
        print(f"With these replaced: {_parts(better)}")
        print(printable(replaced))


def _parts(preview: pdu.Preview) -> str:
    parts = "1 part" if preview.parts == 1 else f"{preview.parts} parts"
    return f"{parts}, {preview.encoding}"
