"""Keys, endpoints, answers, identifiers, lists and what is forgotten in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.ids import new_id
from modemgw.store import deliveries, events, idempotency, inbox, keys, messages, optouts, webhooks
from modemgw.store.engine import writer_engine
from modemgw.store.events import Event
from modemgw.store.messages import Filter
from modemgw.store.webhooks import Endpoint
from tests.store.operations import NOW, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = writer_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_identifiers_sort_by_age_and_never_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later ones sort after earlier ones, also when the clock is set back."""
    made = [new_id("msg") for _ in range(5_000)]
    monkeypatch.setattr("modemgw.ids.time.time_ns", lambda: 1)
    made += [new_id("msg") for _ in range(5_000)]
    assert made == sorted(set(made))
    assert all(len(name) == 36 and name[16] == "7" for name in made)  # version, RFC 9562 §5.7


def test_a_key_is_found_until_it_is_revoked_and_kept_as_a_hash(connection: Connection) -> None:
    """Nobody who reads the table can use a key."""
    assert not keys.any_key(connection, NOW)
    key = keys.create(connection, name="desk", scopes=["send"], now=NOW)
    row = keys.find(connection, key, NOW)
    assert row is not None
    assert key not in str(row)
    assert row.scopes == ["send"]
    assert keys.find(connection, key + "x", NOW) is None
    assert keys.find(connection, "\udc80", NOW) is None
    keys.note_use(connection, row.id, NOW + 1)
    assert keys.all_keys(connection)[0].last_used_at == NOW + 1
    assert keys.any_key(connection, NOW)
    assert keys.revoke(connection, "desk", NOW) == 1
    assert keys.revoke(connection, row.id, NOW) == 0
    assert keys.find(connection, key, NOW) is None


def test_the_endpoints_of_the_file_are_those_that_it_names(connection: Connection) -> None:
    """New ones are made, old ones go, those of the API stay; the same URL keeps its identity."""
    mine = webhooks.add(connection, Endpoint("http://a/", ("*",), "whsec_a"), "api", NOW)
    first = [Endpoint("http://x/", ("*",), "whsec_1"), Endpoint("http://y/", ("*",), "whsec_2")]
    webhooks.sync_configured(connection, first, NOW)
    x = next(row for row in webhooks.all_endpoints(connection) if row.url == "http://x/")
    webhooks.disable(connection, x.id, "gone")
    second = [Endpoint("http://x/", ("message.received",), "whsec_3")]
    webhooks.sync_configured(connection, second, NOW)
    assert {row.id for row in webhooks.all_endpoints(connection)} == {mine.id, x.id}
    now = webhooks.get(connection, x.id)
    assert now is not None
    assert (now.enabled, now.events, now.secret) == (True, ["message.received"], "whsec_3")
    assert webhooks.remove(connection, x.id)
    assert not webhooks.remove(connection, x.id)


def test_what_is_owed_is_told_in_order_until_it_is_settled(connection: Connection) -> None:
    """Pending deliveries come with their events; a settled one is owed no more."""
    hook = webhooks.add(connection, Endpoint("http://a/", ("*",), "whsec_a"), "api", NOW)
    events.publish(connection, [Event("call.received", NOW, {"n": n}) for n in range(3)])
    pending = webhooks.pending(connection, hook.id, limit=10)
    assert [row.data["n"] for row in pending] == [0, 1, 2]
    webhooks.settle(connection, hook.id, 1, status="delivered", settled_at=NOW)
    assert webhooks.owed(connection) == {hook.id: 2}
    assert [row.position for row in deliveries.log(connection, hook.id, before=None, limit=9)] == [
        3,
        2,
        1,
    ]
    assert len(deliveries.log(connection, hook.id, before=2, limit=9)) == 1


def test_events_are_forgotten_in_time_unless_somebody_waits_for_them(
    connection: Connection,
) -> None:
    """Old ones go; what a webhook is owed stays until it has it."""
    events.publish(connection, [Event("a", NOW, {})])
    hook = webhooks.add(connection, Endpoint("http://a/", ("*",), "whsec_a"), "api", NOW)
    events.publish(connection, [Event("b", NOW, {}), Event("c", NOW + 99, {})])
    assert events.prune(connection, NOW + 50, 10) is None
    assert [event.type for event in events.after(connection, 0, 10)] == ["b", "c"]
    webhooks.settle(connection, hook.id, 2, status="delivered", settled_at=NOW)
    assert events.prune(connection, NOW + 50, 1) == 2
    assert events.prune(connection, NOW + 50, 1, 2) is None
    assert [row.position for row in deliveries.log(connection, hook.id, before=None, limit=9)] == [
        3
    ]
    assert events.last_position(connection) == 3
    kept = events.after(connection, 0, 10)[0]
    assert events.position_of(connection, kept.id) == 3
    assert events.position_of(connection, "evt_none") is None


def test_events_of_a_clock_that_was_ahead_hold_up_none_behind_them(connection: Connection) -> None:
    """They stay, with their deliveries, until they are as old; what is old goes meanwhile."""
    hook = webhooks.add(connection, Endpoint("http://a/", ("*",), "whsec_a"), "api", NOW)
    ahead = [Event("ahead", NOW + 9_999, {}) for _ in range(3)]
    events.publish(connection, [*ahead, Event("old", NOW, {}), Event("young", NOW + 99, {})])
    for position in range(1, 6):
        webhooks.settle(connection, hook.id, position, status="delivered", settled_at=NOW)
    place: int | None = 0
    while place is not None:
        place = events.prune(connection, NOW + 50, 2, place)
    assert [event.position for event in events.after(connection, 0, 10)] == [1, 2, 3, 5]
    told = deliveries.log(connection, hook.id, before=None, limit=9)
    assert [row.position for row in told] == [5, 3, 2, 1]


