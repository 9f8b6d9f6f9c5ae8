"""The README's lines are typed by everyone who tries this: they must work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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


def test_every_line_of_the_tour_answers_as_shown(stage: Stage) -> None:
    """The fields that the README shows of an answer are there, its refusals are refusals."""
    steps = _tour()
    assert len(steps) > 12
    script = "\n".join(f"{command}\nsleep 0.2; echo; echo '{_MARK}'" for command, _ in steps)
    done = subprocess.run(
        ("bash", "-c", script),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=stage.path,
        env=environment(
            URL=stage.url,
            KEY=stage.key,
            AUTH=f"Authorization: Bearer {stage.key}",
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        ),
        check=True,
    )
    answers = done.stdout.split(_MARK)[:-1]
    for (command, shown), answer in zip(steps, answers, strict=True):
        wanted = set(re.findall(r'"(\w+)": ?["\d\[{tfn]', shown))
        given = set(re.findall(r'"(\w+)": ?["\d\[{tfn]', answer))
        assert wanted <= given, (command, wanted - given, answer)
        status = re.search(r'^\{.*?"status":(\d+|"\w+")', shown)
        if status is not None and status[1].isdigit():
            assert f'"status":{status[1]}' in answer, (command, answer)
        assert ("/problems/" in answer) == ("/problems/" in shown), (command, answer)


def test_every_link_leads_to_a_page() -> None:
    """Links inside the repository, of the README and the guides."""
    for page in (_ROOT / "README.md", *(_ROOT / "docs").glob("guide-*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
