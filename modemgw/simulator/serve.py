"""Runs a bank until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from modemgw.simulator import clock_server, control
from modemgw.simulator.bank import Bank

if TYPE_CHECKING:
    from modemgw.simulator.options import Options


def serve(options: Options) -> int:
    """Run a bank until SIGTERM or SIGINT; the exit status of the process.

    That is 2 where the scenario asks for what there is not. Prints `simulator ready` when all links
    and the sockets stand.
    """
    return asyncio.run(_serve(options))


async def _serve(options: Options) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
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
    except OSError as problem:
        sys.stderr.write(f"modemgw simulate: {problem}\n")
        return 1
    finally:
        for server in servers:
            await server.close()
        bank.close()
    return 0
