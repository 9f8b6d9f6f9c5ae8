"""Bad input: each a clear problem document that names what is wrong, and nothing is kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.api.jsonbody import DEEPEST, parse
from modemgw.api.problems import KINDS, ProblemError
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.house import Reply

GOOD = {"to": "+15550001001", "text": "Hello"}


FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"txt": "x"}, "invalid", "txt"),
    ({"to": None}, "invalid", "to"),
    ({"to": 15550001001}, "invalid", "to"),
    ({"to": "nobody"}, "invalid-number", "to"),
    ({"to": "1" * 65}, "invalid", "to"),
    ({"text": ""}, "empty-text", "text"),
    ({"text": " \n"}, "empty-text", "text"),
    ({"text": "x" * 10_000}, "text-too-long", "text"),
    ({"text": ["x"]}, "invalid", "text"),
    ({"pool": "nowhere"}, "unknown-pool", "pool"),
    ({"from": "+15550009999"}, "unknown-line", "from"),
    ({"from": "?"}, "invalid-number", "from"),
    ({"kind": "spam"}, "invalid", "kind"),
    ({"priority": 10}, "invalid", "priority"),
    ({"priority": "5"}, "invalid", "priority"),
    ({"priority": True}, "invalid", "priority"),
    ({"send_at": "tomorrow"}, "invalid", "send_at"),
    ({"send_at": "2026-01-31T08:00:00"}, "invalid", "send_at"),
    ({"send_at": "2026-02-31T08:00:00Z"}, "invalid", "send_at"),
    ({"send_at": 1_800_000_000}, "invalid", "send_at"),
    ({"send_at": "9999-01-31T08:00:00Z"}, "invalid-time", "send_at"),
    ({"valid_for": 0}, "invalid", "valid_for"),
    ({"valid_for": 1e12}, "invalid-time", "valid_for"),
    ({"if_in_doubt": "maybe"}, "invalid", "if_in_doubt"),
    ({"if_partly_sent": "maybe"}, "invalid", "if_partly_sent"),
    ({"reference": "x" * 256}, "invalid", "reference"),
    ({"metadata": {str(n): n for n in range(51)}}, "invalid", "metadata"),
    ({"metadata": {"a": "x" * 9_000}}, "invalid", "metadata"),
    ({"metadata": [1]}, "invalid", "metadata"),
]


async def test_a_field_that_is_wrong_is_named(house: House) -> None:
    """422, with the field and what is expected of it."""
    for change, kind, field in FIELDS:
        reply = await house.call("POST", "/v1/messages", {**GOOD, **change})
        assert (reply.status, reply.kind) == (422, kind), reply.json
        assert reply.fields == {field}
    assert (await house.call("GET", "/v1/messages")).json["items"] == []


async def test_a_field_is_named_by_its_path_in_the_body_alone(house: House) -> None:
    """Not by how the check goes about it: of several choices, of a name in an object."""
    hook = {"url": "https://example.org/hook", "events": ["*", "message.lost"]}
    assert (await house.call("POST", "/v1/webhooks", hook)).fields == {"events.1"}
    what = {"metadata": {"a name": "x"}}
    assert (await house.call("POST", "/v1/messages/cancel", what)).fields == {"metadata.a name"}


BODIES = [
    (b"", 422, "invalid"),
    (b"{", 400, "bad-json"),
    (b"[1]", 422, "invalid"),
    (b"null", 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b'{"to": "+15550001001", "text": NaN}', 400, "bad-json"),
    (b'{"to": "+15550001001", "text": "x", "valid_for": 1e999}', 400, "bad-json"),
    (b'{"to": "a", "to": "b", "text": "x"}', 400, "bad-json"),
    (b'{"to": "+15550001001", "text": "\\ud83d"}', 400, "bad-json"),
    (b'{"to": "+15550001001", "text": "a\\u0000b"}', 400, "bad-json"),
    (b'{"to": "+15550001001", "text": "x", "metadata": {"\\u0000": 1}}', 400, "bad-json"),
    (b'{"to": "+15550001001", "text": "\xff"}', 400, "bad-json"),
    (b"\xef\xbb\xbf{}", 400, "bad-json"),
    (b"[" * 50_000, 400, "bad-json"),
    (b'{"a":' * 20 + b"1" + b"}" * 20, 400, "bad-json"),
    (b"1" * 5_000, 400, "bad-json"),
    (b'{"text": "' + b"x" * (1 << 20) + b'"}', 413, "too-large"),
]


async def test_a_body_that_is_no_acceptable_json_is_refused(house: House) -> None:
    """Whatever two readers could understand differently, too."""
    for body, status, kind in BODIES:
        reply = await house.call("POST", "/v1/messages", raw=body)
        assert (reply.status, reply.kind) == (status, kind), body[:80]


async def test_a_body_in_pieces_is_bounded_like_any_other(house: House) -> None:
    """No Content-Length, and more than is allowed."""

    async def pieces() -> Any:
        for _ in range(40):
            yield b" " * (64 << 10)

    async with house.client.post(
        f"{house.base}/v1/messages",
        data=pieces(),
        headers={
            "Authorization": f"Bearer {house.keys['all']}",
            "Content-Type": "application/json",
        },
    ) as response:
        assert response.status == 413


async def test_a_body_that_never_ends_is_not_waited_for(house: House) -> None:
    """A slow client gets 408 and does not hold anything."""
    host, _, port = house.api.addresses[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.keys['all']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    writer.write(head.encode())
    status = await asyncio.wait_for(reader.readline(), 5)
    assert b" 408 " in status
    writer.close()


async def test_a_body_that_is_not_said_to_be_json_is_refused(house: House) -> None:
    """A form, or a text."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        reply = await house.call(
            "POST", "/v1/messages", raw=b'{"to": "1"}', headers={"Content-Type": kind}
        )
        assert (reply.status, reply.kind) == (415, "unsupported-media-type")


