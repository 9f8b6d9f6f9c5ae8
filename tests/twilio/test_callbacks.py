"""Applications are told of texts and statuses, can trust what they get, and may answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from modemgw.api.courier import Destination
from modemgw.api.respond import to_json
from modemgw.gateway import acts, views
from modemgw.gateway.status import MessageStatus
from modemgw.ids import new_id
from modemgw.store import events, messages
from modemgw.store.events import Event
from modemgw.store.sids import message_id, message_sid
from tests.api.house import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.store.transaction import Transaction
    from tests.twilio.conftest import Site

FROM = "+15550002001"
# As the application knows itself; it is posted to where it listens.
PUBLIC = "https://crm.example.com"


async def receive(site: Site, text: str, line: str, **columns: Any) -> str:
    """A text that comes in, with its event, as the gateway writes both; the event's id."""

    def operation(tx: Transaction) -> str:
        conversation = messages.make_conversation(tx.connection, FROM, "", 1.0)
        row = {
            "id": new_id("msg"),
            "direction": "inbound",
            "status": "received",
            "sender": FROM,
            "recipient": line,
            "text": text,
            "encoding": "gsm7",
            "parts": 1,
            "conversation_id": conversation.id,
            "created_at": site.house.gateway.clock(),
            **columns,
        }
        written = messages.insert_message(tx.connection, row)
        event = Event(
            "message.received", row["created_at"], views.message(written), conversation.id
        )
        tx.emit(event)
        return event.id

    return await site.house.gateway.writer.run(operation)


async def answers_of(site: Site) -> list[dict[str, Any]]:
    """What was sent to the one who wrote, the oldest first."""
    page = await site.house.call("GET", "/v1/messages?direction=outbound")
    return list(reversed(page.json["items"]))


def says(*texts: str) -> Callable[[str, dict[str, str]], tuple[int, str, str]]:
    """An application that answers each text with these."""
    response = MessagingResponse()
    for text in texts:
        response.message(text)
    return lambda _path, _form: (200, "text/xml", str(response))


async def test_a_text_is_posted_signed_as_the_application_knows_itself(
    site: Site, line: str
) -> None:
    """Its own validator accepts it over the public address, and nothing that was changed."""
    await receive(site, "Grüße 🎈 & so=on", line)
    await until(lambda: bool(site.application.got))
    ((path, form, headers),) = site.application.got
    assert path == "/sms"
    assert (form["From"], form["To"], form["Body"]) == (FROM, line, "Grüße 🎈 & so=on")
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"]
    assert (form["AccountSid"], form["NumMedia"], form["NumSegments"]) == (site.sid, "0", "1")
    validator, signed = RequestValidator(site.token), headers["X-Twilio-Signature"]
    assert validator.validate(f"{PUBLIC}/sms", form, signed)
    assert not validator.validate(f"{PUBLIC}/other", form, signed)
    assert not validator.validate(f"{PUBLIC}/sms", {**form, "Body": "Send money"}, signed)
    assert not RequestValidator("x" * 32).validate(f"{PUBLIC}/sms", form, signed)
    fetched = await site.call(lambda c: c.messages(form["MessageSid"]).fetch())
    assert (fetched.direction, fetched.status, fetched.body) == (
        "inbound",
        "received",
        form["Body"],
    )


@pytest.mark.parametrize(
    ("keyword", "said"), [("opt_out", "STOP"), ("opt_in", "START"), ("help", "HELP")]
)
async def test_a_keyword_is_marked_and_no_machine_answers_it(
    site: Site, line: str, keyword: str, said: str
) -> None:
    """OptOutType is told; the TwiML that comes back is not sent, and the delivery says so."""
    site.application.answer = says("Please stay!")
    await receive(site, said, line, classified=keyword)
    await until(lambda: bool(site.application.got))
    assert site.application.forms("/sms")[0]["OptOutType"] == said
    await settled_with(site, "answered by the gateway alone")
    assert await answers_of(site) == []


async def settled_with(site: Site, words: str) -> None:
    """Wait until the delivery log tells these words."""
    (endpoint,) = (await site.house.call("GET", "/v1/webhooks")).json["items"]

    async def told() -> bool:
        page = await site.house.call("GET", f"/v1/webhooks/{endpoint['id']}/deliveries")
        return any(words in (item["last_error"] or "") for item in page.json["items"])

    async with asyncio.timeout(5):
        while not await told():
            await asyncio.sleep(0.01)


async def test_what_the_application_answers_is_sent_back(site: Site, line: str) -> None:
    """On the same line, as replies, in order, marked with what they answer."""
    site.application.answer = says("One", "Two 🎉")
    await receive(site, "Hi", line)
    await until(lambda: bool(site.application.got))
    sent = await until_answers(site, 2)
    assert [(m["to"], m["text"], m["kind"]) for m in sent] == [
        (FROM, "One", "conversational"),
        (FROM, "Two 🎉", "conversational"),
    ]
    shown = await site.call(lambda c: c.messages.list(to=FROM))
    assert {m.direction for m in shown} == {"outbound-reply"}


