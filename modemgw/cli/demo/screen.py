"""The tour on the screen: what is done, as a line that anyone can copy, and what came back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.json import JSON
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

_ITEMS_SHOWN: Final = 4
_TEXT_SHOWN: Final = 60


class Screen:
    """Prints to standard output, in colours where it is a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    def title(self, words: str) -> None:
        """The heading of a step."""
        self._console.print()
        self._console.rule(f"[bold]{escape(words)}[/]", align="left")

    def say(self, words: str) -> None:
        """What happens, in a sentence."""
        self._console.print(escape(words))

    def held(self, words: str) -> None:
        """A promise that was kept."""
        self._console.print(f"[green]✓[/] {escape(words)}")

    def failed(self, words: str) -> None:
        """A promise that was broken."""
        self._console.print(f"[red]✗ {escape(words)}[/]")

    def command(self, line: str) -> None:
        """A line for the shell, as it can be copied."""
        self._console.print(f"[cyan]$ {escape(line)}[/]")

    def curl(self, method: str, path: str, body: object = None, file: Path | None = None) -> None:
        """A request as a line for the shell; $URL and $KEY stand at the top of the tour."""
        line = 'curl -s -H "Authorization: Bearer $KEY"'
        if method != "GET":
            line += f" -X {method}"
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).replace("'", r"'\''")
            line += f" -H 'Content-Type: application/json' -d '{content}'"
        elif file is not None:
            line += f" -H 'Content-Type: application/json' -d @{file}"
        self.command(f'{line} "$URL{path}"')

    def control(self, bank: Path, command: str) -> None:
        """A command to the simulator as a line for the shell."""
        quoted = command.replace("'", r"'\''")
        self.command(f"modemgw ctl --dir {bank} '{quoted}'")

    def answer(self, value: Any, fields: Collection[str] | None = None) -> None:
        """An answer, only these fields of it, long texts and lists cut."""
        if isinstance(value, dict) and isinstance(value.get("items"), list):
            items = value["items"]
            for item in items[:_ITEMS_SHOWN]:
                self._print_json(chosen(item, fields), indent=None)
            if len(items) > _ITEMS_SHOWN:
                self._console.print(f"… and {len(items) - _ITEMS_SHOWN} more")
            return
        self._print_json(chosen(value, fields), indent=2)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table, its first column in words."""
        table = Table()
        for at, column in enumerate(columns):
            table.add_column(column, justify="left" if at == 0 else "right")
        for row in rows:
            table.add_row(*map(escape, row))
        self._console.print(table)

    def _print_json(self, value: Any, indent: int | None) -> None:
        self._console.print(JSON.from_data(shortened(value), indent=indent, ensure_ascii=False))


def chosen(value: Any, fields: Collection[str] | None) -> Any:
    """An object with only these of its fields, in their order."""
    if fields is None or not isinstance(value, dict):
        return value
    return {name: value[name] for name in fields if name in value}


def shortened(value: Any) -> Any:
    """A JSON value with long texts and lists cut, so that an answer fits on a screen."""
    if isinstance(value, str) and len(value) > _TEXT_SHOWN:
        return value[: _TEXT_SHOWN - 1] + "…"
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:_ITEMS_SHOWN]]
    if isinstance(value, dict):
        return _fields(value)
    return value


def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: shortened(inner) for name, inner in value.items()}
