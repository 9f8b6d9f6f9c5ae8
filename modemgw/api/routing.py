"""A route: what is served where, to whom, and how it is described."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web

from modemgw.gateway.requests import Caller

if TYPE_CHECKING:
    from pydantic import BaseModel

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

CALLER = web.RequestKey("caller", Caller)


class Scope(StrEnum):
    """What a key may be used for."""

    SEND = "send"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. Without a model it has no JSON: `media_type` says what it is, if anything.

    The same body may come with another status, `or_status`. `sample` is an example of what has no
    model, where it says more than one of its media type.
    """

    status: int = 200
    model: type[BaseModel] | None = None
    media_type: str | None = None
    description: str = "OK"
    or_status: int | None = None
    sample: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `scope` is what the key needs; None: no key is asked for.

    `problems` are the kinds that this route gives beyond those that every route of its sort gives.
    `for_bound`: it serves keys that are bound to pools, and looks after what they may see; any
    other route refuses them. `takes` is the media type of a body that is no JSON.
    `counted`: the limits of the key are told. `shows_people`: a read of it is noted each time.
    """

    method: str
    path: str
    handler: Handler
    scope: Scope | None
    summary: str
    answer: Answer
    tag: str
    description: str = ""
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    body_required: bool = True
    takes: str | None = None
    idempotent_by_key: bool = False
    problems: tuple[str, ...] = ()
    for_bound: bool = False
    counted: bool = False
    shows_people: bool = False
    examples: dict[str, Any] = field(default_factory=dict)  # bodies, by a name in words


def exact_methods(routes: Iterable[Route]) -> dict[str, str]:
    """The methods of each path without variables, joined as in the header Allow."""
    found: dict[str, set[str]] = {}
    for route in routes:
        if "{" not in route.path:
            found.setdefault(route.path, set()).add(route.method)
    return {path: ",".join(sorted(methods)) for path, methods in found.items()}