def test_events_of_some_types_are_followed_past_all_others(connection: Connection) -> None:
    """Who follows them is told how far he has seen, so that nothing between is looked at again."""
    events.publish(connection, [Event(t, NOW, {}) for t in ("a", "x", "b", "a", "x")])
    found, until = events.after_of(connection, ("a", "b"), 0, 2)
    assert ([event.position for event in found], until) == ([1, 3], 3)
    found, until = events.after_of(connection, ("a", "b"), until, 2)
    assert ([event.position for event in found], until) == ([4], 5)
    assert events.after_of(connection, ("a", "b"), until, 2) == ([], 5)


def test_an_answer_is_kept_for_its_key_until_it_is_old(connection: Connection) -> None:
    """The same token of another API key is another token."""
    idempotency.keep(
        connection, key_id="k", token="t", digest="d", answer=[{"message": {"id": 1}}], now=NOW
    )
    found = idempotency.find(connection, "k", "t")
    assert found is not None
    assert found.answer == [{"message": {"id": 1}}]
    assert idempotency.find(connection, "other", "t") is None
    assert idempotency.prune(connection, NOW, 10) == 0
    assert idempotency.prune(connection, NOW + 1, 10) == 1


def test_old_answers_are_forgotten_some_at_a_time(connection: Connection) -> None:
    """The oldest first, so that the writer is never held up for long."""
    for i in range(5):
        idempotency.keep(connection, key_id="k", token=f"t{i}", digest="d", answer=[], now=NOW + i)
    assert [idempotency.prune(connection, NOW + 4, 3) for _ in range(3)] == [3, 1, 0]
    assert idempotency.find(connection, "k", "t4") is not None


def test_messages_are_listed_newest_first_and_narrowed(connection: Connection) -> None:
    """Each filter narrows; `before` goes on where a page ended."""
    ids = [write_text(connection, created_at=NOW + n) for n in range(4)]
    other = write_text(
        connection, recipient="+12025550333", status="sent", line_id="L", conversation_id="C"
    )
    listed = messages.find(connection, Filter(), before=None, limit=2)
    assert [row.id for row in listed] == [other, ids[3]]
    rest = messages.find(connection, Filter(), before=ids[3], limit=10)
    assert [row.id for row in rest] == ids[2::-1]
    for wanted in (
        Filter(recipient="+12025550333"),
        Filter(status="sent"),
        Filter(line_id="L"),
        Filter(conversation_id="C"),
    ):
        assert [row.id for row in messages.find(connection, wanted, before=None, limit=9)] == [
            other
        ]
    between = Filter(created_after=NOW, created_before=NOW + 3, direction="outbound")
    assert len(messages.find(connection, between, before=None, limit=9)) == 2
    assert messages.find(connection, Filter(sender="+1"), before=None, limit=9) == []
    assert messages.counts(connection) == {("outbound", "queued"): 4, ("outbound", "sent"): 1}


def test_a_conversation_is_one_for_number_and_pool_and_counts_without_gaps(
    connection: Connection,
) -> None:
    """Opening again finds it; sequences begin at 1."""
    made = messages.open_conversation(connection, "+12025550111", "", NOW)
    assert messages.open_conversation(connection, "+12025550111", "", NOW).id == made.id
    assert messages.open_conversation(connection, "+12025550111", "sales", NOW).id != made.id
    assert [messages.next_sequence(connection, made.id) for _ in range(3)] == [1, 2, 3]


def test_opt_outs_are_paged_by_number(connection: Connection) -> None:
    """A second opt-out of a number changes nothing."""
    for number in ("+3", "+1", "+2"):
        values = {
            "number": number,
            "scope": "all",
            "source": "cli",
            "reason": "",
            "created_at": NOW,
            "sent_at": NOW,
        }
        assert optouts.add(connection, values)
        assert not optouts.add(connection, values)
    page = optouts.page(connection, after=None, limit=2)
    assert [row.number for row in page] == ["+1", "+2"]
    rest = optouts.page(connection, after=("+2", "all"), limit=2)
    assert [row.number for row in rest] == ["+3"]
    assert optouts.add(connection, values | {"scope": "pool:sales"})
    assert [row.scope for row in optouts.of(connection, "+2")] == ["all", "pool:sales"]
    known = sorted(optouts.every(connection))
    assert known == [(number, "all", "") for number in ("+1", "+2")] + [
        ("+2", "pool:sales", ""),
        ("+3", "all", ""),
    ]
    assert optouts.count(connection) == 3
    assert optouts.remove(connection, "+3", "all")
    assert not optouts.remove(connection, "+3", "all")
    optouts.note_confirmation(connection, "+3", NOW)
    optouts.note_confirmation(connection, "+3", NOW + 1)
    assert optouts.confirmed_at(connection, "+3") == NOW + 1


def test_a_tpdu_is_kept_once(connection: Connection) -> None:
    """The fingerprint is what a repeat is known by; what is defective is listed."""
    row = {
        "id": new_id("inb"),
        "fingerprint": "f",
        "pdu": "00",
        "kind": "undecodable",
        "defect": "too short",
        "received_at": NOW,
    }
    assert inbox.keep(connection, row)
    assert not inbox.keep(connection, {**row, "id": new_id("inb")})
    shown = inbox.defective(connection, before=None, limit=9)
    assert [r.id for r in shown] == [row["id"]]
    assert inbox.defective(connection, before=str(row["id"]), limit=9) == []
