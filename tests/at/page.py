"""The table of docs/at.md, made of the code: `python -m tests.at.page` prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.at import commands
from modemgw.at.command import Command
from modemgw.at.grammar import MANY, RULES, keys_of
from modemgw.at.results import DIALLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modemgw.at.grammar import Answer

#: A command of each function of `commands` that makes one.
MADE: Final[dict[str, tuple[Command[object], ...]]] = {
    "enter_pin": (commands.enter_pin("0000"), commands.enter_pin("00000000", "0000")),
    "read_pin_tries": tuple(
        commands.read_pin_tries(name)
        for name in (
            '+CPINR="SIM PIN"',
            '+QPINC="SC"',
            "+SPIC",
            "#PCT",
            "+UPINCNT",
            "^SPIC",
            "^CPIN?",
        )
    ),
    "read_registration": tuple(
        commands.read_registration(p) for p in ("+CREG", "+CGREG", "+CEREG", "+C5GREG")
    ),
    "read_network": tuple(
        commands.read_network(p) for p in ("+CREG", "+CGREG", "+CEREG", "+C5GREG")
    ),
    "report_registration": (commands.report_registration("+CEREG", 2),),
    "read_iccid": tuple(
        commands.read_iccid(name)
        for name in (
            *("+CCID", "+CCID?", "+ICCID", "+QCCID", "+CICCID", "^ICCID?", "#CCID", "^SCID"),
            "+CRSM",
        )
    ),
    "select_storage": (commands.select_storage("ME"), commands.select_storage("ME", "SM")),
    "use_storage": (commands.use_storage("ME", "SM"),),
    "announce": (commands.announce(2, 1, 0, 2, 0),),
    "read_text": (commands.read_text(1),),
    "delete_text": (commands.delete_text(1),),
    "submit": (commands.submit(19),),
    "store_text": (commands.store_text(19),),
    "submit_stored": (commands.submit_stored(1),),
    "keep_relay_link": (commands.keep_relay_link(1),),
    "acknowledge": (commands.acknowledge(), commands.acknowledge(accept=True)),
    "set_service_centre": (commands.set_service_centre("+15550009999"),),
    "set_function": (commands.set_function(1, reset=True),),
    "set_sms_domain": (commands.set_sms_domain(1),),
    "start_ussd": (commands.start_ussd("*100#"),),
}


def named() -> Iterator[tuple[str, Command[object]]]:
    """Every command of `commands`, with the name that it has or the function that makes it."""
    for name, value in vars(commands).items():
        if isinstance(value, Command):
            yield name, value
        elif isinstance(value, tuple) and value and isinstance(value[0], Command):
            yield from ((name, command) for command in value)
    for name, made in MADE.items():
        yield from ((f"{name}()", command) for command in made)


def table() -> str:
    """One row for each command that the code has."""
    rows = [
        "| command | clause | information lines | limit, s | by | in `commands` |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    names: dict[str, dict[str, None]] = {}
    for name, command in named():
        for key in keys_of(command.text):
            names.setdefault(key, {})[f"`{name}`"] = None
    for key, rule in sorted(RULES.items(), key=lambda item: (_order(item[1].clause), item[0])):
        code = ", ".join(names.get(key, ()))
        if not code:
            continue
        limit = f"{rule.limit.seconds:g}"
        rows.append(
            f"| `AT{key}` | {rule.clause} | {_words(rule.answer)} | {limit} | {rule.limit.source} "
            f"| {code} |"
        )
    return "\n".join(rows) + "\n"


def _order(clause: str) -> tuple[str, tuple[int, ...]]:
    standard, _, place = clause.partition(" §")
    return standard, tuple(int(number) for number in place.split(".") if number)


def _words(answer: Answer) -> str:
    names = ", ".join(f"`{prefix}`" for prefix in sorted(answer.prefixes))
    count = "" if not answer.prefixes else "lines of " if answer.most == MANY else "one of "
    words = [f"{count}{names}"] if names else []
    if answer.free:
        words.append("text")
    if answer.prompt:
        words.insert(0, "prompt")
    if answer.finals == DIALLED:
        words.append("may end as a call does")
    text = ", ".join(words) or "none"
    return text if answer.needed or text == "none" or answer.prompt else f"{text}; or none"


if __name__ == "__main__":
    print(table(), end="")
