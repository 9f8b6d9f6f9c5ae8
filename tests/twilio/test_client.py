"""Twilio's own package for Python, unmodified but for the address, sends and reads texts."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from modemgw.store import keys, messages
from modemgw.store.sids import account_sid, message_id, service_sid
from tests.twilio.conftest import ended

if TYPE_CHECKING:
    from tests.twilio.conftest import Site

TO = "+15550001001"
# The published fields of the resource, and their types; all but these may be null.
FIELDS = {
    "account_sid": str,
    "api_version": str,
    "body": str,
    "date_created": str,
    "date_sent": str,
    "date_updated": str,
    "direction": str,
    "error_code": int,
    "error_message": str,
    "from": str,
    "messaging_service_sid": str,
    "num_media": str,
    "num_segments": str,
    "price": str,
    "price_unit": str,
    "sid": str,
    "status": str,
    "subresource_uris": dict,
    "to": str,
    "uri": str,
}


def is_published(message: dict[str, Any]) -> bool:
    """Whether it has the published fields, each of its type or null."""
    return message.keys() == FIELDS.keys() and all(
        value is None or isinstance(value, FIELDS[name]) for name, value in message.items()
    )


def _send(client: Client, **values: Any) -> Any:
    return client.messages.create(**values)


def _list(client: Client, **filters: Any) -> Any:
    return client.messages.list(**filters)


async def test_a_text_is_sent_and_fetched(site: Site, line: str) -> None:
    """The answer has the published fields, and the sid leads back to the message."""
    made = await site.call(lambda c: c.messages.create(to=TO, from_=line, body="Hello 👋"))
    assert (made.status, made.body, made.num_segments, made.num_media) == (
        "queued",
        "Hello 👋",
        "1",
        "0",
    )
    assert (made.direction, made.to, made.from_, made.account_sid) == (
        "outbound-api",
        TO,
        line,
        site.sid,
    )
    assert abs(made.date_created - datetime.now(UTC)) < timedelta(seconds=10)
    assert all(is_published(json.loads(answer)) for answer in site.http.answers)
    fetched = await site.call(lambda c: c.messages(made.sid).fetch())
    assert (fetched.sid, fetched.uri) == (made.sid, made.uri)
    native = await site.house.call("GET", f"/v1/messages/{message_id(made.sid)}")
    assert native.json["text"] == "Hello 👋"


async def test_a_list_is_paged_by_the_client_itself(site: Site, line: str) -> None:
    """Seven texts in pages of two, each once, the newest first; filters narrow it."""
    for n in range(7):
        await site.call(partial(_send, to=f"+1555000100{n}", from_=line, body="x"))
    found = await site.call(lambda c: c.messages.list(page_size=2))
    assert [m.to for m in found] == [f"+1555000100{n}" for n in reversed(range(7))]
    assert all(
        is_published(message)
        for answer in site.http.answers
        for message in json.loads(answer).get("messages", ())
    )
    one = await site.call(lambda c: c.messages.list(to="+15550001003"))
    assert [m.to for m in one] == ["+15550001003"]
    today = datetime.now(UTC)
    for filters, count in (
        ({"date_sent": today}, 7),
        ({"date_sent_after": today - timedelta(minutes=5)}, 7),
        ({"date_sent_before": today - timedelta(minutes=5)}, 0),
        ({"date_sent": today - timedelta(days=2)}, 0),
    ):
        assert len(await site.call(partial(_list, **filters))) == count


async def test_a_scheduled_text_is_canceled(site: Site, line: str) -> None:
    """Status=canceled; a second time it is canceled all the same."""
    later = datetime.now(UTC) + timedelta(hours=2)
    made = await site.call(
        lambda c: c.messages.create(
            to=TO, from_=line, body="Later", schedule_type="fixed", send_at=later
        )
    )
    assert made.status == "scheduled"
    for _ in range(2):
        canceled = await site.call(lambda c: c.messages(made.sid).update(status="canceled"))
        assert canceled.status == "canceled"


async def test_what_was_sent_can_no_longer_be_canceled(site: Site, line: str) -> None:
    """30409, as that API has it."""
    made = await site.call(lambda c: c.messages.create(to=TO, from_=line, body="x"))
    await ended(site.house, made.sid, "sent", sent_at=1_700_000_000.0)
    with pytest.raises(TwilioRestException) as failed:
        await site.call(lambda c: c.messages(made.sid).update(status="canceled"))
    assert (failed.value.status, failed.value.code) == (409, 30409)


async def test_a_text_is_redacted_everywhere_and_deleted(site: Site, line: str) -> None:
    """Its text is in no message, event or kept answer any more; then it is gone."""
    made = await site.call(lambda c: c.messages.create(to=TO, from_=line, body="Top secret"))
    for act in (
        lambda c: c.messages(made.sid).update(body=""),
        lambda c: c.messages(made.sid).delete(),
    ):
        with pytest.raises(TwilioRestException) as failed:
            await site.call(act)
        assert (failed.value.status, failed.value.code) == (409, 20009)
    native = f"/v1/messages/{message_id(made.sid)}"
    await site.house.call("POST", f"{native}/cancel")
    own = message_id(made.sid) or ""
    await site.house.gateway.writer.run(
        lambda tx: messages.change_part(tx.connection, own, 1, tpdu="0011000B91")
    )
    redacted = await site.call(lambda c: c.messages(made.sid).update(body=""))
    assert (redacted.body, redacted.status) == ("", "canceled")
    assert "Top secret" not in json.dumps((await site.house.call("GET", native)).json)
    (part,) = await site.house.gateway.reader.run(lambda c: messages.get_parts(c, own))
    assert part.tpdu is None
    told = await site.house.gateway.reader.run(
        lambda c: c.exec_driver_sql("SELECT data FROM events").scalars().all()
    )
    assert told
    assert "Top secret" not in "".join(str(data) for data in told)
    assert await site.call(lambda c: c.messages(made.sid).delete())
    with pytest.raises(TwilioRestException) as failed:
        await site.call(lambda c: c.messages(made.sid).fetch())
    assert (failed.value.status, failed.value.code) == (404, 20404)


async def test_only_what_a_key_sent_itself_may_it_take_out(site: Site, line: str) -> None:
    """Another key's text takes the scope `admin`."""
    made = await site.call(lambda c: c.messages.create(to=TO, from_=line, body="x"))
    await ended(site.house, made.sid, "delivered")
    other = await site.house.make_key("other", scopes=("send", "read"))
    row = await site.house.gateway.reader.run(lambda c: keys.find(c, other, 1.0))
    assert row is not None
    client = Client(account_sid(row.id), other, http_client=site.http)
    with pytest.raises(TwilioRestException) as failed:
        await asyncio.to_thread(client.messages(made.sid).delete)
    assert (failed.value.status, failed.value.code) == (403, 20003)


