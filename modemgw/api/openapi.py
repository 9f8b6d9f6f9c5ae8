"""The OpenAPI 3.1 description, made from the tables of routes and the models they name."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

import modemgw
from modemgw.api import samples
from modemgw.api.answers import ProblemDocument
from modemgw.api.problems import CONTENT_TYPE, KINDS, TYPE_BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel

    from modemgw.api.routing import Answer, Route

_VARIABLE = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{model}"
_INTRODUCTION = """\
Texts out and in over a bank of GSM modems.

Send `Authorization: Bearer KEY` (`modemgw keys create` makes keys). Times are RFC 3339 in UTC,
numbers E.164. Errors are problem documents (RFC 9457) whose `type` ends in a word for programs.
Repeat a request that got no answer with the same `Idempotency-Key`: it is carried out once."""

_LIMITS = {
    "RateLimit-Policy": "The limits of the key: `q` messages in `w` seconds. Without limits: none.",
    "RateLimit": "How they stand: `r` messages are left, until `t` seconds have passed.",
}
_RETRY = {"Retry-After": "Seconds until another try makes sense."}
_OF_STATUS = {401: {"WWW-Authenticate": "How a key is sent."}, 429: _RETRY, 503: _RETRY}
# Where what is made is read and changed, by the model that tells of it.
_LINKED = {"Message": "/v1/messages", "WebhookCreated": "/v1/webhooks", "MadeKey": "/v1/keys"}
# The first two where a head is no HTTP, too large, or too slow: before anybody knows the route.
_EVERY_ROUTE = ("bad-request", "timeout", "internal", "unavailable", "too-many-connections")
_WITH_KEY = ("unauthorized", "missing-scope", "in-the-clear", "too-many-guesses")
_WITH_BODY = ("bad-json", "too-large", "unsupported-media-type", "overloaded")
_WITH_TOKEN = ("bad-idempotency-key", "idempotency-conflict")


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole description as JSON."""
    models = _models(routes)
    modes = [(model, "serialization") for model in models]
    _, made = models_json_schema(modes, ref_template=_REF)  # type: ignore[arg-type]
    schemas = samples.with_patterns(made["$defs"])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route)
        _add_sample(operation, route.answer, schemas)
        _add_links(operation, route, routes)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "modemgw",
            "version": modemgw.__version__,
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _models(routes: Iterable[Route]) -> list[type[BaseModel]]:
    named = [model for route in routes for model in (route.answer.model, route.body) if model]
    return list(dict.fromkeys([ProblemDocument, *named]))


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
        "security": [] if route.scope is None else [{"key": []}],
    }
    words = [route.description] if route.description else []
    if route.scope is not None:
        words.append(f"Scope: `{route.scope}`.")
    operation["description"] = " ".join(words)
    if route.body is not None:
        content: dict[str, Any] = {"schema": _ref(route.body)}
        if route.examples:
            content["examples"] = {name: {"value": v} for name, v in route.examples.items()}
        operation["requestBody"] = {
            "required": route.body_required,
            "content": {"application/json": content},
        }
    elif route.takes is not None:
        text: dict[str, Any] = {"schema": {"type": "string"}}
        text["examples"] = {name: {"value": v} for name, v in route.examples.items()}
        operation["requestBody"] = {"required": True, "content": {route.takes: text}}
    return operation


def _responses(route: Route) -> dict[str, Any]:
    answer, good = route.answer, _answer(route)
    found = {str(answer.status): good, **_problems(route)}
    if answer.or_status is not None:
        other = found.get(str(answer.or_status), good)
        content = {**other.get("content", {}), **good["content"]}
        found[str(answer.or_status)] = {**other, "content": content}
    return found


def _add_sample(operation: dict[str, Any], answer: Answer, schemas: dict[str, Any]) -> None:
    """An example of the good answer, where it has a body."""
    for media_type, content in (
        operation["responses"][str(answer.status)].get("content", {}).items()
    ):
        if answer.model is None or answer.media_type is not None:
            value = answer.sample or samples.text_sample(media_type)
        else:
            value = samples.sample(_ref(answer.model), schemas)
        content["examples"] = {"such as": {"value": value}}


