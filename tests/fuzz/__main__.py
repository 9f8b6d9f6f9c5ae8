"""All targets, one after the other: `python -m tests.fuzz [--seconds N] [--only TARGET …]`.

Each gets an equal share of the time, in a process of its own. What was learned stays in
`.fuzz/corpus` for the next time; an input that breaks something is kept in `.fuzz/crashes`, and
`python -m tests.fuzz.one TARGET FILE` runs it again. Exit status 1 if there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .targets import TARGETS, Target

FOLDER = Path(".fuzz")
LONGEST = 2048  # octets of an input
SLOWEST_S = 10  # an input that takes longer is a finding: no unbounded work

_COVERAGE = re.compile(r"\bcov: (\d+) ft: (\d+)")
_EXECUTIONS = re.compile(r"^stat::number_of_executed_units: (\d+)")


@dataclass(frozen=True, slots=True)
class Result:
    """What one target came to: executions, branches covered, features, exit status 0 if fine."""

    target: str
    executions: int
    coverage: int
    features: int
    status: int


def sow(target: Target) -> Path:
    """The target's corpus, with its seeds in it."""
    corpus = FOLDER / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    return corpus


def fuzz(target: Target, seconds: int) -> Result:
    """Run `target` for that long, its output passed on as it comes."""
    crashes = FOLDER / "crashes"
    crashes.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "tests.fuzz.one", target.name,
        f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOWEST_S}",
        f"-artifact_prefix={crashes}/{target.name}-", "-print_final_stats=1", str(sow(target)),
    ]  # fmt: skip
    executions = coverage = features = 0
    with subprocess.Popen(
        command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "NEW" not in line and "REDUCE" not in line:
                print(f"{target.name}: {line}", end="", flush=True)
            if found := _COVERAGE.search(line):
                coverage, features = int(found[1]), int(found[2])
            if found := _EXECUTIONS.match(line):
                executions = int(found[1])
    return Result(target.name, executions, coverage, features, process.returncode)


def show(results: list[Result]) -> None:
    """A table, and the sum."""
    print(f"\n{'target':20} {'executions':>12} {'branches':>9} {'features':>9}  found")
    for r in results:
        found = "nothing" if r.status == 0 else f"status {r.status}, see {FOLDER}/crashes"
        print(f"{r.target:20} {r.executions:12,} {r.coverage:9,} {r.features:9,}  {found}")
    print(f"{'all':20} {sum(r.executions for r in results):12,}", flush=True)


def main() -> int:
    """Fuzz, sum up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600, help="for all targets together")
    parser.add_argument("--only", nargs="+", default=[target.name for target in TARGETS])
    wanted = parser.parse_args()
    targets = [target for target in TARGETS if target.name in wanted.only]
    results = [fuzz(target, max(1, wanted.seconds // len(targets))) for target in targets]
    show(results)
    return 0 if all(result.status == 0 for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
