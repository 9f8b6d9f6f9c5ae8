"""The API as a whole: made from its resources, bound to its addresses, started and stopped."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from modemgw.api import cors
from modemgw.api.auth import Auth
from modemgw.api.bank import Bank
from modemgw.api.check import Checks
from modemgw.api.clients import networks
from modemgw.api.connections import Http
from modemgw.api.consent import Consent
from modemgw.api.consents import Consents
from modemgw.api.conversations import Conversations
from modemgw.api.courier import Courier
from modemgw.api.deliveries import Deliveries
from modemgw.api.docs import Docs
from modemgw.api.door import Door
from modemgw.api.edge import Edge
from modemgw.api.feed import Feed
from modemgw.api.keys import Keys
from modemgw.api.lines import Lines
from modemgw.api.lists import ConsentLists, OptOutLists
from modemgw.api.messages import Messages
from modemgw.api.metrics import Metrics
from modemgw.api.middleware import EXACT, add_headers, around
from modemgw.api.modems import Modems
from modemgw.api.persons import Persons
from modemgw.api.pools import Pools
from modemgw.api.preview import Preview
from modemgw.api.pump import Pump
from modemgw.api.recordings import Recordings
from modemgw.api.reviews import Reviews
from modemgw.api.routing import exact_methods
from modemgw.api.settings import ApiSettings
from modemgw.api.sockets import Sockets
from modemgw.api.streams import Streams
from modemgw.api.system import System
from modemgw.api.tls import Certificate, CertificateError
from modemgw.api.twilio.callbacks import SCHEME, Callbacks
from modemgw.api.twilio.messages import TwilioMessages
from modemgw.api.ussd import Ussd
from modemgw.api.webhooks import Webhooks
from modemgw.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Middleware

    from modemgw.api.courier import Carrier
    from modemgw.api.routing import Route
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.events import Published

__all__ = ["Api", "ApiError", "ApiSettings"]

log = structlog.get_logger(__name__)

LINGERING_S = 2.0  # for the rest of a body that was refused, so that its sender reads why


class ApiError(Exception):
    """The API cannot be served as configured; the words say what to do."""


class Api:
    """The HTTP API of one daemon."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        """Raises ApiError when the settings cannot be meant so."""
        self._gateway, self._settings = gateway, settings
        try:
            self._courier = Courier(settings)
        except ValueError as error:
            raise ApiError(f"api.allowed_hosts: {error}") from None
        try:
            self._proxies = networks(settings.trusted_proxies)
            self._certificate = None if settings.tls is None else Certificate(*settings.tls)
        except ValueError as error:
            raise ApiError(f"api.trusted_proxies: {error}") from None
        except CertificateError as error:
            raise ApiError(f"api.tls_certificate: {error}") from None
        self._feed = Feed(gateway.reader, settings.poll_s)
        self._auth = Auth(gateway)
        self._callbacks = Callbacks(
            gateway, self._auth, self._courier.allowed, settings, settings.twilio
        )
        self._pump = Pump(gateway, self._carrier_to, settings)
        self._metrics = Metrics(gateway)
        context = None if self._certificate is None else self._certificate.context
        self._edge = Edge(settings, self._proxies, context)
        self._metrics.watch(self._edge)
        self._runner: web.AppRunner | None = None
        self.addresses: tuple[str, ...] = ()

    @property
    def routes(self) -> tuple[Route, ...]:
        """Everything that is served."""
        return self._routes(Docs())

    def _routes(self, docs: Docs) -> tuple[Route, ...]:
        gateway, settings = self._gateway, self._settings
        streams = Streams(self._feed, self._auth, settings)
        resources = (
            Preview(gateway, settings),
            Checks(gateway, settings),
            Messages(gateway, settings),
            Conversations(gateway, settings),
            Reviews(gateway, settings),
            OptOutLists(gateway, settings),
            ConsentLists(gateway, settings),
            Consent(gateway, settings),
            Consents(gateway, settings),
            Persons(gateway),
            Lines(gateway, settings),
            Pools(gateway, settings),
            Modems(gateway, settings),
            Bank(gateway),
            Recordings(gateway),
            Ussd(gateway, settings),
            Webhooks(gateway, self._pump, self._courier, settings),
            Deliveries(gateway, self._pump, settings),
            Keys(gateway, self._auth, settings),
            streams,
            Sockets(self._feed, self._auth, streams, settings),
            System(gateway, self._metrics),
            docs,
        )
        return tuple(route for resource in resources for route in resource.routes())

    def _carrier_to(self, address: str) -> Carrier:
        return self._callbacks if address.startswith(SCHEME) else self._courier

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens."""
        scheme = "http" if self._certificate is None else "https"
        return tuple(f"{scheme}://{address}" for address in self.addresses)

    @property
    def certificate(self) -> Certificate | None:
        """What it speaks TLS with; None: it does not."""
        return self._certificate

    # -- its life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen on all addresses. Raises ApiError when one of them may not or cannot be had."""
        await self._check_addresses()
        settings = self._settings
        runner = web.AppRunner(self._application(), shutdown_timeout=settings.stop_grace_s)
        await runner.setup()
        self._runner, manager = runner, runner.server
        assert manager is not None
        server = partial(
            Http,
            manager,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # which its documentation allows
            # The clocks of `connections` end a connection before this one does.
            keepalive_timeout=settings.head_timeout_s + settings.keepalive_timeout_s,
            lingering_time=LINGERING_S,
            auto_decompress=False,  # see `jsonbody`
        )
        try:
            for host, port in settings.listen:
                await self._listen(server, host, port)
        except ApiError:
            await self.stop()
            raise
        self.addresses = tuple(_written(address) for address in self._edge.addresses)

    async def run(self) -> None:
        """Feed streams and pump webhooks, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed.run(), name="event feed")
            group.create_task(self._pump.run(), name="webhook pump")
            if self._certificate is not None:
                group.create_task(self._certificate.run(), name="certificate")

    async def stop(self) -> None:
        """End streams and requests within the grace, and close the ports. May be called twice."""
        self._feed.close()
        await self._edge.close()
        runner, self._runner = self._runner, None
        ends = [self._pump.stop()] if runner is None else [self._pump.stop(), runner.cleanup()]
        await asyncio.gather(*ends)
        await self._callbacks.close()
        await self._courier.close()

    def published(self, published: Published) -> None:
        """Events were committed. Called on the loop's thread."""
        self._feed.wake()
        if published.deliveries:
            self._pump.published(published)

    # -- the server -----------------------------------------------------------------------------

    def _application(self) -> web.Application:
        docs = Docs()
        routes = self._routes(docs)
        docs.describe(routes)
        application = web.Application(
            middlewares=[around(self._metrics, self._proxies), *self._preflights()],
            client_max_size=self._settings.batch_body_limit,
        )
        application[EXACT] = exact_methods(routes)
        door = Door(self._gateway, self._auth, self._settings)
        for route in routes:
            application.router.add_route(route.method, route.path, door.guarded(route))
            if route.scope is None:  # monitors ask with HEAD
                application.router.add_route("HEAD", route.path, route.handler)
        for method, path, handler in self._twilio().routes():
            application.router.add_route(method, path, handler)
        application.on_response_prepare.append(add_headers)
        if self._settings.cors_origins:
            application.on_response_prepare.append(cors.allow(self._settings.cors_origins))
        return application

    def _twilio(self) -> TwilioMessages:
        settings, allowed = self._settings, self._courier.allowed
        return TwilioMessages(self._gateway, self._auth, allowed, settings)

    def _preflights(self) -> list[Middleware]:
        origins = self._settings.cors_origins
        return [cors.preflights(origins)] if origins else []

    async def _check_addresses(self) -> None:
        beyond = [host for host, _ in self._settings.listen if not _is_loopback(host)]
        if not beyond:
            return
        if not self._settings.allow_anywhere and self._certificate is None:
            raise ApiError(
                f"api.listen: {beyond[0]} is reachable from other machines, in the clear; listen "
                "on 127.0.0.1 behind a proxy with TLS, or set api.tls_certificate, or "
                "api.allow_anywhere"
            )
        now = self._gateway.clock()
        if not await self._gateway.reader.run(lambda c: keys.any_key(c, now)):
            raise ApiError(
                f"api.listen: {beyond[0]} is reachable from other machines, and there is no key "
                "yet; make one with `modemgw keys create`"
            )

    async def _listen(self, server: Callable[[], Http], host: str, port: int) -> None:
        where = f"{host}:{port}"
        try:
            await self._edge.listen(server, host, port)
        except socket.gaierror as error:
            raise ApiError(f"api.listen: {host} is no address of this machine: {error}") from None
        except OSError as error:
            raise ApiError(f"api.listen: cannot listen on {where}: {_why(error)}") from None


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program listens there; stop it, or choose another port"
        case errno.EACCES:
            return "ports below 1024 need rights that we do not have; choose a higher one"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address"
        case _:
            return error.strerror or str(error)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _written(address: tuple[object, ...]) -> str:
    host, port = str(address[0]), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
