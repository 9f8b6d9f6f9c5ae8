"""Keys: needed, found, limited by their scopes and kinds, revoked."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api import auth as auth_module
from modemgw.api.app import Api
from modemgw.store import keys

if TYPE_CHECKING:
    from tests.api.house import House

GOOD = {"to": "+15550001001", "text": "Hello"}
CONSENT = {"kind": "marketing", "source": "form"}


async def test_every_route_but_those_for_monitors_and_readers_asks_for_a_key(house: House) -> None:
    """No key, and one that is none: 401, and how to send one."""
    for route in house.api.routes:
        path = re.sub(r"\{\w+\}", "msg_1", route.path)
        for key in ("", "wrong"):
            if route.scope is None or route.path == "/v1/events":
                continue
            reply = await house.call(route.method, path, key=key)
            assert (reply.status, reply.kind) == (401, "unauthorized"), route.path
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    open_paths = {route.path for route in house.api.routes if route.scope is None}
    assert open_paths == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/{asset}",
        "/problems/{kind}",
        "/v1/events/ws",  # a browser sends its key in the first message
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {} x"])
async def test_a_header_that_is_no_bearer_key_is_refused(house: House, header: str) -> None:
    """Whatever else stands there."""
    sent = {"Authorization": header.format(house.keys["all"])}
    reply = await house.call("GET", "/v1/messages", key="", headers=sent)
    assert (reply.status, reply.kind) == (401, "unauthorized")


async def test_a_key_can_do_what_its_scopes_allow_and_no_more(house: House) -> None:
    """403 names the scope that is missing."""
    for scope in keys.SCOPES:
        await house.make_key(scope, scopes=[scope])
    tries: list[tuple[str, str, Any, str]] = [
        ("POST", "/v1/messages", GOOD, "send"),
        ("GET", "/v1/messages", None, "read"),
        ("GET", "/v1/modems", None, "read"),
        ("PUT", "/v1/optouts/%2B15550001009", {}, "send"),
        ("DELETE", "/v1/optouts/%2B15550001009?reason=form", None, "admin"),
        ("PUT", "/v1/consents/%2B15550001009", CONSENT, "admin"),
        ("DELETE", "/v1/consents/%2B15550001009", None, "send"),
        ("GET", "/v1/consents", None, "read"),
        ("GET", "/v1/webhooks", None, "admin"),
    ]
    for method, path, body, needed in tries:
        for scope in keys.SCOPES:
            if scope != needed:
                reply = await house.call(method, path, body, key=scope)
                assert (reply.status, reply.kind) == (403, "missing-scope")
                assert needed in reply.json["detail"]
        assert (await house.call(method, path, body, key=needed)).status < 300


async def test_a_key_sends_only_the_kinds_granted_to_it(house: House) -> None:
    """And what it sends by default is its default kind."""
    await house.make_key(
        "care", scopes=["send"], kinds=["conversational"], default_kind="conversational"
    )
    reply = await house.call("POST", "/v1/messages", GOOD, key="care")
    assert (reply.status, reply.json["kind"]) == (201, "conversational")
    reply = await house.call("POST", "/v1/messages", {**GOOD, "kind": "marketing"}, key="care")
    assert (reply.status, reply.kind, reply.fields) == (403, "kind-not-granted", {"kind"})


async def test_a_revoked_key_is_refused_within_a_second(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is remembered for a moment only; how long is shortened here."""
    monkeypatch.setattr(auth_module, "REMEMBERED_S", 0.05)
    await house.make_key("gone", scopes=["read"])
    assert (await house.call("GET", "/v1/messages", key="gone")).status == 200
    await house.gateway.writer.run(lambda tx: keys.revoke(tx.connection, "gone", 1.0))
    async with asyncio.timeout(2):
        while (await house.call("GET", "/v1/messages", key="gone")).status == 200:
            await asyncio.sleep(0.01)


async def test_when_a_key_was_used_last_is_noted(house: House) -> None:
    """Once a minute at most."""
    for _ in range(3):
        await house.call("GET", "/v1/messages")
    noted = await house.gateway.writer.run(
        lambda tx: [row.last_used_at for row in keys.all_keys(tx.connection)]
    )
    assert noted[0] is not None


async def test_what_is_remembered_of_keys_is_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys there are."""
    monkeypatch.setattr(auth_module, "REMEMBERED_KEYS", 2)
    for name in "abc":
        await house.make_key(name, scopes=["read"])
        assert (await house.call("GET", "/v1/messages", key=name)).status == 200
    assert isinstance(house.api, Api)
    assert len(house.api._auth._known) == 2
    assert len(house.api._auth._noted) == 2