async def until_answers(site: Site, count: int) -> list[dict[str, Any]]:
    """Wait for so many answers; they."""
    async with asyncio.timeout(5):
        while len(found := await answers_of(site)) < count:
            await asyncio.sleep(0.01)
    return found


async def test_a_text_that_is_posted_twice_is_answered_once(site: Site, line: str) -> None:
    """The connection broke after the answer was read; the application answers again, otherwise."""
    tries: list[str] = []

    def answer(_path: str, form: dict[str, str]) -> tuple[int, str, str]:
        tries.append(form["MessageSid"])
        if len(tries) == 1:
            return 503, "text/plain", ""
        return says(f"Try {len(tries)}")("", {})

    site.application.answer = answer
    event_id = await receive(site, "Hi", line)
    (first,) = await until_answers(site, 1)
    assert (first["text"], len(tries)) == ("Try 2", 2)
    (endpoint,) = (await site.house.call("GET", "/v1/webhooks")).json["items"]
    carrier = site.house.api._carrier_to(endpoint["url"])
    (told,) = [
        event
        for event in await site.house.gateway.reader.run(lambda c: events.after(c, 0, 100))
        if event.id == event_id
    ]
    to = Destination(endpoint["url"], "", trusted=True)
    receipt = await carrier.post(to, event_id, to_json(views.event(told)))
    assert (receipt.delivered, len(tries)) == (True, 3)
    assert [m["text"] for m in await answers_of(site)] == ["Try 2"]


async def test_an_answer_passes_the_gate(site: Site, line: str) -> None:
    """A card number is not sent, and nobody who opted out is answered."""
    site.application.answer = says("Pay with 4111 1111 1111 1111")
    await receive(site, "How?", line)
    await settled_with(site, "payment card")
    await site.house.call("PUT", f"/v1/optouts/{FROM}")
    site.application.answer = says("Hello?")
    await receive(site, "Again", line)
    await settled_with(site, "opted out")
    assert await answers_of(site) == []


async def test_two_machines_that_answer_each_other_come_to_an_end(site: Site, line: str) -> None:
    """A line of the bank is never answered; another machine thirty times an hour."""
    site.application.answer = says("And you?")
    await receive(site, "Hello", line, sender=line)
    await settled_with(site, "a line of this bank")
    for n in range(32):
        await receive(site, f"Hello {n}", line)
    await settled_with(site, "more than 30 answers")
    assert len(await answers_of(site)) == 30


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><Response><Message>&a;</Message></Response>', "document"),
        ("<Response><Message>" * 40, "nested"),
        ("<Response>" + "<Message>x</Message>" * 11 + "</Response>", "more than 10"),
        ("<Response><Message>" + "x" * 70_000 + "</Message></Response>", "bytes"),
        ("<Response><Message>unfinished", "no XML"),
        ("<html/>", "root"),
        ('<Response><Message to="+15550003003">x</Message></Response>', "whoever wrote"),
        ('<?xml version="1.0" encoding="klingon"?><Response/>', "no XML"),
    ],
)
async def test_a_twiml_bomb_is_not_answered_with(
    site: Site, line: str, body: str, words: str
) -> None:
    """The event is delivered, the log says what was wrong, nothing is sent."""
    site.application.answer = lambda _path, _form: (200, "application/xml", body)
    await receive(site, "Hi", line)
    await settled_with(site, words)
    assert await answers_of(site) == []


async def test_statuses_are_called_back_in_order_with_their_codes(site: Site, line: str) -> None:
    """To the message's own address, signed over it; another account's texts are not told."""
    made = await site.call(
        lambda c: c.messages.create(
            to=FROM, from_=line, body="x", status_callback=f"{PUBLIC}/status?job=7"
        )
    )
    await site.house.send(to="+15550003003")
    for status, code in ((MessageStatus.SENDING, None), (MessageStatus.FAILED, "rejected")):

        def operation(tx: Transaction, status: str = status, code: str | None = code) -> None:
            found = message_id(made.sid)
            assert found is not None
            row = messages.changed(
                tx.connection, found, status=status, error_code=code, error_message=code and "No."
            )
            acts.announce(tx, row, 2.0)

        await site.house.gateway.writer.run(operation)
    await until(lambda: len(site.application.got) >= 2)
    told = [form for _, form, _ in site.application.got]
    assert [form["MessageStatus"] for form in told] == ["sending", "failed"]
    assert {form["MessageSid"] for form in told} == {made.sid}
    assert (told[1]["ErrorCode"], told[1]["ErrorMessage"]) == ("30007", "No.")
    assert "ErrorCode" not in told[0]
    _, form, headers = site.application.got[1]
    assert RequestValidator(site.token).validate(
        f"{PUBLIC}/status?job=7", form, headers["X-Twilio-Signature"]
    )
    assert message_sid(message_id(made.sid) or "") == made.sid
