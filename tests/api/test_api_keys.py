"""Keys over HTTP: made, shown once, changed, rotated, expired, revoked, and all of it audited."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from modemgw.api.key_shapes import Key, KeyPage, MadeKey
from modemgw.store.ledger import every_entry
from tests.api.house import PATIENCE_S, House

CRM = {"name": "crm", "scopes": ["read"]}


async def make(house: House, **values: Any) -> dict[str, Any]:
    """A key; tests call it by its name."""
    reply = await house.call("POST", "/v1/keys", {**CRM, **values})
    assert reply.status == 201, reply
    made: dict[str, Any] = reply.json
    MadeKey.model_validate(made)
    assert reply.headers["Location"] == f"/v1/keys/{made['id']}"
    house.keys[made["name"]] = made["key"]
    return made


async def works(house: House, key: str) -> bool:
    """Whether a key is let in."""
    reply = await house.call("GET", "/v1/messages", key=key)
    assert reply.status in (200, 401), reply
    return reply.status == 200


async def test_a_secret_is_shown_when_it_is_made_and_never_again(house: House) -> None:
    """Neither the list nor the key itself has it, nor its digest."""
    made = await make(house, per_minute=5, expires_at="2999-01-01T00:00:00Z")
    assert await works(house, "crm")
    one = await house.call("GET", f"/v1/keys/{made['id']}")
    Key.model_validate(one.json)
    assert one.json == {name: value for name, value in made.items() if name != "key"} | {
        "last_used_at": one.json["last_used_at"]
    }
    listed = await house.call("GET", "/v1/keys")
    KeyPage.model_validate(listed.json)
    assert [key["name"] for key in listed.json["items"]] == ["all", "crm"]
    for reply in (one, listed):
        assert made["key"].encode() not in reply.body
        assert b"digest" not in reply.body


async def test_the_list_comes_in_pages(house: House) -> None:
    """Each key once."""
    for name in "abc":
        await make(house, name=name)
    first = (await house.call("GET", "/v1/keys?limit=3")).json
    rest = (await house.call("GET", f"/v1/keys?limit=3&cursor={first['next']}")).json
    names = [key["name"] for key in first["items"] + rest["items"]]
    assert names == ["all", "a", "b", "c"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("body", "status", "kind", "fields"),
    [
        ({"name": " "}, 422, "invalid", {"name"}),
        ({"name": "x", "scopes": ["fly"]}, 422, "invalid", {"scopes.0"}),
        ({"name": "x", "scopes": []}, 422, "invalid", {"scopes"}),
        ({"name": "x", "per_minute": 0}, 422, "invalid", {"per_minute"}),
        ({"name": "x", "expires_at": "tomorrow"}, 422, "invalid", {"expires_at"}),
        ({"name": "x", "pools": ["nowhere"]}, 422, "unknown-pool", {"pools"}),
        ({"name": "x", "pools": []}, 422, "invalid", {"pools"}),
        (
            {"name": "x", "kinds": ["marketing"], "default_kind": "transactional"},
            422,
            "invalid",
            {"default_kind"},
        ),
        ({"name": "x", "scopes": ["admin"], "pools": ["a"]}, 422, "invalid", {"pools"}),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    house: House, body: dict[str, Any], status: int, kind: str, fields: set[str]
) -> None:
    """The problem names the field."""
    reply = await house.call("POST", "/v1/keys", body)
    assert (reply.status, reply.kind, reply.fields) == (status, kind, fields)
    assert len((await house.call("GET", "/v1/keys")).json["items"]) == 1


async def test_what_is_changed_holds_from_the_next_request_on(house: House) -> None:
    """What is left out stays, null takes away."""
    made = await make(house, scopes=["send"], kinds=["transactional"], per_day=9)
    path = f"/v1/keys/{made['id']}"
    text = {"to": "+15550001001", "text": "Hi", "kind": "marketing"}
    assert (await house.call("POST", "/v1/messages", text, key="crm")).kind == "kind-not-granted"
    change = {"kinds": ["marketing"], "per_day": None, "name": "shop"}
    reply = await house.call("PATCH", path, change)
    assert reply.status == 200
    changed = {**made, **change, "last_used_at": reply.json["last_used_at"]}
    assert {**reply.json, "key": made["key"]} == changed
    assert (await house.call("POST", "/v1/messages", text, key="crm")).status == 201
    refused = await house.call("PATCH", path, {"kinds": None})
    assert (refused.kind, refused.fields) == ("invalid", {"kinds"})
    assert (await house.call("PATCH", "/v1/keys/key_none", change)).status == 404


async def test_an_expired_key_is_refused_and_its_end_can_be_moved(house: House) -> None:
    """It is no longer in force, and is again."""
    made = await make(house, expires_at="2001-01-01T00:00:00Z")
    assert made["state"] == "expired"
    assert not await works(house, "crm")
    await house.call("PATCH", f"/v1/keys/{made['id']}", {"expires_at": None})
    assert await works(house, "crm")


async def test_the_old_secret_works_for_its_grace_and_one_before_it_no_more(house: House) -> None:
    """Rotated twice: the first one ends although its own grace was not over."""
    made = await make(house)
    path = f"/v1/keys/{made['id']}"
    second = (await house.call("POST", f"{path}/rotate", {"grace": 3_600})).json
    MadeKey.model_validate(second)
    assert second["id"] == made["id"]
    assert await works(house, made["key"])
    assert await works(house, second["key"])
    third = (await house.call("POST", f"{path}/rotate")).json
    assert [await works(house, key["key"]) for key in (made, second, third)] == [False, True, True]
    fourth = (await house.call("POST", f"{path}/rotate", {"grace": 0})).json
    assert [await works(house, key["key"]) for key in (third, fourth)] == [False, True]


async def test_a_revoked_key_is_refused_at_once_with_its_old_secret_and_stays_so(
    house: House,
) -> None:
    """The host that was asked waits for nothing; neither change nor rotation bring it back."""
    made = await make(house)
    path = f"/v1/keys/{made['id']}"
    rotated = (await house.call("POST", f"{path}/rotate")).json
    assert await works(house, made["key"])
    assert await works(house, rotated["key"])
    for _ in range(2):
        assert (await house.call("DELETE", path)).status == 204
    assert not await works(house, made["key"])
    assert not await works(house, rotated["key"])
    assert (await house.call("POST", f"{path}/rotate")).kind == "key-revoked"
    assert (await house.call("PATCH", path, {"name": "x"})).kind == "key-revoked"
    assert (await house.call("GET", path)).json["state"] == "revoked"
    assert (await house.call("DELETE", "/v1/keys/key_none")).status == 404


async def test_a_key_that_is_called_like_the_id_of_another_does_not_fall_with_it(
    house: House,
) -> None:
    """The API revokes by id alone."""
    made = await make(house)
    await make(house, name=made["id"])
    await house.call("DELETE", f"/v1/keys/{made['id']}")
    assert await works(house, made["id"])


async def audit(house: House) -> list[dict[str, Any]]:
    """What the audit says of admins."""
    told = await house.gateway.reader.run(every_entry)
    return [entry["detail"] for entry in told if entry["action"] == "admin"]


async def test_every_admin_call_is_in_the_audit_with_who_what_and_its_outcome(
    house: House,
) -> None:
    """Before the answer goes out; secrets and numbers are not in it."""
    made = await make(house)
    await house.call("PATCH", "/v1/keys/key_none", {"name": "x"})
    await house.call("DELETE", "/v1/optouts/%2B15550001009?reason=form")
    await house.call("GET", "/v1/messages")
    entries = await audit(house)
    assert [(e["method"], e["route"], e["status"]) for e in entries] == [
        ("POST", "/v1/keys", 201),
        ("PATCH", "/v1/keys/{id}", 404),
        ("DELETE", "/v1/optouts/{number}", 404),
    ]
    admin = (await house.call("GET", "/v1/keys")).json["items"][0]["id"]
    assert {e["key"] for e in entries} == {admin}
    assert {e["from"] for e in entries} == {"127.0.0.1"}
    assert [e["target"] for e in entries] == [None, "key_none", None]
    told = json.dumps(entries)
    assert made["key"] not in told
    assert "15550001009" not in told


async def test_a_key_without_the_scope_admin_leaves_no_trace_in_the_audit(house: House) -> None:
    """Nobody fills it who may do nothing."""
    await make(house)
    assert (await house.call("GET", "/v1/keys", key="crm")).kind == "missing-scope"
    assert len(await audit(house)) == 1


async def test_a_key_in_the_query_is_no_key(house: House) -> None:
    """Addresses stand in logs."""
    for name in ("access_token", "key", "authorization"):
        reply = await house.call("GET", f"/v1/messages?{name}={house.keys['all']}", key="")
        assert reply.status == 401


async def test_the_last_use_of_either_secret_is_the_keys(house: House) -> None:
    """It is one key."""
    made = await make(house)
    await house.call("POST", f"/v1/keys/{made['id']}/rotate")
    assert await works(house, made["key"])
    async with asyncio.timeout(PATIENCE_S):
        while (await house.call("GET", f"/v1/keys/{made['id']}")).json["last_used_at"] is None:
            await asyncio.sleep(0.005)