CREATE_FAULTS = [
    ({"to": ""}, 400, 21604),
    ({"to": "12"}, 400, 21211),
    ({"to": "+15550001099"}, 400, 21610),
    ({"body": ""}, 400, 21602),
    ({"body": "x" * 3_999}, 400, 21617),
    ({"from_": "+15550008888"}, 400, 21606),
    ({"from_": "??"}, 400, 21212),
    ({"from_": "", "messaging_service_sid": ""}, 400, 21603),
    ({"messaging_service_sid": "MG" + "0" * 32}, 400, 21701),
    ({"validity_period": 40_000}, 400, 21624),
    ({"schedule_type": "fixed"}, 400, 35111),
    ({"send_at": datetime(2030, 1, 1, tzinfo=UTC)}, 400, 35126),
    ({"schedule_type": "fixed", "send_at": datetime(2020, 1, 1, tzinfo=UTC)}, 400, 35114),
    ({"media_url": ["https://example.com/cat.jpg"]}, 400, 21623),
    ({"status_callback": "http://10.1.2.3/x"}, 400, 21609),
    ({"status_callback": "ftp://example.com"}, 400, 21609),
    ({"status_callback": "https://crm.example.com/" + "x" * 2_048}, 400, 21609),
    ({"body": "My card is 4111 1111 1111 1111"}, 400, 30007),
]


@pytest.mark.parametrize(("change", "status", "code"), CREATE_FAULTS)
async def test_what_cannot_be_sent_has_its_code(
    site: Site, line: str, change: dict[str, Any], status: int, code: int
) -> None:
    """The client raises it with Twilio's number, and nothing was written."""
    await site.house.call("PUT", "/v1/optouts/+15550001099")
    with pytest.raises(TwilioRestException) as failed:
        await site.call(
            lambda c: c.messages.create(**{"to": TO, "from_": line, "body": "Hello", **change})
        )
    assert (failed.value.status, failed.value.code) == (status, code)
    document = json.loads(site.http.answers[-1])
    assert document.keys() == {"code", "message", "more_info", "status"}
    assert (await site.house.call("GET", "/v1/messages")).json["items"] == []


async def test_a_messaging_service_is_a_pool(site: Site) -> None:
    """A text by MG… alone waits for any line of that pool, and says so."""
    service = service_sid("sales")
    made = await site.call(partial(_send, to=TO, messaging_service_sid=service, body="x"))
    assert (made.messaging_service_sid, made.from_) == (service, None)
    native = await site.house.call("GET", f"/v1/messages/{message_id(made.sid)}")
    assert native.json["pool"] == "sales"


async def test_a_services_number_is_none_that_is_texted(site: Site, line: str) -> None:
    """21614: a premium one, and a short code."""
    for number in ("+19005550100", "36111"):
        with pytest.raises(TwilioRestException) as failed:
            await site.call(partial(_send, to=number, from_=line, body="x"))
        assert (failed.value.status, failed.value.code) == (400, 21614), number


async def test_who_sends_more_than_the_key_may_waits(site: Site, line: str) -> None:
    """20429, with when to come again."""
    token = await site.house.make_key("few", scopes=("send",), per_minute=1)
    row = await site.house.gateway.reader.run(lambda c: keys.find(c, token, 1.0))
    assert row is not None
    client = Client(account_sid(row.id), token, http_client=site.http)
    await asyncio.to_thread(_send, client, to=TO, from_=line, body="x")
    with pytest.raises(TwilioRestException) as failed:
        await asyncio.to_thread(_send, client, to=TO, from_=line, body="x")
    assert (failed.value.status, failed.value.code) == (429, 20429)


async def test_wrong_credentials_are_refused(site: Site) -> None:
    """20003 for a wrong token, a wrong account and none; 20404 for another's account."""
    for sid, token in ((site.sid, "nonsense"), ("AC" + "1" * 32, site.token)):
        client = Client(sid, token, http_client=site.http)
        with pytest.raises(TwilioRestException) as failed:
            await asyncio.to_thread(client.messages("SM" + "0" * 32).fetch)
        assert (failed.value.status, failed.value.code) == (401, 20003)
    path = f"/2010-04-01/Accounts/{site.sid}/Messages.json"
    bare = await site.house.call("GET", path, key="")
    assert (bare.status, bare.headers["WWW-Authenticate"]) == (401, 'Basic realm="modemgw"')
    assert bare.json["code"] == 20003
