"""Runs a bank until it is told to stop."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from modemgw.simulator import clock_server, control
from modemgw.simulator.bank import Bank
from modemgw.simulator.journal import JournalError
from modemgw.simulator.line_server import CONNECTIONS_LIMIT

if TYPE_CHECKING:
    from modemgw.simulator.options import Options


_FILES_OF_A_MODEM: Final = 2  # a terminal's two ends
_OTHER_FILES: Final = 64 + 2 * CONNECTIONS_LIMIT


def serve(options: Options) -> int:
    """Run a bank until SIGTERM or SIGINT; the exit status of the process.

    That is 2 where the scenario asks for what there is not. Prints `simulator ready` when all links
    and the sockets stand.
    """
    return asyncio.run(_serve(options))


async def _serve(options: Options) -> int:
    stopped = asyncio.Event()
    failures: list[JournalError] = []

    def noticed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        problem = context.get("exception")
        if isinstance(problem, JournalError):
            failures.append(problem)
            stopped.set()
        else:
            loop.default_exception_handler(context)

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(noticed)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    _raise_file_limit(options.modems)
    try:
        bank = Bank(options)
    except ValueError as problem:
        sys.stderr.write(f"modemgw simulate: {problem}\n")
        return 2
    except OSError as problem:
        sys.stderr.write(f"modemgw simulate: {problem}\n")
        return 1
    servers = (
        control.ControlServer(bank, options.dir / control.SOCKET_NAME),
        clock_server.ClockServer(bank, options.dir / clock_server.SOCKET_NAME),
    )
    try:
        bank.power_on()
        for server in servers:
            await server.start()
        sys.stdout.write("simulator ready\n")
        sys.stdout.flush()
        await stopped.wait()
        if failures:
            raise failures[0]
    except OSError as problem:
        sys.stderr.write(f"modemgw simulate: {problem}\n")
        return 1
    finally:
        for server in servers:
            await server.close()
        bank.close()
    return 0


def _raise_file_limit(modems: int) -> None:
    """As many open files as the bank may need, if the hard limit lets it."""
    wanted = modems * _FILES_OF_A_MODEM + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
