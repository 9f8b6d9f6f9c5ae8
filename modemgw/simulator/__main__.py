"""`python -m modemgw.simulator`: the bank without the rest of the program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modemgw.simulator import Options, serve
from modemgw.simulator.personality import DEFAULT_PROFILES


def main() -> int:
    parser = argparse.ArgumentParser(prog="modemgw.simulator", description=__doc__)
    parser.add_argument("--modems", type=int, default=4)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--profile", default=",".join(DEFAULT_PROFILES))
    parser.add_argument("--submit-ms", type=float, default=50.0)
    parser.add_argument("--report-ms", type=float, default=50.0)
    parser.add_argument("--boot-ms", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    try:
        options = Options(
            modems=given.modems,
            dir=given.dir,
            profiles=tuple(given.profile.split(",")),
            submit_ms=given.submit_ms,
            report_ms=given.report_ms,
            boot_ms=given.boot_ms,
            seed=given.seed,
        )
    except ValueError as problem:
        parser.error(str(problem))
    return serve(options)


if __name__ == "__main__":
    sys.exit(main())
