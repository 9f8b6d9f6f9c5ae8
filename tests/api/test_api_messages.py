"""Sending, listing, reading and cancelling over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from modemgw.api import answers

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction
    from tests.api.house import House


async def test_a_text_is_accepted_and_can_be_read(house: House) -> None:
    """The answer is the message; its address leads to it and to its parts."""
    sent = await house.send(text="Hello 😀", reference="r1", metadata={"a": "1"})
    assert sent.status == 201
    message = sent.json
    answers.Message.model_validate(message)
    assert (message["to"], message["text"], message["reference"]) == (
        "+15550001001",
        "Hello 😀",
        "r1",
    )
    assert message["status"] == "queued"
    read = await house.call("GET", sent.headers["Location"])
    detail = answers.MessageDetail.model_validate(read.json)
    assert detail.id == message["id"]
    assert [part.status for part in detail.parts_detail] == ["queued"]


async def test_the_same_idempotency_key_gets_the_same_answer(house: House) -> None:
    """The body decides, not how it is written; another body is a conflict."""
    body = {"to": "+15550001001", "text": "once", "metadata": {"a": 1, "b": 2}}
    token = {"Idempotency-Key": "k1"}
    first = await house.call("POST", "/v1/messages", body, headers=token)
    other_order = dict(reversed(body.items()))
    again = await house.call("POST", "/v1/messages", other_order, headers=token)
    assert (again.status, again.json) == (201, first.json)
    other = await house.call("POST", "/v1/messages", {**body, "text": "two"}, headers=token)
    assert (other.status, other.kind) == (409, "idempotency-conflict")
    page = await house.call("GET", "/v1/messages")
    assert len(page.json["items"]) == 1


async def test_an_idempotency_key_that_cannot_be_kept_is_refused(house: House) -> None:
    """1 to 255 visible ASCII characters."""
    for token in ("", "a b", "é", "x" * 256):
        reply = await house.call(
            "POST",
            "/v1/messages",
            {"to": "+15550001001", "text": "x"},
            headers={"Idempotency-Key": token},
        )
        assert (reply.status, reply.kind) == (400, "bad-idempotency-key"), token


async def test_a_batch_answers_each_text_in_order(house: House) -> None:
    """What is wrong with one text does not touch the others."""
    good = [{"to": f"+1555000{n}", "text": "batch"} for n in range(2000, 2003)]
    bad = [{"to": "x", "text": "y"}, {"to": "+15550001001", "txt": "y"}, 7]
    reply = await house.call("POST", "/v1/messages/batch", {"messages": [*bad, *good]})
    assert reply.status == 200
    outcome = answers.BatchOutcome.model_validate(reply.json)
    assert [item.status for item in outcome.items] == [422, 422, 422, 201, 201, 201]
    refused = [item["problem"]["errors"] for item in reply.json["items"][:3]]
    assert refused[0][0]["field"] == "to"
    assert {error["field"] for error in refused[1]} == {"text", "txt"}


async def test_a_large_batch_is_taken_whole_and_once(house: House) -> None:
    """More texts than one transaction takes, sent twice with one Idempotency-Key."""
    batch = {"messages": [{"to": f"+1555{n:07}", "text": "x"} for n in range(450)]}
    token = {"Idempotency-Key": "big"}
    first = await house.call("POST", "/v1/messages/batch", batch, headers=token)
    again = await house.call("POST", "/v1/messages/batch", batch, headers=token)
    assert first.json == again.json
    assert len({item["message"]["id"] for item in first.json["items"]}) == 450
    too_many = {"messages": [*batch["messages"], batch["messages"][0]]}
    reply = await house.call("POST", "/v1/messages/batch", too_many)
    assert (reply.status, reply.kind, reply.fields) == (422, "invalid", {"messages"})


async def test_the_cursor_leads_to_every_message_once(house: House) -> None:
    """Pages of three; then `next` is null."""
    made = {(await house.send(text=f"n{n}")).json["id"] for n in range(7)}
    seen: list[str] = []
    path = "/v1/messages?direction=outbound&limit=3"
    cursor = ""
    while True:
        page = (await house.call("GET", path + cursor)).json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == 7
    assert set(seen) == made
    assert seen == sorted(seen, reverse=True)


async def test_filters_narrow_the_list(house: House) -> None:
    """Numbers are read as recipients are; times are compared with the moment of creation."""
    line, conversation = "lin_" + "1" * 32, "cnv_" + "2" * 32
    inbound = await house.receive(
        sender="+15550003001",
        recipient="+15550009999",
        line_id=line,
        conversation_id=conversation,
    )
    named = await house.receive(id="msg_" + "0" * 31 + "1", sender="INFO")
    sent = (await house.send()).json["id"]

    async def ids(query: str) -> list[str]:
        reply = await house.call("GET", f"/v1/messages?{query}")
        assert reply.status == 200, reply
        return [item["id"] for item in reply.json["items"]]

    assert await ids("direction=outbound") == [sent]
    assert await ids("status=received") == [named, inbound]
    assert await ids("to=%2B15550001001") == [sent]
    assert await ids("to=+15550001001") == [sent]
    assert await ids("to=(555)%20000-1001") == [sent]
    assert await ids("from=%2B15550003001") == [inbound]
    assert await ids("from=INFO") == [named]
    assert await ids(f"line={line}") == [inbound]
    assert await ids(f"conversation={conversation}") == [inbound]
    assert await ids("created_before=2024-01-01T00:00:00Z") == [named, inbound]
    assert await ids("created_after=2024-01-01T01:00:00+01:00") == [sent]


async def test_a_scheduled_text_can_be_canceled_and_a_sent_one_cannot(house: House) -> None:
    """Cancelling twice is as good as once."""
    tomorrow = datetime.now(timezone(timedelta(hours=1))).replace(microsecond=0) + timedelta(days=1)
    later = await house.send(send_at=tomorrow.isoformat(), valid_for=60)
    path = later.headers["Location"]
    assert later.json["status"] == "scheduled"
    assert datetime.fromisoformat(later.json["not_before"]) == tomorrow
    for _ in range(2):
        canceled = await house.call("POST", f"{path}/cancel")
        assert (canceled.status, canceled.json["status"]) == (200, "canceled")
    received = await house.receive()
    reply = await house.call("POST", f"/v1/messages/{received}/cancel")
    assert (reply.status, reply.kind) == (409, "not-cancelable")
    reply = await house.call("POST", "/v1/messages/msg_1/cancel")
    assert (reply.status, reply.kind) == (404, "not-found")


async def test_an_opted_out_recipient_is_refused_without_a_row(house: House) -> None:
    """The problem's type says so, and the audit has it."""
    number = "/v1/optouts/%2B15550003003"
    put = await house.call("PUT", number, {})
    assert put.status == 200
    answers.OptOut.model_validate(put.json)
    refused = await house.send(to="+15550003003")
    assert (refused.status, refused.kind, refused.fields) == (422, "opted-out", {"to"})
    assert (await house.call("GET", "/v1/messages")).json["items"] == []
    assert (await house.call("DELETE", f"{number}?reason=form%207")).status == 204
    assert (await house.send(to="+15550003003")).status == 201

    def audited(tx: Transaction) -> list[str]:
        assert tx.ledger is not None
        return [row["action"] for row in tx.ledger.entries(tx.connection, "+15550003003")]

    actions = await house.gateway.writer.run(audited)
    assert actions == ["opted_in", "refused", "opted_out"]
