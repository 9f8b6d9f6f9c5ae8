"""Lists in files: read again when they change, and kept as they were when they cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.consent.gate import Policy
from modemgw.consent.lists import NumberList
from modemgw.gateway import number_files
from modemgw.gateway.number_files import ListFileError, NumberFiles, read_list
from modemgw.gateway.requests import RefusalError
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway.conftest import MakeWorld


async def denied(world: World, number: str) -> bool:
    """Whether a text to somebody is refused as one to whom none goes."""
    answer = await world.ask(number)
    if isinstance(answer, RefusalError):
        assert answer.kind == "denied"
    return isinstance(answer, RefusalError)


async def alerts(world: World) -> list[tuple[str, str]]:
    told = await world.events("alert.raised") + await world.events("alert.cleared")
    told.sort(key=lambda event: event.position)
    return [(event.type, event.data["message"]) for event in told]


def write(path: Path, text: str) -> Path:
    """Put a file in its place as a whole."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    return path


async def test_a_list_is_read_again_when_it_changes_and_when_asked(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    """What was accepted before is blocked at its claim."""
    path = write(tmp_path / "deny.txt", f"# nobody\n\n{ALICE} # but her\n")
    files = NumberFiles(path)
    assert files.load() == {"deny": ""}
    world = make_world(files=files)
    await world.start()
    assert await denied(world, ALICE)
    waits = await world.send(BOB)
    write(path, f"{BOB[:-2]}*\n")
    await world.gateway.lists.look(changed=True)
    assert await denied(world, BOB)
    await world.present(ScriptedModem(1))
    await world.becomes(waits, "blocked")
    write(path, "")
    world.gateway.lists.soon()
    await world.until(lambda: not world.settings.gate.deny.fit(BOB))
    assert not await denied(world, BOB)
    assert await alerts(world) == []
    await world.stop()


async def test_a_file_that_cannot_be_used_leaves_the_list_and_is_told_once(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    """With the line that is wrong; cleared when the file is right again."""
    path = write(tmp_path / "deny.txt", f"{ALICE}\n")
    files = NumberFiles(path)
    files.load()
    world = make_world(files=files)
    await world.start()
    look = world.gateway.lists.look
    write(path, f"{BOB}\n+49 151 five\n")
    await look(changed=True)
    await look(changed=True)
    await look(changed=False)
    assert await denied(world, ALICE)
    assert not await denied(world, BOB)
    ((type_, words),) = await alerts(world)
    assert type_ == "alert.raised"
    assert f"gate.deny_file: {path}, line 2: a number is written like" in words
    path.unlink()
    await look(changed=True)
    assert [type_ for type_, _ in await alerts(world)][1:] == ["alert.cleared", "alert.raised"]
    assert "cannot read" in (await alerts(world))[-1][1]
    assert await denied(world, ALICE)
    write(path, f"{BOB}\n")
    await look(changed=True)
    assert (await alerts(world))[-1][0] == "alert.cleared"
    assert await denied(world, BOB)
    assert not await denied(world, ALICE)
    await world.stop()


def test_of_all_lists_the_entry_counts_that_names_a_number_more_exactly(tmp_path: Path) -> None:
    """In the configuration or in a file."""
    deny = write(tmp_path / "deny.txt", "+1202*\n+12025550111\n")
    allow = write(tmp_path / "allow.txt", "+12025550*\n36111\n")
    files = NumberFiles(deny, allow)
    files.load()
    policy = Policy.parse("off", ["*"], deny=["+120255501*"], allow=["+12025550122"])
    joined = files.joined(policy)
    assert files.joined(policy) is joined
    for number, is_denied, is_allowed in (
        (ALICE, 13, 9), (BOB, 10, 13), ("+12029990000", 5, 0), ("36111", 0, 6), ("+491", 0, 0)
    ):  # fmt: skip
        assert (joined.deny.fit(number), joined.allow.fit(number)) == (is_denied, is_allowed)
    assert NumberFiles().joined(policy) is policy


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"+4915112345678\nstop\n", "line 2"),
        (b"\n\n+49 151\n", "line 3"),
        (b"\xff\xfe", "UTF-8"),
        (b"36111\n36112\n36113\n36114\n", "more than 3"),
        (b"#" * 101, "101 octets; 100 are allowed"),
    ],
)
def test_a_list_is_bounded_and_its_mistakes_have_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, octets: bytes, words: str
) -> None:
    """Numbers and octets both have an end."""
    monkeypatch.setattr(number_files, "MOST_NUMBERS", 3)
    monkeypatch.setattr(number_files, "_MOST_OCTETS", 100)
    path = tmp_path / "list.txt"
    path.write_bytes(octets)
    with pytest.raises(ListFileError, match=words):
        read_list(path)


def test_what_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    """A directory, or nothing."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ListFileError, match="cannot read"):
            read_list(path)
    assert not NumberList.is_entry("+49 151")