async def test_what_is_not_served_is_a_problem_too(house: House) -> None:
    """404 and 405 say so in the same form; 405 says what there is."""
    reply = await house.call("GET", "/v2/nothing")
    assert (reply.status, reply.kind) == (404, "not-found")
    reply = await house.call("PATCH", "/v1/messages")
    assert (reply.status, reply.kind) == (405, "method-not-allowed")
    assert set(reply.headers["Allow"].split(",")) == {"GET", "POST"}


QUERIES = [
    ("/v1/messages?sort=up", "sort"),
    ("/v1/messages?limit=0", "limit"),
    ("/v1/messages?limit=1001", "limit"),
    ("/v1/messages?limit=many", "limit"),
    ("/v1/messages?limit=1&limit=2", "limit"),
    ("/v1/messages?direction=up", "direction"),
    ("/v1/messages?status=lost", "status"),
    ("/v1/messages?to=nobody", "to"),
    ("/v1/messages?line=1", "line"),
    ("/v1/messages?conversation=%00", "conversation"),
    ("/v1/messages?conversation=%FF", "conversation"),
    ("/v1/messages?created_after=yesterday", "created_after"),
    ("/v1/messages?cursor=abc", "cursor"),
    ("/v1/messages?cursor=%21", "cursor"),
    ("/v1/optouts?cursor=bXNnXw", "cursor"),
    ("/v1/undecoded?cursor=bXNnXw", "cursor"),
    ("/v1/optouts/nobody", "number"),
    ("/v1/modems?x=1", "x"),
]


async def test_a_query_that_is_wrong_is_named(house: House) -> None:
    """422, with the parameter."""
    for path, field in QUERIES:
        reply = await house.call("GET", path)
        assert (reply.status, reply.fields) == (422, {field}), reply.json
        assert reply.kind in ("invalid", "invalid-number")


ABSENT = [
    "/v1/messages/msg_0",
    "/v1/messages/msg_" + "0" * 32,
    "/v1/messages/%00",
    "/v1/messages/..%2F..",
    "/v1/modems/mdm_" + "0" * 32,
    "/v1/webhooks/1",
    "/v1/webhooks/whk_" + "0" * 32,
    "/v1/optouts/%2B15550001001",
    "/docs/secret",
    "/problems/nothing",
]


async def test_what_does_not_exist_is_not_found(house: House) -> None:
    """Whatever the id looks like."""
    for path in ABSENT:
        reply = await house.call("GET", path)
        assert (reply.status, reply.kind) == (404, "not-found"), path


