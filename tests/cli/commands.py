"""The command, run as anybody would: the installed one, or its entry point in this process."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from modemgw.cli import main

COMMAND = str(Path(sys.executable).parent / "modemgw")
LIMIT_S = 60


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would lead the command elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "NOTIFY_SOCKET" and not name.startswith("MODEMGW_")
    }
    return kept | more


def run_installed(
    *arguments: str, cwd: Path, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the installed command to its end."""
    return subprocess.run(
        (COMMAND, *arguments),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        cwd=cwd,
        env=environment(**variables),
        check=False,
    )


def run(
    *arguments: str, cwd: Path, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the entry point in this process, with arguments, streams, folder and variables set."""
    out, error = io.StringIO(), io.StringIO()
    status = 0
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, environment(COLUMNS="200", **variables), clear=True),
        mock.patch.object(sys, "argv", ["modemgw", *arguments]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
    ):
        try:
            main.run()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), error.getvalue())
