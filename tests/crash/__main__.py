"""Kill the daemon again and again while it works, then count. `make crash` does so on both.

Usage: python -m tests.crash [--kills N] [--database sqlite|postgresql] [--power | --harsh]
                             [--seed N] [--minutes N] [--keep FOLDER]
With `--power` each kill is a power cut: what was not synced is lost, or survives in part (SQLite;
needs a C compiler); with `--harsh` nothing of it survives.
Exit status 0 where every text was accounted for and none was doubled.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests import postgres
from tests.crash.power import PowerCuts, powered
from tests.crash.run import Crashes, site_in
from tests.e2e.site import folder_of, running

if TYPE_CHECKING:
    from collections.abc import Iterator

_TELL_EVERY = 20  # kills


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--harsh", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args()
    began, limit_s = time.monotonic(), given.minutes * 60

    def tell(done: int) -> None:
        if done % _TELL_EVERY == 0:
            print(f"{done} kills in {time.monotonic() - began:.0f} s", flush=True)

    with folder_of(given.keep, "crash-") as folder:
        if given.power or given.harsh:
            with powered(folder) as (site, disk):
                cuts = PowerCuts(site, disk, given.seed, nothing=given.harsh)
                verdict = Crashes(site, given.kills, given.seed, cuts, tell, limit_s).go()
            print(f"{disk.cuts} power cuts, {disk.lost} changes not synced, {disk.syncs} syncs")
        else:
            with _database(given.database, folder) as url, running(site_in(folder, url)) as site:
                verdict = Crashes(site, given.kills, given.seed, None, tell, limit_s).go()
    print(f"{given.database}, {time.monotonic() - began:.0f} s")
    print("\n".join(verdict.lines()))
    return 0 if verdict.held else 1


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/modemgw.db"
        return
    with postgres.serving() as server, postgres.database(server.url) as url:
        yield url


if __name__ == "__main__":
    sys.exit(main())
