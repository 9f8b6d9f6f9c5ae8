"""The daemon: puts the rooms together, starts them in order, stops them in the reverse."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from modemgw import logs
from modemgw.api.app import Api, ApiError, ApiSettings
from modemgw.api.twilio.callbacks import EVENTS, SCHEME
from modemgw.clock import SYSTEM, ClockError, SharedClock
from modemgw.config import CLOCK_PREFIX, ConfigError, load, read_secret
from modemgw.gateway.gateway import Gateway
from modemgw.modem.bank import Bank
from modemgw.store import webhooks
from modemgw.store.checkpoint import Checkpointer
from modemgw.store.engine import sole_daemon
from modemgw.store.errors import StoreError, StoreUnavailableError
from modemgw.store.ledger import Ledger
from modemgw.store.reader import Reader
from modemgw.store.schema import migrate
from modemgw.store.webhooks import Endpoint
from modemgw.store.writer import Writer
from modemgw.wiring import accounts, api_settings, bank_settings, gateway_settings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from modemgw.clock import Clock
    from modemgw.config import Config
    from modemgw.gateway.settings import (
        GatewaySettings,
    )
    from modemgw.modem.settings import (
        BankSettings,
    )
    from modemgw.store.engine import Tenure
    from modemgw.store.events import Published

log = structlog.get_logger(__name__)

OK, FAILED, BAD_CONFIGURATION = 0, 1, 2
STOP_LIMIT_S = 15.0
PROBE_LIMIT_S = 20.0
TENURE_S = 2.0
WANTED_FILES = 16_384
# The writer's thread gives the interpreter away when it commits, and with every statement that it
# runs itself, and gets it back so much later at the most where the loop is busy.
SWITCH_INTERVAL_S = 0.002


def run(path: Path) -> int:
    """Run in the foreground until SIGTERM or SIGINT; the exit status."""
    try:
        config = load(path)
        settings = gateway_settings(config)
        bank = bank_settings(config)
        audit_key = read_secret(config.audit_key_file, "audit.key_file")
    except ConfigError as error:
        print(f"modemgw: {error}", file=sys.stderr)  # noqa: T201 - before logging is set up
        return BAD_CONFIGURATION
    logs.set_up(config.log.level, config.log.format)
    _raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        with sole_daemon(config.database_url, config.host) as tenure:
            migrate(config.database_url)
            twilio = accounts(config)
            api = replace(api_settings(config), twilio=twilio)
            asyncio.run(_Daemon(config, settings, bank, api, tenure, audit_key).serve())
    except ConfigError as error:  # what only the database could tell
        print(f"modemgw: {error}", file=sys.stderr)  # noqa: T201 - a word for a person
        return BAD_CONFIGURATION
    except (StoreError, ApiError, ClockError) as error:
        print(f"modemgw: {error}", file=sys.stderr)  # noqa: T201 - the last word, for a person
        return FAILED
    except BaseExceptionGroup as group:
        log.exception("daemon_failed", exc_info=group)
        return FAILED
    return OK


class _Daemon:
    """One run."""

    def __init__(
        self,
        config: Config,
        settings: GatewaySettings,
        bank: BankSettings,
        api: ApiSettings,
        tenure: Tenure,
        audit_key: bytes,
    ) -> None:
        self._config, self._settings = config, settings
        self._bank_settings, self._api_settings = bank, api
        self._audit_key = audit_key
        self._tenure = tenure
        self._ending = asyncio.Event()

    async def serve(self) -> None:
        """Start everything, wait for a signal or a death, stop everything."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        config = self._config
        clock = await _clock(config.test.clock)
        writer = Writer(
            config.database_url,
            config.host,
            published=self._published,
            ledger=Ledger(config.host, self._audit_key),
        )
        reader = Reader(config.database_url)
        checkpointer = Checkpointer(config.database_url, writer.copy_wal)
        gateway = Gateway(writer, reader, self._settings, config.answers(), clock)
        self._api = Api(gateway, self._api_settings)
        bank = Bank(replace(self._bank_settings, clock=clock), gateway)
        writer.start()
        checkpointer.start()
        try:
            await gateway.prepare()
            _collect_seldom()
            await self._sync_webhooks(writer, clock())
            await self._api.start()
            loop.add_signal_handler(signal.SIGHUP, self._read_again, gateway)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._owned(gateway.run()), name="gateway"),
                    group.create_task(self._owned(self._api.run()), name="api"),
                    group.create_task(self._owned(bank.run()), name="bank"),
                    group.create_task(self._owned(self._watchdog(writer)), name="watchdog"),
                    group.create_task(self._owned(self._keep_tenure()), name="tenure"),
                ]
                if isinstance(clock, SharedClock):
                    tasks.append(group.create_task(self._owned(clock.run()), name="clock"))
                self._announce()
                await self._ending.wait()
                _notify("STOPPING=1")
                log.info("stopping")
                await self._stop(gateway, tasks)
        finally:
            await self._api.stop()
            checkpointer.stop()
            await writer.stop()
            reader.close()

    def _read_again(self, gateway: Gateway) -> None:
        """Look at the files that may change while we run."""
        gateway.lists.soon()
        if self._api.certificate is not None:
            self._api.certificate.ask_again()

    def _published(self, published: Published) -> None:
        self._api.published(published)

    @staticmethod
    async def _owned(work: Coroutine[object, object, None]) -> None:
        """A task that ends by itself is a fault: the group then ends the others."""
        await work
        raise RuntimeError("a part of the daemon ended by itself")

    async def _stop(self, gateway: Gateway, tasks: list[asyncio.Task[None]]) -> None:
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self._api.stop()
                await gateway.stop()
        except TimeoutError:
            log.warning("stopped_before_all_had_ended")
        for task in reversed(tasks):
            task.cancel()

    async def _sync_webhooks(self, writer: Writer, now: float) -> None:
        wanted = [Endpoint(w.url, tuple(w.events), w.secret) for w in self._config.webhooks]
        wanted += [
            Endpoint(SCHEME + sid, EVENTS, secret="") for sid in self._api_settings.twilio.accounts
        ]
        await writer.run(lambda tx: webhooks.sync_configured(tx.connection, wanted, now))

    def _announce(self) -> None:
        where = " ".join(self._api.urls)
        print(f"modemgw ready {where}", flush=True)  # noqa: T201 - a promise to whoever starts us
        _notify(f"READY=1\nSTATUS=listening on {where}")
        log.info("ready", listen=where, host=self._config.host)

    async def _watchdog(self, writer: Writer) -> None:
        """Feed systemd's watchdog while the loop turns and the writer answers, if only "no"."""
        every_s = int(os.environ.get("WATCHDOG_USEC", "60000000")) / 3e6
        while True:
            try:
                async with asyncio.timeout(PROBE_LIMIT_S):
                    await self._probe(writer)
            except TimeoutError:
                log.critical("writer_hangs")
            else:
                _notify("WATCHDOG=1")
            await asyncio.sleep(every_s)

    async def _keep_tenure(self) -> None:
        """Stay this host's one daemon, though the server restarts."""
        while True:
            await asyncio.sleep(TENURE_S)
            await asyncio.to_thread(self._tenure.renew)

    @staticmethod
    async def _probe(writer: Writer) -> None:
        with contextlib.suppress(StoreUnavailableError):  # an answer, too
            await writer.run(lambda _tx: None)


async def _clock(address: str) -> Clock:
    """The system's, or for a test the one at this address. Raises ClockError."""
    if not address:
        return SYSTEM
    clock = SharedClock(Path(address.removeprefix(CLOCK_PREFIX)))
    await clock.connect()
    log.warning("test_clock", words=clock.warning)
    return clock


def _notify(state: str) -> None:
    """Tell systemd, where it wants to be told (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address.replace("@", "\0", 1))


def _collect_seldom() -> None:
    """Collect garbage again, which `modemgw run` has left while all was loaded, but seldom.

    What is loaded stays, with the little garbage among it.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