async def test_every_kind_of_problem_is_explained(house: House) -> None:
    """Its type leads to what it means and what to do."""
    for kind, known in KINDS.items():
        reply = await house.call("GET", f"/problems/{kind}", key="")
        assert reply.status == 200
        assert known.advice in reply.body.decode()


async def test_a_database_that_is_away_is_503_with_retry_after(tmp_path: Path) -> None:
    """Reading and writing: come back later, nothing was changed."""
    async with open_house(tmp_path) as house:
        await house.call("GET", "/v1/messages")
        database = tmp_path / "modemgw.db"
        await house.gateway.writer.run(
            lambda tx: tx.connection.exec_driver_sql("ALTER TABLE messages RENAME TO elsewhere")
        )
        assert database.exists()
        replies = [
            await house.call("GET", "/v1/messages"),
            await house.send(),
            await house.call("POST", "/v1/messages/batch", {"messages": [GOOD]}),
        ]
        for reply in replies:
            assert (reply.status, reply.kind) == (503, "unavailable")
            assert int(reply.headers["Retry-After"]) > 0
            assert "elsewhere" not in reply.body.decode()
        metrics = await house.call("GET", "/metrics", key="")
        assert b"modemgw_database_up 0.0" in metrics.body


async def test_a_mistake_of_ours_is_500_and_tells_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer leads to the log by the request's id, and holds no detail."""

    async def broken(*_args: object) -> None:
        raise ZeroDivisionError("a text with +15550001001")

    monkeypatch.setattr(house.gateway, "send", broken)
    reply = await house.call("POST", "/v1/messages", GOOD, headers={"X-Request-Id": "mine-1"})
    assert (reply.status, reply.kind) == (500, "internal")
    assert reply.headers["X-Request-Id"] == "mine-1"
    assert "1555" not in reply.body.decode()
    assert "mine-1" in reply.json["detail"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_json_is_read_as_it_was_written_or_refused(value: Any) -> None:
    """No third thing, and never another error."""
    body = json.dumps(value).encode()
    try:
        read = parse(body)
    except ProblemError:
        return
    assert read == value


@given(st.binary(max_size=64))
def test_bytes_that_are_no_json_are_a_problem(body: bytes) -> None:
    """Whatever comes, there is no other error."""
    with contextlib.suppress(ProblemError):
        parse(body)


def test_depth_is_limited_exactly() -> None:
    """As deep as allowed is read, one deeper is not."""
    parse(b"[" * DEEPEST + b"]" * DEEPEST)
    with pytest.raises(ProblemError):
        parse(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


async def test_any_json_body_gets_an_answer_that_is_no_fault_of_ours(house: House) -> None:
    """Bodies of every shape, to every route that takes one."""
    shapes: list[Any] = [
        None,
        1,
        "x",
        [],
        {},
        {"to": {}},
        {"messages": []},
        {"messages": {}},
        {"url": "x"},
    ]
    shapes += [{"url": u} for u in ("http://", "ftp://a", "http://[::1", "http://a b", "//x", "")]
    for body in shapes:
        for method, path in (
            ("POST", "/v1/messages"),
            ("POST", "/v1/messages/batch"),
            ("POST", "/v1/webhooks"),
        ):
            reply: Reply = await house.call(method, path, raw=json.dumps(body).encode())
            assert reply.status == 422, (path, body, reply)
            assert reply.kind == "invalid"
            assert reply.json["errors"]


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        ("Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"),
        ("Content-Encoding: gzip\r\nContent-Length: 9\r\n", b"not gzip!"),
        ("Content-Length: 100\r\n", b"{"),
    ],
)
async def test_a_body_that_breaks_off_or_lies_about_itself_is_no_fault_of_ours(
    house: House, head: str, rest: bytes
) -> None:
    """A clear answer, or none where nobody listens any more; then all goes on."""
    host, _, port = house.api.addresses[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    start = (
        f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.keys['all']}\r\n"
        f"Content-Type: application/json\r\n{head}\r\n"
    )
    writer.write(start.encode() + rest)
    writer.write_eof()
    status = await asyncio.wait_for(reader.readline(), 5)
    assert status == b"" or b" 400 " in status
    writer.close()
    metrics = await house.call("GET", "/metrics", key="")
    assert b'status="500"' not in metrics.body
    assert (await house.send()).status == 201
