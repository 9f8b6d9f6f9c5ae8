"""The power command: what cuts a modem's power and gives it back."""

from __future__ import annotations

import asyncio
import logging
import shlex

_log = logging.getLogger(__name__)


async def cycle(path: str, command: str, limit_s: float) -> None:
    """Run the command, without a shell, `{port}` in it replaced. What fails is logged."""
    arguments = [part.replace("{port}", path) for part in shlex.split(command)]
    try:
        process = await asyncio.create_subprocess_exec(*arguments)
    except OSError as error:
        _log.error("%s: the power command does not start: %s", path, error)
        return
    try:
        async with asyncio.timeout(limit_s):
            status = await process.wait()
    except TimeoutError:
        process.kill()
        _log.error("%s: the power command did not end in time", path)
        return
    if status != 0:
        _log.error("%s: the power command failed with status %d", path, status)
