"""The queue: lanes, claims, what is parked, and the write-ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.store import lines, messages, optouts, queue, tables
from modemgw.store.engine import writer_engine
from tests.store.operations import NOW, write_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

OF_LINE, OF_ANY = "L|||", "*|||"
LANES = [OF_LINE, OF_ANY]


def heads(connection: Connection, limit: int = 8) -> list[str]:
    found = queue.heads(connection, LANES, limit)
    return [head.id for head in sorted(found, key=lambda head: (-head.priority, head.id))]


def candidates(connection: Connection, line_id: str, lanes: list[str]) -> list[queue.Candidate]:
    found = [
        queue.candidate(connection, head.id, line_id) for head in queue.heads(connection, lanes, 8)
    ]
    return [candidate for candidate in found if candidate is not None]


def begin(connection: Connection, message_id: str, host: str = "here", seq: int = 1) -> bool:
    return queue.begin_part(
        connection,
        message_id=message_id,
        seq=seq,
        line_id="L",
        modem_id="M",
        sender="+12025550199",
        host=host,
        now=NOW,
        tpdu="",
    )


def test_the_most_urgent_comes_first_then_the_oldest(connection: Connection) -> None:
    """By priority, then age, in each lane; other lanes are not looked at."""
    calm = write_text(connection, priority=2)
    old = write_text(connection, lane=OF_LINE)
    young = write_text(connection)
    urgent = write_text(connection, priority=10)
    write_text(connection, lane="other|||", priority=10)
    assert heads(connection) == [urgent, old, young, calm]
    assert heads(connection, limit=1) == [urgent, old]
    assert heads(connection, limit=2) == [urgent, old, young]


def test_a_claim_takes_a_message_out_of_its_lane_once(connection: Connection) -> None:
    """The second claim gets nothing; giving back brings it to its old place."""
    first, second = write_text(connection), write_text(connection)
    assert queue.claim(connection, first, "here", "L", "+12025550199")
    assert not queue.claim(connection, first, "there", "K", None)
    assert heads(connection) == [second]
    queue.put_back(connection, first, (1,), "there", "K", lane=OF_ANY)  # not theirs to give
    assert heads(connection) == [second]
    queue.put_back(connection, first, (1,), "here", "L", lane=OF_ANY)
    assert heads(connection) == [first, second]


def test_what_is_on_the_air_is_not_put_back(connection: Connection) -> None:
    """A claim that is given back late must not bring a begun part into a lane again."""
    message_id = write_text(connection)
    queue.claim(connection, message_id, "here", "L", None)
    assert begin(connection, message_id)
    queue.put_back(connection, message_id, (1,), "here", "L", lane=OF_ANY)
    assert heads(connection) == []


def test_a_claim_of_before_is_not_given_back_in_place_of_a_newer_one(
    connection: Connection,
) -> None:
    """The line has claimed the text anew, and its first part has gone: the rest is its own."""
    message_id = write_text(connection, parts=2, status="sending")
    queue.claim(connection, message_id, "here", "L", None)
    messages.change_part(connection, message_id, 1, status="sent")
    queue.put_back(connection, message_id, (1, 2), "here", "L", lane=OF_ANY)
    assert heads(connection) == []
    queue.put_back(connection, message_id, (2,), "here", "L", lane=OF_ANY)
    assert heads(connection) == [message_id]


def test_a_part_begins_once_and_only_for_its_claimer(connection: Connection) -> None:
    """The write-ahead refuses a second begin, another host, and a message that has ended."""
    message_id = write_text(connection)
    assert not begin(connection, message_id)  # nobody claimed it
    queue.claim(connection, message_id, "here", "L", None)
    assert not begin(connection, message_id, host="there")
    assert begin(connection, message_id)
    assert not begin(connection, message_id)
    row = messages.get(connection, message_id)
    assert row is not None
    assert (row.status, row.sender) == ("sending", "+12025550199")
    ended = write_text(connection)
    queue.claim(connection, ended, "here", "L", None)
    messages.change(connection, ended, status="canceled")
    assert not begin(connection, ended)
    part = messages.get_parts(connection, ended)[0]
    assert (part.status, part.attempts) == ("queued", 0)


def test_candidates_tell_of_opt_outs_and_doubts(connection: Connection) -> None:
    """What decides about a head is read with it."""
    number = "+12025550222"
    message_id = write_text(connection, recipient=number)
    other = write_text(connection)
    values = {
        "number": number,
        "scope": "all",
        "source": "api",
        "reason": "asked",
        "created_at": NOW,
        "sent_at": NOW,
    }
    optouts.add(connection, values)
    doubtful = write_text(connection, recipient=number, lane=None)
    messages.change_part(connection, doubtful, 1, status="in_doubt", line_id="L")
    found = {c.message.id: c for c in candidates(connection, "L", LANES)}
    assert (found[message_id].opted_out, found[message_id].in_doubt) == (True, True)
    assert (found[other].opted_out, found[other].in_doubt) == (False, False)
    elsewhere = candidates(connection, "K", [OF_ANY])
    assert not any(c.in_doubt for c in elsewhere)


def test_a_line_begins_nothing_that_another_has_claimed_since(connection: Connection) -> None:
    """Its own claim was given back; the same host has made the other."""
    message_id = write_text(connection)
    assert queue.claim(connection, message_id, "here", "K", None)
    assert not begin(connection, message_id)
    row = messages.get(connection, message_id)
    assert row is not None
    assert (row.line_id, row.status) == ("K", "queued")
    assert [part.status for part in messages.get_parts(connection, message_id)] == ["queued"]


def test_what_is_parked_is_due_at_its_time(connection: Connection) -> None:
    """It leaves its lane and comes up when the time has come."""
    message_id = write_text(connection)
    queue.park(connection, message_id, NOW + 60, "outer_window")
    assert heads(connection) == []
    assert queue.depth(connection) == queue.Depth({}, parked=1)
    assert queue.due(connection, NOW + 59, 10) == []
    assert [row.id for row in queue.due(connection, NOW + 60, 10)] == [message_id]


def test_all_that_waits_is_looked_at_again_some_at_a_time(connection: Connection) -> None:
    """But for what was told to wait, and what does not wait for a time."""
    parked = [write_text(connection) for _ in range(5)]
    for message_id in parked:
        queue.park(connection, message_id, NOW + 60, "outer_window")
    told, free = write_text(connection), write_text(connection)
    messages.change(connection, told, status="scheduled", lane=None, ready_at=NOW + 60)
    last: str | None = ""
    due = []
    while last is not None:
        last = queue.look_again(connection, NOW, "queued", last, 2)
        due.append(len(queue.due(connection, NOW, 10)))
    assert due == [2, 4, 5, 5]
    assert {row.id for row in queue.due(connection, NOW, 10)} == set(parked)
    assert queue.depth(connection) == queue.Depth({OF_ANY: 1}, parked=6)
    assert heads(connection) == [free]


@pytest.mark.parametrize("reason", tables.FOR_RECIPIENT)
def test_what_waited_for_its_recipient_is_let_go_by_that_reason(
    connection: Connection, reason: str
) -> None:
    """Other reasons to wait are left alone."""
    held = {cause: write_text(connection) for cause in (*tables.FOR_RECIPIENT, "outer_window")}
    for cause, message in held.items():
        queue.park(connection, message, NOW + 60, cause)
    queue.release_recipient(connection, "+12025550111", NOW, reason)
    assert [row.id for row in queue.due(connection, NOW, 10)] == [held[reason]]


def test_the_lane_of_a_line_that_is_gone_is_emptied_into_home_lanes(
    connection: Connection,
) -> None:
    """What is bound to the line stays: what named it, and the rest of what has begun."""
    sticky = write_text(connection, lane=OF_LINE, line_id=None)
    bound = write_text(connection, lane=OF_LINE, home_lane=OF_LINE)
    begun = write_text(connection, lane=OF_LINE, status="sending")
    other = write_text(connection, lane="LL|||", line_id=None)
    moved = queue.move_home(connection, OF_LINE, 10)
    assert [(row.lane, row.priority) for row in moved] == [(OF_ANY, 5)]
    lanes = {}
    for message_id in (sticky, bound, begun, other):
        row = messages.get(connection, message_id)
        assert row is not None
        lanes[message_id] = row.lane
    assert lanes == {sticky: OF_ANY, bound: OF_LINE, begun: OF_LINE, other: "LL|||"}


def test_two_hosts_never_take_the_same_message(postgres_url: str) -> None:
    """While one host claims, the other passes over what it holds and waits for nobody."""
    one, two = writer_engine(postgres_url), writer_engine(postgres_url)
    with one.begin() as connection:
        ids = [write_text(connection) for _ in range(3)]
    with one.connect() as first, two.connect() as second:
        assert [queue.candidate(first, id_, "L") is not None for id_ in ids[:2]] == [True, True]
        assert [c.message.id for c in candidates(second, "K", LANES)] == ids[2:]
    one.dispose()
    two.dispose()


def test_what_modems_tell_is_cut_to_its_column(connection: Connection) -> None:
    """Endless or binary answers of a device break no row; the same SIM is the same line."""
    wild = "8" * 40
    line = lines.see_line(connection, wild, NOW, operator="o" * 99 + "\0", imsi="1" * 20)
    again = lines.see_line(connection, wild, NOW + 1)
    assert line.id == again.id
    assert (len(again.iccid), len(again.operator), len(again.imsi)) == (24, 64, 16)
    modem = lines.see_modem(
        connection,
        "here",
        "/dev/" + "x" * 300,
        NOW,
        imei="9" * 30,
        maker="\0maker",
        state="ready",
        reason="",
        since=NOW,
    )
    assert (len(modem.port), len(modem.imei)) == (255, 20)
    assert "\0" not in modem.maker


def test_a_modem_keeps_its_row_when_it_moves(connection: Connection) -> None:
    """Known by its IMEI; a port whose modem has told none yet has a row that the IMEI takes."""
    told = {"state": "opening", "reason": "", "since": NOW}
    unknown = lines.see_modem(connection, "here", "/dev/a", NOW, **told)
    named = lines.see_modem(connection, "here", "/dev/a", NOW, imei="111", **told)
    assert named.id == unknown.id
    assert lines.see_modem(connection, "here", "/dev/a", NOW, **told).id == named.id
    lines.see_modem(connection, "here", "/dev/b", NOW, **told)
    moved = lines.see_modem(connection, "here", "/dev/b", NOW, imei="111", **told)
    assert moved.id == named.id
    assert [row.port for row in lines.all_modems(connection)] == ["/dev/b"]
    other = lines.see_modem(connection, "here", "/dev/b", NOW, imei="222", **told)
    assert other.id != named.id
    line = lines.see_line(connection, "8901", NOW, number="+12025550199")
    lines.see_modem(connection, "here", "/dev/b", NOW, imei="222", line_id=line.id, **told)
    lines.seat(connection, line.id, other.id)
    assert lines.last_line_of(connection, other.id) == line.id
    assert lines.lines_of(connection, "here") == [line.id]
    found = lines.line_by_number(connection, "+12025550199")
    assert found is not None
    assert found.modem_id == other.id
    lines.forget_ports(connection, "here", NOW, "gone")
    assert {row.state for row in lines.all_modems(connection)} == {"absent"}


def test_the_lanes_in_which_something_waits_are_told_once_each(connection: Connection) -> None:
    """What is parked or claimed waits in none."""
    assert queue.lanes(connection) == []
    for lane in (OF_ANY, OF_LINE, OF_ANY, "K|||patient", None):
        write_text(connection, lane=lane)
    found = sorted(lane for lane, _ in queue.lanes(connection))
    assert found == [OF_ANY, "K|||patient", OF_LINE]
