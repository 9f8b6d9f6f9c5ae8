"""A campaign for many people who refuse, one after the other, while it runs.

Usage: python -m tests.stop_race.crowd [--texts N] [--people N] [--modems N] [--seed N]
                                       [--database sqlite|postgresql] [--keep FOLDER]
All texts are queued, as many for each; then everybody writes STOP once, to any modem, while the
lines send. Exit status 0 where nothing went to anybody behind it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.site import folder_of, wait_for
from tests.stop_race.hosts import database, standing
from tests.stop_race.verdict import Verdict, read

if TYPE_CHECKING:
    from tests.stop_race.hosts import Hosts

SUBMIT_MS = 200
_REST_S = 600.0


def campaign(folder: Path, url: str, *, texts: int, people: int, modems: int, seed: int) -> Verdict:
    """What came of it."""
    chance = random.Random(seed)
    numbers = [f"+1556{index:07}" for index in range(people)]
    bodies = [
        {"to": numbers[token % people], "text": f"T{token} An offer"}
        for token in range(1, texts + 1)
    ]
    with standing(folder, url, 1, modems=modems, submit_ms=SUBMIT_MS) as hosts:
        hosts.bank.send_each(bodies)
        _refuse(hosts, numbers, chance)
        site = hosts.bank
        wait_for(
            "every opt-out", lambda: len(site.items("/v1/optouts?limit=500")) == people, _REST_S
        )
        wait_for(
            "the queue to empty",
            lambda: not site.get("/v1/messages?status=queued&limit=1")["items"],
            _REST_S,
        )
        hosts.end_watch()
        return read(hosts, url)


def _refuse(hosts: Hosts, numbers: list[str], chance: random.Random) -> None:
    """Everybody, in a random order, as fast as the modems take it in."""
    for number in chance.sample(numbers, len(numbers)):
        hosts.bank.inject(chance.randrange(hosts.modems), number, "STOP")
        time.sleep(chance.uniform(0, 0.1))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.stop_race.crowd", description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--modems", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args()
    began = time.monotonic()
    with folder_of(given.keep, "crowd-") as folder, database(given.database, folder) as url:
        verdict = campaign(
            folder,
            url,
            texts=given.texts,
            people=given.people,
            modems=given.modems,
            seed=given.seed,
        )
    print(f"{given.database}, seed {given.seed}, {time.monotonic() - began:.0f} s")
    print(f"{given.texts} texts to {given.people} people on {given.modems} modems")
    print("\n".join(verdict.lines()))
    return 0 if verdict.held else 1


if __name__ == "__main__":
    sys.exit(main())
