"""The description: valid OpenAPI 3.1, complete, true, and readable without a network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from modemgw.api.fields import EVENT_TYPES
from modemgw.api.samples import PREFIXES
from modemgw.ids import new_id

if TYPE_CHECKING:
    from tests.api.house import House, Reply


async def described(house: House) -> dict[str, Any]:
    """The description as served."""
    reply = await house.call("GET", "/openapi.json", key="")
    assert reply.status == 200
    document: dict[str, Any] = reply.json
    return document


async def test_the_description_is_valid_openapi(house: House) -> None:
    """By an outside validator."""
    document = await described(house)
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


async def test_every_route_is_described_with_its_errors(house: House) -> None:
    """Method by method, with the bad answers that it can give."""
    document = await described(house)
    listed = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert listed == {(route.method, route.path) for route in house.api.routes}
    ids = [operation["operationId"] for operation in _operations(document)]
    assert len(ids) == len(set(ids))
    for operation in _operations(document):
        assert operation["summary"]
        assert "500" in operation["responses"]
        if operation["security"]:
            assert {"401", "403", "503"} <= operation["responses"].keys()


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


async def test_the_examples_of_bodies_fit_their_schemas(house: House) -> None:
    """Whoever copies one gets no 422 for its form."""
    document = await described(house)
    checked = 0
    for operation in _operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            _check(document, content["schema"], example["value"])
            checked += 1
    assert checked >= 4


def _check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    OAS31Validator(whole).validate(value)


async def test_every_operation_shows_each_of_its_answers(house: House) -> None:
    """An example of the good one and of every bad one, and each fits its schema."""
    document = await described(house)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                where = f"{method} {path} {status}"
                for content in answer.get("content", {}).values():
                    shown = [each["value"] for each in content.get("examples", {}).values()]
                    assert shown, where
                    for value in shown:
                        _check(document, content["schema"], value)
                assert answer.get("content") or status in ("101", "204"), where


async def test_answers_that_say_when_to_come_again_are_described_with_it(house: House) -> None:
    """So that a generated client looks for the header; and for how to send a key."""
    wanted = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}
    for operation in _operations(await described(house)):
        for status in wanted.keys() & operation["responses"].keys():
            assert wanted[status] in operation["responses"][status]["headers"], operation


async def test_every_body_has_an_example(house: House) -> None:
    """Nobody has to make one up."""
    for operation in _operations(await described(house)):
        body = operation.get("requestBody")
        for content in body["content"].values() if body is not None else ():
            assert content["examples"], operation["operationId"]


async def test_ids_say_what_they_look_like(house: House) -> None:
    """A prefix of the type and a UUIDv7; real ones do."""
    document = await described(house)
    for name, prefix in PREFIXES.items():
        properties = document["components"]["schemas"][name]["properties"]
        assert re.fullmatch(properties["id"]["pattern"], new_id(prefix)), name
        assert not re.fullmatch(properties["id"]["pattern"], f"{prefix}_{'0' * 32}"), name


async def test_what_is_made_is_linked_to_what_can_be_done_with_it(house: House) -> None:
    """Each link leads to an operation that takes the id."""
    document = await described(house)
    known = {operation["operationId"]: operation for operation in _operations(document)}
    made = known["post_messages"]["responses"]["201"]["links"]
    assert {"get_messages_id", "post_messages_id_cancel"} <= made.keys()
    for operation in known.values():
        for link in operation["responses"].get("201", {}).get("links", {}).values():
            parameters = known[link["operationId"]]["parameters"]
            assert {"id"} == {each["name"] for each in parameters if each["in"] == "path"}


async def test_answers_fit_what_is_described(house: House) -> None:
    """Real answers against the schemas of the description."""
    document = await described(house)
    sent = await house.send()
    message = "/v1/messages/{id}"
    tries: list[tuple[str, str, Reply]] = [
        ("/v1/messages", "post", sent),
        ("/v1/messages", "post", await house.send(to="nobody")),
        ("/v1/messages", "get", await house.call("GET", "/v1/messages")),
        (message, "get", await house.call("GET", sent.headers["Location"])),
        (message, "get", await house.call("GET", "/v1/messages/msg_1")),
        ("/v1/queue", "get", await house.call("GET", "/v1/queue")),
        ("/healthz", "get", await house.call("GET", "/healthz")),
    ]
    for path, method, reply in tries:
        answer = document["paths"][path][method]["responses"][str(reply.status)]
        (content,) = answer["content"].values()
        _check(document, content["schema"], reply.json)


async def test_query_parameters_are_described_as_they_are_read(house: House) -> None:
    """Names as on the wire, with their limits; what may be left out is never null."""
    document = await described(house)
    parameters = document["paths"]["/v1/messages"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert {"from", "to", "status", "created_after", "cursor", "limit"} <= by_name.keys()
    assert by_name["limit"]["maximum"] == 1_000
    assert "received" in by_name["status"]["enum"]
    assert by_name["created_after"]["format"] == "date-time"
    assert "null" not in str(by_name)


async def test_an_unknown_parameter_is_refused_as_described(house: House) -> None:
    """Wherever a query is read; a typing error in a filter must not pass for a list of all."""
    document = await described(house)
    read = [route for route in house.api.routes if route.query is not None]
    for route in read:
        path = re.sub(r"\{\w+\}", new_id("msg"), route.path)
        reply = await house.call(route.method, f"{path}?colour=1")
        assert (reply.status, reply.kind) == (422, "invalid"), route.path
        assert "colour" in reply.fields
        assert "422" in document["paths"][route.path][route.method.lower()]["responses"]
    assert len(read) > 20


async def test_a_head_that_is_too_large_is_refused_as_described(house: House) -> None:
    """On whatever route it was meant for: nobody has read so far."""
    reply = await house.call("GET", f"/v1/optouts?cursor={'%C3%B6' * 2_000}")
    assert (reply.status, reply.kind) == (400, "bad-request")
    for operation in _operations(await described(house)):
        assert {"400", "408"} <= operation["responses"].keys()


async def test_the_page_needs_nothing_from_elsewhere(house: House) -> None:
    """Its files are served here, under a policy that forbids every other source."""
    page = await house.call("GET", "/docs", key="")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assets = re.findall(r'(?:src|href)="([^"#]+)"', page.body.decode())
    assert {"/docs/docs.js", "/docs/docs.css"} <= set(assets)
    for asset in assets:
        assert asset.startswith("/")
        reply = await house.call("GET", asset, key="")
        assert reply.status == 200
        assert b"http://" not in reply.body
        if not asset.endswith(".json"):
            assert b"https://" not in reply.body


def test_event_types_are_those_of_the_contract() -> None:
    """Outside programs subscribe to these names."""
    assert set(EVENT_TYPES) == {
        "message.received",
        "message.status",
        "optout.created",
        "optout.removed",
        "review.opened",
        "review.decided",
        "consent.given",
        "consent.requested",
        "consent.withdrawn",
        "modem.state",
        "line.state",
        "call.received",
        "ussd.received",
        "alert.raised",
        "alert.cleared",
        "audit.head",
        "person.erased",
    }
