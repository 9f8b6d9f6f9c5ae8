"""What the audit tells of a person, and of calls of the API, for people and for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Form(StrEnum):
    """How it is told."""

    JSON = "json"
    TEXT = "text"


def as_json(told: dict[str, Any]) -> str:
    """The whole of it; times RFC 3339 in UTC."""
    return json.dumps(_with_times(told), indent=2, ensure_ascii=False)


def as_line(told: dict[str, Any]) -> str:
    """The whole of it in one line."""
    return json.dumps(_with_times(told), ensure_ascii=False)


def call_in_words(told: dict[str, Any]) -> str:
    """A call of the API that was noted: when, who, what, with what outcome, whence."""
    call = told["detail"]
    words = [
        _time(told["at"]),
        f"{told['name'] or 'no key of now'} ({call['key']})",
        f"{call['method']} {call['route']}",
        *([call["target"]] if call["target"] else []),
        str(call["status"]),
        f"from {call['from']}",
        call["request"],
        *([f"by {call['tool']}"] if "tool" in call else []),
    ]
    return "  ".join(words)


def in_words(told: dict[str, Any]) -> Iterator[str]:
    """Line by line, in the order in which it happened."""
    yield f"{told['number']}: {_stands(told)}"
    yield f"the audit {'holds' if told['holds'] else 'is BROKEN: see `modemgw audit verify`'}"
    for rules in told["rules"]:
        yield (
            f"{_time(rules['at'])}  rules of {rules['chain']} (entry {rules['sequence']}): "
            + ", ".join(f"{name} {value[:12]}" for name, value in rules["digests"].items())
        )
    happened = [
        *((entry["at"], _entry(entry)) for entry in told["entries"]),
        *((text["created_at"], _text(text)) for text in told["texts"]),
    ]
    for _, lines in sorted(happened, key=lambda item: item[0]):
        yield from lines
    if not happened:
        yield "nothing is kept of that time"


def _stands(told: dict[str, Any]) -> str:
    before = "opted out" if told["opted_out_before"] else "not opted out"
    now = "opted out" if told["opted_out_now"] else "not opted out"
    erased = "; what was kept before was erased" if told["erased"] else ""
    return f"{before} at the beginning, {now} now{erased}"


def _entry(entry: dict[str, Any]) -> list[str]:
    place = f"{entry['chain']}, entry {entry['sequence']}"
    detail = json.dumps(entry["detail"], ensure_ascii=False)
    return [f"{_time(entry['at'])}  {entry['action']} ({place}): {detail}"]


def _text(text: dict[str, Any]) -> list[str]:
    begins = f"{_time(text['created_at'])}  {text['id']}"
    if text["direction"] == "inbound":
        kind = f", taken for {text['keyword']}" if text["keyword"] else ""
        return [
            f"{begins} came in on {_line(text['line'])}{kind}: {text['text']!r}",
            *(f"    TPDU {tpdu}" for tpdu in text["tpdus"]),
        ]
    stood = "an opt-out stood" if text["opted_out_when_accepted"] else "no opt-out stood"
    asked = f"with {text['key'] or 'no key'}, pool {text['pool'] or 'none'}"
    became = f"{text['decision']}; {text['status']}: {text['text']!r}"
    lines = [f"{begins} accepted {asked}; {stood}; {became}"]
    for part in text["parts"]:
        lines.append(
            f"    part {part['seq']} {part['status']}, begun {_time(part['submitting_at'])}, "
            f"settled {_time(part['settled_at'])}, on {_line(part['line'])}, "
            f"{_modem(part['modem'])}, MR {part['mr']}, report {part['report_status']}"
        )
        lines += [
            f"        {_time(one['at'])} {one['outcome']} {one['code'] or ''} {one['detail'] or ''}"
            for one in part["attempts"]
        ]
        if part["tpdu"]:
            lines.append(f"        TPDU {part['tpdu']}")
    return lines


def _line(line: dict[str, Any] | None) -> str:
    return "no line" if line is None else f"line {line['number'] or line['id']} ({line['iccid']})"


def _modem(modem: dict[str, Any] | None) -> str:
    return "no modem" if modem is None else f"modem {modem['imei'] or modem['port']}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    told = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")


def _with_times(value: Any, name: str = "") -> Any:
    """The same with times in words: what is called `at`, or ends so, `since` and `until`."""
    if isinstance(value, dict):
        return {key: _with_times(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_times(item) for item in value]
    is_time = name in ("at", "since", "until") or name.endswith("_at")
    return _time(value) if is_time and value is not None else value
