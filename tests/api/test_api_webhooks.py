"""Endpoints: made, shown, removed, tested, and kept out of our own network."""

from __future__ import annotations

import contextlib
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from modemgw.api.signing import new_secret, read_secret, signed_headers
from modemgw.api.targets import AllowedHosts, ForbiddenTargetError, GuardedResolver, check_url
from modemgw.api.webhook_shapes import DeliveryPage, WebhookCreated
from tests.api.house import House, event, open_house
from tests.api.receiver import SECRET, Receiver, configure, receiving, settled

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import AsyncIterator
    from pathlib import Path

PUBLIC = "https://crm.example.com/sms"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A program that webhooks are posted to."""
    async with receiving() as opened:
        yield opened


async def test_an_endpoint_is_made_shown_and_removed(house: House) -> None:
    """Its secret is shown once."""
    body = {"url": PUBLIC, "events": ["message.received", "message.received", "optout.created"]}
    made = await house.call("POST", "/v1/webhooks", body)
    assert made.status == 201
    created = WebhookCreated.model_validate(made.json)
    assert created.events == ["message.received", "optout.created"]
    read_secret(created.secret)
    shown = await house.call("GET", made.headers["Location"])
    assert shown.json == {k: v for k, v in made.json.items() if k != "secret"}
    assert (await house.call("GET", "/v1/webhooks")).json == {"items": [shown.json], "next": None}
    removed = await house.call("DELETE", made.headers["Location"])
    assert (removed.status, removed.body) == (204, b"")
    for method in ("GET", "DELETE"):
        assert (await house.call(method, made.headers["Location"])).status == 404


async def test_a_configured_endpoint_is_removed_in_the_configuration_only(
    house: House, receiver: Receiver
) -> None:
    """It would be back at the next start."""
    (webhook,) = await configure(house, receiver.url)
    reply = await house.call("DELETE", f"/v1/webhooks/{webhook}")
    assert (reply.status, reply.kind) == (409, "configured-webhook")


async def test_a_test_event_is_posted_at_once_and_its_outcome_told(
    house: House, receiver: Receiver
) -> None:
    """Signed like any other; it is no event of ours and is in no log."""
    (webhook,) = await configure(house, receiver.url)
    reply = await house.call("POST", f"/v1/webhooks/{webhook}/test")
    assert reply.json == {"delivered": True, "status": 204, "error": None}
    ((headers, body),) = receiver.raw
    verified: Any = Webhook(SECRET).verify(body, headers)
    assert (verified["type"], verified["data"]) == ("webhook.test", {"webhook": webhook})
    page = await house.call("GET", f"/v1/webhooks/{webhook}/deliveries")
    assert page.json == {"items": [], "next": None}


async def test_deliveries_are_paged_the_newest_first(house: House, receiver: Receiver) -> None:
    """Each with its event's id and how often it was tried."""
    (webhook,) = await configure(house, receiver.url)
    told = [event(f"n{n}") for n in range(5)]
    await house.emit(*told)
    await settled(house, webhook)
    path = f"/v1/webhooks/{webhook}/deliveries?limit=3"
    first = (await house.call("GET", path)).json
    DeliveryPage.model_validate(first)
    second = (await house.call("GET", f"{path}&cursor={first['next']}")).json
    assert second["next"] is None
    ids = [item["event"] for item in [*first["items"], *second["items"]]]
    assert ids == [one.id for one in reversed(told)]


async def test_endpoints_are_bounded(tmp_path: Path) -> None:
    """One too many is refused."""
    async with open_house(tmp_path, webhook_limit=1) as house:
        assert (await house.call("POST", "/v1/webhooks", {"url": PUBLIC})).status == 201
        reply = await house.call("POST", "/v1/webhooks", {"url": PUBLIC})
        assert (reply.status, reply.kind) == (422, "limit-reached")


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"url": "https://user:pw@example.com/"}, "url"),
    ({"url": "https://example.com/#part"}, "url"),
    ({"url": "http://2130706433/"}, "url"),
    ({"url": "http://0x7f.1/"}, "url"),
    ({"events": []}, "events"),
    ({"secret": "whsec_short"}, "secret"),
    ({"secret": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}, "secret"),
    ({"secret": "whsec_é" + "A" * 40}, "secret"),
]


