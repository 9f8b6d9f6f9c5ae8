"""An application gets and sends what its account's key may, once, and holds up nobody else."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from sqlalchemy import update
from twilio.base.exceptions import TwilioRestException

from modemgw.api.twilio.settings import TwilioSettings
from modemgw.gateway import acts
from modemgw.gateway.status import MessageStatus
from modemgw.store import messages, tables
from modemgw.store.sids import message_id, service_sid
from tests.api.house import until
from tests.twilio.conftest import ended
from tests.twilio.test_callbacks import (
    FROM,
    PUBLIC,
    answers_of,
    receive,
    says,
    settled_with,
    until_answers,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from twilio.rest import Client

    from modemgw.store.transaction import Transaction
    from tests.twilio.conftest import Site


async def change_key(site: Site, **columns: Any) -> None:
    """Change what the account's key may, from now on."""
    await site.house.gateway.writer.run(
        lambda tx: tx.connection.execute(update(tables.keys).values(**columns))
    )
    site.house.api._auth.forget("key_" + site.sid.removeprefix("AC"))


async def end(site: Site, sid: str, status: MessageStatus) -> None:
    """Bring a message to a status, without an error, and tell of it."""
    found = message_id(sid)
    assert found is not None

    def operation(tx: Transaction) -> None:
        acts.announce(tx, messages.changed(tx.connection, found, status=status), 2.0)

    await site.house.gateway.writer.run(operation)


async def made(site: Site, line: str, path: str = "/status") -> str:
    """A text with a StatusCallback; its sid."""
    message = await site.call(
        lambda c: c.messages.create(
            to=FROM, from_=line, body="x", status_callback=f"{PUBLIC}{path}"
        )
    )
    return str(message.sid)


async def test_an_application_whose_key_may_not_send_answers_nothing(site: Site, line: str) -> None:
    """As the key could not by the API; the delivery log says why."""
    await change_key(site, scopes=["read", "admin"])
    site.application.answer = says("Hello")
    await receive(site, "Hi", line)
    await settled_with(site, "needs the scope send")
    assert await answers_of(site) == []


async def test_an_application_whose_key_may_not_read_is_told_no_text(site: Site, line: str) -> None:
    """As the key could not by the API."""
    await change_key(site, scopes=["send", "admin"])
    await receive(site, "Between us", line)
    await settled_with(site, "lacks the scope read")
    assert site.application.got == []


