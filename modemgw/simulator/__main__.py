"""`python -m modemgw.simulator`: the bank without the rest of the program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modemgw.simulator import chosen, load_scenario, serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="modemgw.simulator", description=__doc__)
    parser.add_argument("--modems", type=int)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--profile")
    parser.add_argument("--scenario", type=Path)
    parser.add_argument("--submit-ms", type=float)
    parser.add_argument("--report-ms", type=float)
    parser.add_argument("--boot-ms", type=float)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    try:
        options = chosen(
            given.dir,
            load_scenario(given.scenario) if given.scenario else None,
            modems=given.modems,
            profiles=tuple(given.profile.split(",")) if given.profile else None,
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
