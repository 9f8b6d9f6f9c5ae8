"""Pages of other origins: none may read, but those that the configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.api.house import House, Reply, open_house

if TYPE_CHECKING:
    from pathlib import Path

OURS, OTHER = "https://crm.example", "https://crm.example.evil.example"
ASK = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


async def ask(house: House, origin: str) -> Reply:
    """What a browser asks before the request itself: without a key."""
    headers = {**ASK, "Origin": origin}
    return await house.call("OPTIONS", "/v1/messages", key="", headers=headers)


def told(reply: Reply) -> set[str]:
    """The headers of CORS in an answer."""
    return {name for name in reply.headers if name.lower().startswith("access-control-")}


async def test_no_page_is_allowed_anything_by_default(house: House) -> None:
    """Neither asked before nor with an answer."""
    reply = await ask(house, OURS)
    assert (reply.status, told(reply)) == (405, set())
    reply = await house.call("GET", "/v1/messages", headers={"Origin": OURS})
    assert (reply.status, told(reply)) == (200, set())


async def test_a_page_of_a_named_origin_may_call_and_read(tmp_path: Path) -> None:
    """Errors and streams, too; never with the browser's credentials."""
    async with open_house(tmp_path, cors_origins=frozenset({OURS})) as house:
        asked = await ask(house, OURS)
        assert asked.status == 204
        assert asked.headers["Access-Control-Allow-Origin"] == OURS
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
        assert "DELETE" in asked.headers["Access-Control-Allow-Methods"]
        origin = {"Origin": OURS}
        for key, status in (("all", 200), ("", 401)):
            reply = await house.call("GET", "/v1/messages", key=key, headers=origin)
            assert reply.status == status
            assert reply.headers["Access-Control-Allow-Origin"] == OURS
            assert "RateLimit" in reply.headers["Access-Control-Expose-Headers"]
            assert "Origin" in reply.headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in reply.headers
        head = {**origin, "Authorization": f"Bearer {house.keys['all']}"}
        async with house.client.get(house.base + "/v1/events", headers=head) as stream:
            assert stream.headers["Access-Control-Allow-Origin"] == OURS


async def test_a_page_of_any_other_origin_is_not(tmp_path: Path) -> None:
    """Not one that begins alike, nor `null`; a cache is told that answers differ."""
    async with open_house(tmp_path, cors_origins=frozenset({OURS})) as house:
        for origin in (OTHER, "null", "http://crm.example", "https://crm.example:8443", ""):
            assert told(await ask(house, origin)) == set()
            reply = await house.call("GET", "/v1/messages", headers={"Origin": origin})
            assert told(reply) == set()
            assert "Origin" in reply.headers["Vary"]


async def test_a_request_that_only_looks_like_a_preflight_does_nothing(tmp_path: Path) -> None:
    """OPTIONS without the question is answered as before."""
    async with open_house(tmp_path, cors_origins=frozenset({OURS})) as house:
        reply = await house.call("OPTIONS", "/v1/messages", headers={"Origin": OURS})
        assert reply.status == 405
