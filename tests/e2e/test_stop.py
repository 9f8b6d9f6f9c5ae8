"""STOP at the edge, from a customer's phone to the network's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

CUSTOMER = "+15553000001"


def line_of(site: Site, modem: int) -> str:
    port = f"{modem:03}"
    return next(str(m["line"]) for m in site.items("/v1/modems") if m["port"].endswith(port))


def received(site: Site, number: str) -> list[str]:
    return [text["text"] for text in site.ctl("inbox", number=number)["texts"]]


def parts_of(site: Site, message_id: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = site.get(f"/v1/messages/{message_id}")["parts_detail"]
    return parts


def test_stop_is_confirmed_once_and_ends_everything_until_start(any_site: Site) -> None:
    """STOP: one confirmation, what is queued is canceled, new texts are refused; START restores."""
    site = any_site
    later = site.send(CUSTOMER, "Tomorrow", send_at="2027-01-01T12:00:00Z")
    site.inject(1, CUSTOMER, "Stop")
    wait_for("the opt-out", lambda: site.items("/v1/optouts"))
    assert site.status_of(later["id"]) == "canceled"
    status, problem = site.call("POST", "/v1/messages", {"to": CUSTOMER, "text": "Hello?"})
    assert (status, problem["type"].rsplit("/", 1)[-1]) == (422, "opted-out")
    wait_for("the confirmation", lambda: len(received(site, CUSTOMER)) == 1)
    site.inject(2, CUSTOMER, "STOP!")  # again, on another line: no second confirmation
    wait_for("both texts", lambda: len(site.inbound()) == 2)
    site.inject(1, CUSTOMER, "START")
    wait_for("START", lambda: not site.items("/v1/optouts"))
    site.send(CUSTOMER, "Welcome back")
    wait_for("the text", lambda: "Welcome back" in received(site, CUSTOMER))
    confirmations = [text for text in received(site, CUSTOMER) if "will not text you" in text]
    assert len(confirmations) == 1


def test_stop_in_the_middle_of_a_campaign_cancels_what_is_queued(site: Site) -> None:
    """Nothing begins after the commit: what the network has of this number came before."""
    site.send_many([{"to": CUSTOMER, "text": f"Offer {i}"} for i in range(200)])
    wait_for("some submits", lambda: len(site.journal("submit")) >= 5)
    site.inject(3, CUSTOMER, "STOP")
    wait_for("the opt-out", lambda: site.items("/v1/optouts"))
    at_opt_out = len(site.journal("submit"))
    wait_for(
        "the confirmation",
        lambda: any("will not text" in text for text in received(site, CUSTOMER)),
    )
    canceled = site.items("/v1/messages?status=canceled&limit=500")
    assert len(canceled) > 100
    assert {message["error"]["code"] for message in canceled} == {"opted_out"}
    # Of what was on the air at that moment no modem has more than one, and the confirmation.
    assert len(site.journal("submit")) <= at_opt_out + 4 + 1


def test_an_opt_out_while_the_modem_thinks_stops_the_text(site: Site) -> None:
    """Recorded as about to begin, the prompt not yet there: the opt-out comes between, ESC follows
    and not a byte of the text goes out."""
    site.ctl("fault", modem=0, name="slow_prompt", p=1, seconds=0.9, count=1)
    message = site.send(CUSTOMER, "Too late", **{"from": line_of(site, 0)})
    wait_for("its record", lambda: parts_of(site, message["id"])[0]["status"] == "submitting", 0.8)
    status, _ = site.call("PUT", f"/v1/optouts/{CUSTOMER}", {})
    assert status in (200, 201)
    wait_for("its end", lambda: site.status_of(message["id"]) == "canceled")
    assert site.journal("submit") == []
    other = site.send("+15553000002", "The line lives", **{"from": line_of(site, 0)})
    wait_for("the next text", lambda: site.status_of(other["id"]) == "delivered")


def test_a_stop_on_one_modem_during_downtime_stops_a_campaign_on_another(tmp_path: Path) -> None:
    """STOP lies in modem 17, the text waits on modem 3: it never goes, what waits with it does."""
    place = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", modems=18)
    with running(place):
        place.ctl("latency", min_ms=5000, max_ms=5000, modem=3)
        line, other = line_of(place, 3), "+15553000003"
        place.send("+15553000002", "On the air", **{"from": line})
        wait_for("its Ctrl-Z", lambda: place.items("/v1/messages?status=sending"))
        for to in (CUSTOMER, other):
            place.send(to, "Sale!", kind="marketing", **{"from": line})
        place.kill_daemon()
        place.ctl("latency", min_ms=20, max_ms=20)
        place.inject(17, CUSTOMER, "STOP")
        place.start_daemon()
        wait_for("the campaign", lambda: "Sale!" in received(place, other))
        wait_for("the confirmation", lambda: received(place, CUSTOMER))
        assert not any("Sale" in text for text in received(place, CUSTOMER))
        (sale,) = place.items(
            f"/v1/messages?to={quote(CUSTOMER)}&direction=outbound&status=canceled"
        )
        assert sale["error"]["code"] == "opted_out"


def test_the_command_line_is_refused_like_everybody(site: Site) -> None:
    """`modemgw import` sends nothing to who has opted out, and tells which rows."""
    site.call("PUT", f"/v1/optouts/{CUSTOMER}", {})
    rows = site.folder / "rows.csv"
    rows.write_text(f"to,text\n{CUSTOMER},Sale!\n+15553000003,Sale!\n")
    arguments = ("import", str(rows), "--url", site.url, "--key", site.key)
    told = site.command(*arguments, check=False)
    assert "opted-out" in told.stdout + told.stderr, told
    wait_for("the other row", lambda: received(site, "+15553000003"))
    assert received(site, CUSTOMER) == []


def test_a_stop_that_lies_in_a_modem_during_downtime_is_read_before_the_campaign(
    site: Site,
) -> None:
    """STOP comes while the daemon is down, a marketing text to that number waits: it never goes."""
    site.ctl("latency", min_ms=1500, max_ms=1500)
    site.send_many([{"to": f"+1555400{i:04}", "text": "Fill the lines"} for i in range(8)])
    site.send(CUSTOMER, "Sale!", kind="marketing")
    site.kill_daemon()
    site.ctl("latency", min_ms=20, max_ms=20)
    site.inject(1, CUSTOMER, "STOP")
    site.start_daemon()
    wait_for("the opt-out", lambda: site.items("/v1/optouts"))
    wait_for(
        "the queue to empty", lambda: not site.get("/v1/messages?status=queued&limit=1")["items"]
    )
    assert not any("Sale" in text for text in received(site, CUSTOMER))