@asynccontextmanager
async def writing_in_pieces(*pieces: bytes) -> AsyncIterator[str]:
    """An application that does not wait with the beginning of its answer; its address."""

    async def take(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/xml"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0.05)  # so that they come apart
        return response

    server = web.Application()
    server.router.add_post("/sms", take)
    runner = web.AppRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/sms"
    finally:
        await runner.cleanup()


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end(site: Site, line: str) -> None:
    """Whatever pieces the network makes of it."""
    callbacks = site.house.api._callbacks
    async with writing_in_pieces(
        b"<Response>", b"<Message>All", b" of it</Message></Response>"
    ) as url:
        account = replace(callbacks._twilio.accounts[site.sid], inbound_url=url)
        callbacks._twilio = replace(callbacks._twilio, accounts={site.sid: account})
        await receive(site, "Hi", line)
        (sent,) = await until_answers(site, 1)
    assert sent["text"] == "All of it"


async def test_a_text_whose_answer_is_forgotten_is_not_answered_again(
    site: Site, line: str
) -> None:
    """A replay of what is older than answers are kept posts it, and sends nothing."""
    site.application.answer = says("Hello")
    kept_s = site.house.gateway.settings.keep_idempotency_s
    await receive(site, "Hi", line, created_at=site.house.gateway.clock() - kept_s - 60)
    await settled_with(site, "so old")
    assert len(site.application.got) == 1
    assert await answers_of(site) == []


async def test_texts_are_counted_and_not_the_times_they_came_together(
    site: Site, line: str
) -> None:
    """Ten at once thirty times would be three hundred an hour."""
    site.application.answer = says(*[f"No. {n}" for n in range(10)])
    for n in range(4):
        await receive(site, f"Hello {n}", line)
    await settled_with(site, "more than 30 answers")
    assert len(await answers_of(site)) == 30


async def test_a_status_callback_that_fails_holds_up_nothing_else(site: Site, line: str) -> None:
    """Not texts that come in, nor the statuses of other texts of the same conversation."""
    site.application.answer = lambda path, _form: (
        404 if path == "/broken" else 204,
        "text/plain",
        "",
    )
    await end(site, await made(site, line, "/broken"), MessageStatus.SENDING)
    await until(lambda: bool(site.application.forms("/broken")))
    await receive(site, "Help me", line)
    await end(site, await made(site, line), MessageStatus.SENDING)
    await until(lambda: bool(site.application.forms("/sms") and site.application.forms("/status")))


async def test_a_text_that_ended_without_a_reason_is_shown_and_told(site: Site, line: str) -> None:
    """With a code, and no words; and it keeps nobody from what comes after it."""
    sid = await made(site, line)
    for status in (MessageStatus.SENT, MessageStatus.UNDELIVERED):
        await end(site, sid, status)
    shown = await site.call(lambda c: c.messages(sid).fetch())
    assert (shown.status, shown.error_code, shown.error_message) == ("undelivered", 30008, None)
    await until(lambda: len(site.application.got) == 2)
    form = site.application.forms("/status")[1]
    assert (form["ErrorCode"], form.get("ErrorMessage")) == ("30008", None)


@pytest.mark.parametrize("path", ["/st atus", "/a HTTP/1.1\r\nX-Evil: 1", "/ä"])
async def test_a_status_callback_is_an_address_to_the_letter(
    site: Site, line: str, path: str
) -> None:
    """What could not be posted to as it stands is refused at once, with its code."""
    with pytest.raises(TwilioRestException) as refused:
        await made(site, line, path)
    assert (refused.value.status, refused.value.code) == (400, 21609)


@pytest.mark.parametrize("period", ["00000000036001", "000000001" + "9" * 400, "0", "36001"])
async def test_a_validity_beyond_its_bounds_is_refused(site: Site, line: str, period: str) -> None:
    """However it is written."""
    with pytest.raises(TwilioRestException) as refused:
        await site.call(
            lambda c: c.messages.create(to=FROM, from_=line, body="x", validity_period=period)
        )
    assert (refused.value.status, refused.value.code) == (400, 21624)
    assert "36000" in refused.value.msg


async def test_a_pool_that_is_not_the_keys_is_no_service_of_it(site: Site, line: str) -> None:
    """It is not told that a filter caught the text, which callers take for a carrier's word."""
    await change_key(site, pools=["support"])
    with pytest.raises(TwilioRestException) as refused:
        await site.call(
            lambda c: c.messages.create(
                to=FROM, messaging_service_sid=service_sid("sales"), body="x"
            )
        )
    assert (refused.value.status, refused.value.code) == (400, 21701)


async def test_an_application_is_no_endpoint_to_be_tested(site: Site, line: str) -> None:
    """It is refused in words, not with a mistake of ours."""
    (endpoint,) = (await site.house.call("GET", "/v1/webhooks")).json["items"]
    reply = await site.house.call("POST", f"/v1/webhooks/{endpoint['id']}/test")
    assert (reply.status, reply.kind) == (409, "configured-webhook")


@pytest.mark.parametrize("by_number", [False, True])
async def test_an_application_may_know_lines_by_number_alone(
    site: Site, line: str, by_number: bool
) -> None:
    """Texts of a pool name it as a service, unless the account is told of none."""
    callbacks = site.house.api._callbacks
    account = replace(callbacks._twilio.accounts[site.sid], by_number=by_number)
    callbacks._twilio = replace(callbacks._twilio, accounts={site.sid: account})
    await receive(site, "Hi", line, pool="sales")
    await until(lambda: bool(site.application.got))
    (form,) = site.application.forms("/sms")
    assert form.get("MessagingServiceSid") == (None if by_number else service_sid("sales"))


async def test_an_answer_that_could_not_be_kept_is_asked_for_again(
    site: Site, line: str, tmp_path: Path
) -> None:
    """The database was away between the text and its answer: the text is posted anew."""
    asked: list[str] = []

    def rename(was: str, to: str) -> None:
        with closing(sqlite3.connect(tmp_path / "modemgw.db")) as database:
            database.execute(f"ALTER TABLE {was} RENAME TO {to}")

    def answer(_path: str, form: dict[str, str]) -> tuple[int, str, str]:
        asked.append(form["MessageSid"])
        if len(asked) == 1:
            rename("conversations", "away")
        return says("Hello")("", {})

    site.application.answer = answer
    await receive(site, "Hi", line)
    await until(lambda: bool(asked))
    await settled_with(site, "could not be kept")
    rename("away", "conversations")
    (sent,) = await until_answers(site, 1)
    assert (sent["text"], len(set(asked))) == ("Hello", 1)


async def test_what_is_told_while_a_text_is_redacted_has_no_text(site: Site, line: str) -> None:
    """A report comes in at that very moment."""
    house = site.house

    def redact(client: Client, sid: str) -> Any:
        return client.messages(sid).update(body="")

    def announce(tx: Transaction, found: str) -> None:
        row = messages.get(tx.connection, found)
        assert row is not None
        acts.announce(tx, row, house.gateway.clock())

    for _ in range(10):
        made = await site.call(lambda c: c.messages.create(to=FROM, from_=line, body="Top secret"))
        await ended(house, made.sid, "sent")
        about, announced = partial(announce, found=message_id(made.sid) or ""), 0
        redacting = asyncio.create_task(site.call(partial(redact, sid=made.sid)))
        while not redacting.done():
            await house.gateway.writer.run(about)
            announced += 1
        assert (redacting.result().body, announced > 1) == ("", True)
    kept = await house.gateway.reader.run(
        lambda c: c.exec_driver_sql("SELECT data FROM events").scalars().all()
    )
    assert "Top secret" not in "".join(str(data) for data in kept)


@pytest.mark.parametrize(("method", "status", "code"), [("GET", 404, 20404), ("PUT", 405, 20004)])
async def test_an_address_that_is_not_served_is_told_of_in_that_apis_way(
    site: Site, method: str, status: int, code: int
) -> None:
    """With its code and a place to read more, as its clients expect."""
    path = f"/2010-04-01/Accounts/{site.sid}"
    path += "/Calls.json" if method == "GET" else "/Messages.json"
    reply = await site.house.call(method, path)
    assert (reply.status, reply.json["status"], reply.json["code"]) == (status, status, code)
    assert reply.json["more_info"].endswith(str(code))


@pytest.mark.parametrize(
    ("url", "posted"),
    [
        ("https://crm.example.com/sms", "http://10.0.0.5:3000/sms"),
        ("https://crm.example.com", "http://10.0.0.5:3000"),
        ("https://crm.example.com?x=1", "http://10.0.0.5:3000?x=1"),
        ("https://crm.example.com.evil.example/", "https://crm.example.com.evil.example/"),
        ("https://crm.example.com@evil.example/", "https://crm.example.com@evil.example/"),
        ("https://crm.example.com:8443/", "https://crm.example.com:8443/"),
    ],
)
def test_the_beginning_of_an_address_ends_where_a_host_does(url: str, posted: str) -> None:
    """A longer name is another host."""
    settings = TwilioSettings(posted={"https://crm.example.com": "http://10.0.0.5:3000"})
    assert settings.posted_to(url) == posted
