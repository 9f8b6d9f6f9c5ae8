"""The section of docs/simulator.md about personalities.

`python -m modemgw.simulator.personality_page` prints it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from modemgw.simulator.personality import PERSONALITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modemgw.simulator.personality import Personality

_HEAD: Final = """\
## Personalities

`--profile NAME,NAME…` hands these round the modems in turn. Each is a file of
`modemgw/simulator/personalities/`, written from the sources that it names: transcripts, documents
of makers, programs that drive such modems; some lines are from memory or made up, and say so. They
know nothing of the driver's profiles, which were written from the same facts by themselves. What a
file does not say is as the standards have it.

| name | who it says it is | ICCID by | +CNMI | storages: ME, SM, first place | what is its own |
| --- | --- | --- | --- | --- | --- |
"""


def section(personalities: Mapping[str, Personality]) -> str:
    """The section, in Markdown."""
    return _HEAD + "\n".join(_row(personalities[name]) for name in sorted(personalities)) + "\n"


def _row(who: Personality) -> str:
    cells = (
        f"`{who.name}`",
        f"{who.maker or '(no maker)'} {who.model}",
        ", ".join(f"`{command}`" for command in who.iccid),
        f"`{','.join(who.cnmi)}`" if who.cnmi else "",
        f"{who.me_capacity}, {who.sm_capacity}, {who.first_index}",
        "; ".join(_traits(who)),
    )
    return "| " + " | ".join(cells) + " |"


def _traits(who: Personality) -> Iterator[str]:
    if who.banner or who.settled:
        yield "begins with " + ", ".join(f"`{line}`" for line in (*who.banner, *who.settled))
    if who.settle_s:
        yield f"texts wait {who.settle_s:g} s ({who.settling})"
    if who.chatter:
        ended = f" until `{who.hush}=0`" if who.hush else ""
        ended = f" until `{who.hushed_by}`" if who.hushed_by else ended
        yield "talks by itself" + ended
    if who.unknown != "ERROR":
        yield f"`{who.unknown}`"
    if who.cms_always is not None:
        yield f"`+CMS ERROR: {who.cms_always}` for everything"
    if who.refuses:
        yield "does not know " + ", ".join(f"`{command}`" for command in who.refuses)
    if who.unfinished:
        yield ", ".join(f"`{command}`" for command in who.unfinished) + " ends without OK"
    if who.refused_ds:
        yield "offers `<ds>` " + ", ".join(map(str, who.refused_ds)) + " and refuses it"
    if who.prompt != "\r\n> ":
        yield "prompt is " + f"`{who.prompt!r}`"
    if who.whole_cpms:
        yield "`+CPMS` only with all three"
    if who.memories and len(who.memories) < 3:
        yield f"`+CPMS` has {len(who.memories)} places"
    if who.cpms_names:
        yield "`+CPMS=` answers with names"
    if who.cpms_gap:
        yield "blanks in `+CPMS`"
    if who.list_gap:
        yield "empty lines in `+CMGL`"
    if who.registration != "full":
        yield f"`+CREG`: {who.registration.replace('_', ' ')}"
    if who.packs_ussd:
        yield "USSD in packed septets"
    if who.command_list != "lines":
        yield "no `+CLAC`" if who.command_list == "none" else "`+CLAC` in one line"
    if who.full:
        yield f"full: `{who.full}`"


if __name__ == "__main__":
    sys.stdout.write(section(PERSONALITIES))