def _add_links(operation: dict[str, Any], route: Route, routes: Iterable[Route]) -> None:
    """Of an answer that makes something: what can be done with it, by its id."""
    if route.method != "POST" or route.answer.status != HTTPStatus.CREATED:
        return
    model = route.answer.model
    if model is None or model.__name__ not in _LINKED:
        return
    beyond = f"{_LINKED[model.__name__]}/{{id}}"
    operation["responses"]["201"]["links"] = {
        _operation_id(other): {
            "operationId": _operation_id(other),
            "parameters": {"id": "$response.body#/id"},
            "description": other.summary,
        }
        for other in routes
        if other.path.startswith(beyond) and _VARIABLE.findall(other.path) == ["id"]
    }


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path.removeprefix("/v1"))
    return "_".join([route.method.lower(), *words])


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _answer(route: Route) -> dict[str, Any]:
    answer = route.answer
    described: dict[str, Any] = {"description": answer.description}
    if answer.media_type is not None:
        schema: dict[str, Any] = {"type": "string"}
        described["content"] = {answer.media_type: {"schema": schema}}
    elif answer.model is not None:
        described["content"] = {"application/json": {"schema": _ref(answer.model)}}
    headers = {"Location": "Where it is read."} if answer.status == 201 else {}
    if route.counted:
        headers |= _LIMITS
    if headers:
        described["headers"] = _headers(headers)
    return described


def _headers(words: dict[str, str]) -> dict[str, Any]:
    return {
        name: {"description": told, "schema": {"type": "string"}} for name, told in words.items()
    }


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(route.path)
    ]
    if route.query is not None:
        found += _query_parameters(route.query)
    if route.idempotent_by_key:
        token = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": token})
    if route.answer.media_type == "text/event-stream":
        found.append({"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}})
    return found


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    definitions = schema.get("$defs", {})
    found = []
    for name, described in schema.get("properties", {}).items():
        parameter: dict[str, Any] = {"name": name, "in": "query"}
        if "description" in described:
            parameter["description"] = described.pop("description")
        described.pop("title", None)
        parameter["schema"] = _inlined(_without_null(described), definitions)
        found.append(parameter)
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {k: v for k, v in schema.items() if k not in ("anyOf", "default")}
    return {**choices[0], **rest}


def _inlined(schema: dict[str, Any], definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return definitions.get(name, schema)


def _problems(route: Route) -> dict[str, Any]:
    """The bad answers, by status, each with its kinds as examples."""
    kinds = [*route.problems, *_EVERY_ROUTE]
    if route.scope is not None:
        kinds += _WITH_KEY
    if route.scope is not None and not route.for_bound:
        kinds.append("pool-bound")
    if route.query is not None:
        kinds.append("invalid")
    if route.counted:
        kinds.append("rate-limited")
    if route.body is not None or route.takes is not None:
        kinds += _WITH_BODY
    if route.idempotent_by_key:
        kinds += _WITH_TOKEN
    statuses = sorted({KINDS[kind].status for kind in kinds} - {route.answer.status})
    found = {
        str(status): _problem(status, [kind for kind in kinds if KINDS[kind].status == status])
        for status in statuses
    }
    if route.counted:
        found["429"]["headers"] |= _headers(_LIMITS)
    return found


def _problem(status: int, kinds: Iterable[str]) -> dict[str, Any]:
    unique = list(dict.fromkeys(kinds))
    headers = _OF_STATUS.get(status, {})
    return {
        **({"headers": _headers(headers)} if headers else {}),
        "description": "; ".join(KINDS[kind].title for kind in unique),
        "content": {
            CONTENT_TYPE: {
                "schema": _ref(ProblemDocument),
                "examples": {kind: {"value": _example(kind)} for kind in unique},
            }
        },
    }


def _example(kind: str) -> dict[str, Any]:
    known = KINDS[kind]
    return {
        "type": TYPE_BASE + kind,
        "title": known.title,
        "status": known.status,
        "detail": known.advice,
        "errors": [],
    }
