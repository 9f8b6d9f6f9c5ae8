"""`make judges`: brings the judges here, lets each try the simulated bank, prints what happened.

Usage: python -m tests.judges [--only KEY ...] [--markdown FILE]
Exit status 0 where everything held, 1 where something did not, 2 where a judge is missing.
"""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.judges.programs import JUDGES, MissingError, bring
from tests.judges.table import Table, versions

_HERE = Path(__file__).parent


def main() -> int:
    keys = [judge.key for judge in JUDGES]
    parser = argparse.ArgumentParser(prog="tests.judges", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=keys, default=keys, metavar="KEY")
    parser.add_argument("--markdown", type=Path, help="where to write the table, too")
    given = parser.parse_args()
    try:
        bring(judge for judge in JUDGES if judge.key in given.only)
    except MissingError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    table = Table()
    files = [str(_HERE / f"test_{key}.py") for key in given.only]
    status = pytest.main(["-m", "judges", "-q", *files], plugins=[table])
    written = (
        f"{datetime.now(UTC):%Y-%m-%d}, {_system()}, Python {platform.python_version()}: "
        f"{versions(given.only)}.\n\n{table}\n"
    )
    print("\n" + written)
    if given.markdown is not None:
        given.markdown.write_text(written, encoding="utf-8")
    return 1 if status else 0


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


if __name__ == "__main__":
    sys.exit(main())
