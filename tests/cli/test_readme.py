"""The README's lines are typed by everyone who tries this: they must work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.commands import environment

if TYPE_CHECKING:
    from modemgw.cli.demo.stage import Stage

_ROOT = Path(__file__).parents[2]
_MARK = "=== next ==="


def _tour() -> list[tuple[str, str]]:
    """The commands of the tour with curl, each with the answer that the README shows."""
    section = (_ROOT / "README.md").read_text(encoding="utf-8").split("## Five minutes")[1]
    blocks = re.findall(r"```console\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, answer) for command, _, answer in (step.partition("\n") for step in steps)]


class _Shell:
    """One shell, as a reader has it; what it prints to a command."""

    def __init__(self, stage: Stage) -> None:
        self._process = subprocess.Popen(
            ("bash",),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=stage.path,
            env=environment(
                URL=stage.url,
                KEY=stage.key,
                AUTH=f"Authorization: Bearer {stage.key}",
                PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            ),
        )

        self._limit = threading.Timer(120, self._process.kill)
        self._limit.start()

    def type(self, command: str) -> str:
        """Run a command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\necho; echo '{_MARK}'\n")
        self._process.stdin.flush()
        return "".join(iter(self._process.stdout.readline, f"{_MARK}\n"))

    def close(self) -> None:
        """Leave it."""
        self._limit.cancel()
        self._process.communicate(timeout=10)


def _lacks(shown: str, answer: str) -> str | None:
    """What an answer lacks of what the README shows: fields with a value, a problem's status."""
    wanted, given = (set(re.findall(r'"(\w+)": ?["\d\[{tfn]', text)) for text in (shown, answer))
    status = re.search(r'^\{.*?"status":(\d+|"\w+")', shown)
    if not wanted <= given:
        return f"the fields {sorted(wanted - given)}"
    if status is not None and status[1].isdigit() and f'"status":{status[1]}' not in answer:
        return f"the status {status[1]}"
    if ("/problems/" in answer) != ("/problems/" in shown):
        return "a problem, or that there is none"
    return None


def test_every_line_of_the_tour_answers_as_shown(stage: Stage) -> None:
    """The fields that the README shows of an answer are there, its refusals are refusals. What only
    reads is typed again, as a reader would, where the bank has not come so far yet."""
    steps = _tour()
    assert len(steps) > 12
    shell = _Shell(stage)
    try:
        for command, shown in steps:
            reads = not any(mark in command for mark in (" --json ", " -X ", "modemgw ctl", "-sN"))
            until = time.monotonic() + (20 if reads else 0)
            answer = shell.type(command)
            while (lacks := _lacks(shown, answer)) and time.monotonic() < until:
                time.sleep(0.1)
                answer = shell.type(command)
            assert lacks is None, (command, lacks, answer)
    finally:
        shell.close()


def test_every_link_leads_to_a_page() -> None:
    """Links inside the repository, of the README and the guides."""
    for page in (_ROOT / "README.md", *(_ROOT / "docs").glob("guide-*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
