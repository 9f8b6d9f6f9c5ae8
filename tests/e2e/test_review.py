"""A text that may be a refusal, from the customer's phone to the end of its review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUSTOMER = "+15553000001"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """Two modems, on a clock that the test turns, on SQLite and on PostgreSQL."""
    site = Site(tmp_path, database_url, modems=2)
    site.extra = f'[test]\nclock = "unix:{site.bank}/clock.sock"\n'
    with running(site):
        yield site


def received(site: Site) -> list[str]:
    return [text["text"] for text in site.ctl("inbox", number=CUSTOMER)["texts"]]


def test_a_doubtful_text_holds_a_campaign_and_becomes_an_opt_out(site: Site) -> None:
    """The agent's answer goes, the offer waits; a person can free the first, the second runs out.

    No confirmation follows: nothing but what was sent for the customer reaches them.
    """
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    days = 7 * 86_400
    offer = site.send(CUSTOMER, "Offer 1", kind="marketing", send_at=soon, valid_for=days)
    site.inject(1, CUSTOMER, "not interested")
    (review,) = wait_for("the review", lambda: site.items("/v1/optouts/reviews?state=open"))
    site.ctl("clock", advance=2 * 3_600)
    wait_for(
        "the gate to hold the offer",
        lambda: site.get(f"/v1/messages/{offer['id']}")["waiting_for"] == "under_review",
    )
    site.send(CUSTOMER, "What may I do for you?", kind="conversational")
    wait_for("the agent's answer", lambda: received(site) == ["What may I do for you?"])
    kept = site.command(
        "optouts", "decide", review["id"], "keep", "--reason", "meant the insurance",
        "--url", site.url, "--key", site.key,
    )  # fmt: skip
    assert kept.stdout == f"{CUSTOMER} may be texted\n"
    wait_for("the offer", lambda: received(site)[1:] == ["Offer 1"])
    site.inject(1, CUSTOMER, "this is spam")
    wait_for("a new review", lambda: site.items("/v1/optouts/reviews?state=open"))
    listed = site.command("optouts", "reviews", "--url", site.url, "--key", site.key).stdout
    assert CUSTOMER in listed
    offer = site.send(CUSTOMER, "Offer 2", kind="marketing", valid_for=days)
    site.ctl("clock", advance=23 * 3_600)
    assert not site.items("/v1/optouts")
    site.ctl("clock", advance=2 * 3_600)
    (opt_out,) = wait_for("the opt-out", lambda: site.items("/v1/optouts"))
    assert (opt_out["number"], opt_out["source"]) == (CUSTOMER, "review")
    assert site.status_of(offer["id"]) == "canceled"
    status, problem = site.call("POST", "/v1/messages", {"to": CUSTOMER, "text": "Hello?"})
    assert (status, problem["type"].rsplit("/", 1)[-1]) == (422, "opted-out")
    assert received(site) == ["What may I do for you?", "Offer 1"]
