"""The patches of `make mutants` must still fit, or they remove nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.mutants.run import MUTANTS, PATCHES, ROOT


def test_every_patch_belongs_to_a_mutant() -> None:
    """And every mutant has one."""
    assert {path.stem for path in PATCHES.glob("*.patch")} == {mutant.name for mutant in MUTANTS}


@pytest.mark.parametrize("name", [mutant.name for mutant in MUTANTS])
def test_the_patch_applies(name: str) -> None:
    """To the code as it is."""
    command = ["git", "apply", "--check", str(PATCHES / f"{name}.patch")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("test", sorted({test for mutant in MUTANTS for test in mutant.tests}))
def test_the_killing_test_exists(test: str) -> None:
    """Under the name that the mutant gives."""
    file, _, name = test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (Path(ROOT) / file).read_text()
