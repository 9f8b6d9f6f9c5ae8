"""Whatever is sent or answered, it is told clearly and bounded."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw.api.twilio.faults import FaultError
from modemgw.api.twilio.forms import Form, read_message, read_time
from modemgw.api.twilio.resource import STATUSES
from modemgw.api.twilio.twiml import MESSAGES_LIMIT, TwimlError, read_twiml
from modemgw.gateway.status import MessageStatus
from modemgw.ids import new_id
from modemgw.store.sids import message_id, message_sid, pool_of, service_sid

if TYPE_CHECKING:
    from tests.twilio.conftest import Site

NAMES = ("To", "From", "Body", "MessagingServiceSid", "ValidityPeriod", "ScheduleType", "SendAt")
PIECES = st.sampled_from(
    [
        "<Response>",
        "</Response>",
        "<Message>",
        "</Message>",
        "<Body>",
        "</Body>",
        "&#0;",
        "<![CDATA[",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=30).map("".join))
@example("<Response><Message>\ud800</Message></Response>")
def test_any_answer_is_read_or_refused(body: str) -> None:
    """Nothing else is raised, and never more texts than are allowed."""
    with contextlib.suppress(TwimlError):
        assert len(read_twiml(body.encode("utf-8", "surrogatepass")).texts) <= MESSAGES_LIMIT


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40)), max_size=12))
def test_any_form_is_a_text_or_has_a_code(pairs: list[tuple[str, str]]) -> None:
    """No other error escapes."""
    with contextlib.suppress(FaultError):
        wanted = read_message(Form.of_pairs(pairs), "AC" + "0" * 32, ("sales",), 1_800_000_000.0)
        assert wanted.to
        assert wanted.text


@given(st.text(max_size=40))
def test_any_time_is_one_or_none(raw: str) -> None:
    """No error escapes."""
    found = read_time(raw)
    assert found is None or isinstance(found, float)


def test_sids_lead_both_ways() -> None:
    """A message's and a pool's; what is none leads nowhere."""
    own = new_id("msg")
    assert message_id(message_sid(own)) == own
    assert pool_of(service_sid("sales"), ("support", "sales")) == "sales"
    for wrong in ("", "SM", "SM" + "g" * 32, "XX" + "0" * 32, "SM" + "0" * 33):
        assert message_id(wrong) is None
    assert pool_of("MG" + "0" * 32, ("sales",)) is None


def test_every_status_has_a_word() -> None:
    """Of those that the published resource knows."""
    assert STATUSES.keys() == {status.value for status in MessageStatus}


@pytest.mark.parametrize(
    ("headers", "raw", "status", "code"),
    [
        ({"Authorization": "Basic !!!"}, b"To=x", 401, 20003),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}, b"", 401, 20003),
        ({"Content-Type": "application/json"}, b"{}", 415, 20001),
        ({}, b"To=%ff&Body=x", 400, 20001),
        ({}, b"&".join(b"a%d=1" % n for n in range(101)), 400, 20001),
        ({}, b"To=1&To=2&Body=x&From=3", 400, 20001),
        ({}, b"Body=" + b"x" * (2 << 20), 413, 20001),
        ({}, b"To=%2B15550001001&From=%2B15550009000&Body=%00", 400, 21602),
    ],
)
async def test_what_is_no_form_has_a_code(
    site: Site, line: str, headers: dict[str, str], raw: bytes, status: int, code: int
) -> None:
    """In that API's shape, whatever was wrong."""
    basic = base64.b64encode(f"{site.sid}:{site.token}".encode()).decode()
    form = "application/x-www-form-urlencoded"
    reply = await site.house.call(
        "POST",
        f"/2010-04-01/Accounts/{site.sid}/Messages.json",
        raw=raw,
        key="",
        headers={"Authorization": f"Basic {basic}", "Content-Type": form, **headers},
    )
    assert (reply.status, reply.json["code"], reply.json["status"]) == (status, code, status)


@pytest.mark.parametrize("query", ["PageSize=0", "Page=-1", "PageToken=PAx", "DateSent=soon"])
async def test_a_wrong_query_is_refused(site: Site, query: str) -> None:
    """With what it should be."""
    basic = base64.b64encode(f"{site.sid}:{site.token}".encode()).decode()
    path = f"/2010-04-01/Accounts/{site.sid}/Messages.json?{query}"
    reply = await site.house.call("GET", path, key="", headers={"Authorization": f"Basic {basic}"})
    assert (reply.status, reply.json["code"]) == (400, 20001)


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "nonsense", "SM%00", "..%2f..%2f"])
async def test_a_wrong_sid_is_not_found(site: Site, sid: str) -> None:
    """For every method."""
    basic = base64.b64encode(f"{site.sid}:{site.token}".encode()).decode()
    path = f"/2010-04-01/Accounts/{site.sid}/Messages/{sid}.json"
    for method in ("GET", "DELETE"):
        reply = await site.house.call(
            method, path, key="", headers={"Authorization": f"Basic {basic}"}
        )
        assert (reply.status, reply.json.get("code", 20404)) == (404, 20404)


async def test_names_of_these_routes_are_nobody_elses_to_set(site: Site) -> None:
    """Or a text could have its status posted anywhere."""
    reply = await site.house.send(metadata={"twilio.status_callback": "http://169.254.169.254/"})
    assert (reply.status, reply.fields) == (422, {"metadata"})
