"""What happens around every request: an id, a line in the log, and a problem for every error."""

from __future__ import annotations

import re
import time
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from modemgw.api.clients import CLIENT, client_of
from modemgw.api.connections import connection_of
from modemgw.api.problems import Problem, ProblemError, of_rate, of_refusal
from modemgw.api.twilio.faults import of_problem
from modemgw.api.twilio.resource import VERSION
from modemgw.gateway.requests import ConflictError, RateLimitedError, RefusalError
from modemgw.ids import new_id
from modemgw.store.errors import StoreOverloadedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Middleware

    from modemgw.api.clients import Network
    from modemgw.api.metrics import Metrics
    from modemgw.api.routing import Handler

log = structlog.get_logger(__name__)

REQUEST_ID = web.RequestKey("request_id", str)
# The methods of addresses without variables, as the header Allow has them.
EXACT: web.AppKey[dict[str, str]] = web.AppKey("exact", dict)
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_KIND_OF_STATUS = {
    404: "not-found",
    405: "method-not-allowed",
    408: "timeout",
    413: "too-large",
    415: "unsupported-media-type",
}


def around(metrics: Metrics, proxies: Sequence[Network]) -> Middleware:
    """The middleware: outermost, so that nothing escapes it."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-Id", "")
        connection = connection_of(request)
        if connection is not None:
            connection.request_began()
        request[REQUEST_ID] = given if _ACCEPTABLE_ID.fullmatch(given) else new_id("req")
        request[CLIENT] = client_of(request.remote, request.headers, proxies)
        began = time.monotonic()
        try:
            response = await answered(request, handler)
        finally:
            if connection is not None:
                connection.request_ended()
        seconds = time.monotonic() - began
        route = _template(request)
        metrics.served(request.method, route, response.status, seconds)
        write = log.info if response.status >= HTTPStatus.BAD_REQUEST else log.debug
        write(
            "http",
            method=request.method,
            route=route,
            status=response.status,
            ms=round(seconds * 1000, 1),
            request=request[REQUEST_ID],
            client=request[CLIENT].address,
        )
        return response

    return middleware


def _template(request: web.Request) -> str:
    """The path with its variables unnamed: what varies may be somebody's number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the handler answers, or the problem that it ended with."""
    try:
        return await handler(request)
    except ProblemError as error:
        return error.problem.response()
    except RefusalError as refusal:
        return of_refusal(refusal).response()
    except RateLimitedError as error:
        return of_rate(error).response()
    except ConflictError:
        words = "this Idempotency-Key came with another request before; use a new one"
        return Problem("idempotency-conflict", words).response()
    except StoreOverloadedError as error:
        return Problem("overloaded", str(error)).response()
    except StoreUnavailableError as error:
        log.warning("database_unavailable", error=str(error), request=request[REQUEST_ID])
        return Problem("unavailable", "the database cannot be used now").response()
    except web.HTTPException as error:
        return _of_http(request, error)
    except ConnectionError:
        raise  # the client has gone
    except Exception as error:
        failed = {"request": request[REQUEST_ID], **_without_values(error)}
        log.error("request_failed", **failed)  # noqa: TRY400 - the traceback alone, see there
        return Problem("internal", f"see the log for request {request[REQUEST_ID]}").response()


def _of_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        return web.Response(status=error.status, headers=error.headers)
    kind = _KIND_OF_STATUS.get(error.status, "bad-request")
    headers = {}
    if "Allow" in error.headers:  # aiohttp adds what is allowed where a {variable} fits, too
        headers["Allow"] = request.app[EXACT].get(request.path, error.headers["Allow"])
    words = error.reason
    if kind == "not-found":
        words = "nothing is served here; /openapi.json lists what is"
    problem = Problem(kind, words, headers=headers)
    if request.path.startswith(f"/{VERSION}/"):
        return of_problem(problem).response(**headers)
    return problem.response()


def _without_values(error: Exception) -> dict[str, str]:
    """Where it happened. The message stays out: a database's may quote texts and numbers."""
    return {
        "type": type(error).__name__,
        "trace": "".join(traceback.format_tb(error.__traceback__)),
    }


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer, added just before it goes out."""
    response.headers["Server"] = "modemgw"
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