async def test_an_endpoint_that_cannot_work_is_refused(house: House) -> None:
    """With the field at fault."""
    for change, field in BROKEN:
        reply = await house.call("POST", "/v1/webhooks", {"url": PUBLIC, **change})
        assert (reply.status, reply.fields) == (422, {field}), change


async def test_an_unknown_type_of_event_is_refused(house: House) -> None:
    """Or nobody would notice that nothing comes."""
    reply = await house.call("POST", "/v1/webhooks", {"url": PUBLIC, "events": ["message.sent"]})
    assert reply.status == 422
    assert all(field.startswith("events.0") for field in reply.fields)


PRIVATE = [
    "127.0.0.1",
    "10.0.0.7",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "localhost",
    "localhost.",
    "[::1]",
    "[fe80::1]",
    "[fd00::1]",
    "[::ffff:127.0.0.1]",
    "[2002:7f00:1::]",
    "[64:ff9b::7f00:1]",
]


async def test_private_addresses_are_refused(house: House) -> None:
    """An endpoint made over the API does not reach into our own network."""
    for host in PRIVATE:
        reply = await house.call("POST", "/v1/webhooks", {"url": f"http://{host}/hook"})
        assert (reply.status, reply.kind, reply.fields) == (422, "webhook-address", {"url"}), host


async def test_a_name_that_leads_to_a_private_address_is_not_called(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged by where the connection would go, at each call."""
    resolve = socket.getaddrinfo

    def rebound(host: str, *args: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == "crm.example.com" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    port = receiver.url.rpartition(":")[2]
    made = await house.call("POST", "/v1/webhooks", {"url": f"http://crm.example.com:{port}"})
    tested = await house.call("POST", made.headers["Location"] + "/test")
    assert tested.json["delivered"] is False
    assert "private" in tested.json["error"]
    assert receiver.got == []


@pytest.mark.parametrize("allowed", ["localhost", "127.0.0.0/8"])
async def test_allowed_hosts_may_be_private(
    tmp_path: Path, receiver: Receiver, allowed: str
) -> None:
    """By name or by network."""
    url = receiver.url
    if allowed == "localhost":
        url = url.replace("127.0.0.1", "localhost")
    async with open_house(tmp_path, allowed_hosts=frozenset({allowed})) as house:
        made = await house.call("POST", "/v1/webhooks", {"url": url, "secret": SECRET})
        assert made.status == 201, made.json
        await house.emit(event("n"))
        assert await settled(house, made.json["id"]) == [("delivered", 1)]
    assert receiver.texts() == ["n"]


async def test_the_resolver_keeps_public_addresses_and_allowed_names() -> None:
    """What may be called is passed on as it is; what may not is an error in words."""
    resolver = GuardedResolver(AllowedHosts(()))
    assert [found["host"] for found in await resolver.resolve("8.8.8.8", 80)] == ["8.8.8.8"]
    with pytest.raises(ForbiddenTargetError, match="allowed_hosts"):
        await resolver.resolve("localhost", 80)
    await resolver.close()
    allowed = GuardedResolver(AllowedHosts({"Localhost."}))
    assert await allowed.resolve("localhost", 80)
    await allowed.close()


@given(st.ip_addresses())
def test_only_global_addresses_are_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """What the registries call private, reserved or local is refused; so are disguises of it."""
    allowed = AllowedHosts(())
    if allowed.address(address):
        assert address.is_global
        assert not address.is_multicast
    assert AllowedHosts({str(address)}).address(address)


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_refused_in_words(raw: str) -> None:
    """Never another error."""
    with contextlib.suppress(ValueError, ForbiddenTargetError):
        check_url(raw, AllowedHosts(()))


@given(st.binary(max_size=200))
def test_their_library_verifies_our_signature(body: bytes) -> None:
    """Of any body, with a secret that we made."""
    secret = new_secret()
    ours = signed_headers((secret,), "evt_1", 1_700_000_000, body)["webhook-signature"]
    when = datetime.fromtimestamp(1_700_000_000, UTC)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return
    assert Webhook(secret).sign("evt_1", when, text) == ours
