"""Refusals race sends, thousands of times; `make race` does so on every combination.

Usage: python -m tests.stop_race [--database sqlite|postgresql] [--hosts 1|2] [--seed N]
                                 [--rounds N] [--keep FOLDER]
Exit status 0 where no part without a permit was at its Ctrl-Z after an opt-out could be seen, but
those that were recorded as in flight.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.e2e.site import folder_of
from tests.stop_race.hosts import database
from tests.stop_race.run import race

_TELL_EVERY_S = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.stop_race", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--hosts", type=int, choices=(1, 2), default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args()
    if given.hosts > 1 and given.database == "sqlite":
        parser.error("SQLite serves one host")
    began = told = time.monotonic()

    def tell(rounds: int, kills: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_EVERY_S:
            told = time.monotonic()
            print(f"{rounds} rounds, {kills} kills in {told - began:.0f} s", flush=True)

    with folder_of(given.keep, "race-") as folder, database(given.database, folder) as url:
        verdict, traffic, kills = race(
            folder, url, hosts=given.hosts, rounds=given.rounds, seed=given.seed, tell=tell
        )
    took_s = time.monotonic() - began
    print(f"{given.database}, {given.hosts} hosts, seed {given.seed}, {took_s:.0f} s")
    accepted = sum(lane.accepted for lane in traffic.lanes)
    refused = sum(lane.refused for lane in traffic.lanes)
    print(f"{traffic.rounds} rounds, {kills} kills, {accepted} accepted, {refused} refused")
    print("\n".join(verdict.lines()))
    return 0 if verdict.held else 1


if __name__ == "__main__":
    sys.exit(main())
