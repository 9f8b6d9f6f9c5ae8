"""A tool written for Twilio on a simulated bank: sends, is told, answers; and its Node package."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse

from tests.e2e.site import Site, wait_for
from tests.twilio.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator

CUSTOMER = "+15553000001"
NODE_SCRIPT = Path(__file__).parent.parent / "twilio" / "client.mjs"


class Application:
    """Answers texts, remembers statuses, and trusts nobody without a signature."""

    def __init__(self) -> None:
        self.texts: list[dict[str, str]] = []
        self.statuses: list[dict[str, str]] = []
        self.forged = 0
        self.token = ""
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                form = dict(parse_qsl(self.rfile.read(size).decode(), keep_blank_values=True))
                signed = self.headers["X-Twilio-Signature"]
                url = application.url + self.path
                if not RequestValidator(application.token).validate(url, form, signed):
                    application.forged += 1
                answer = b""
                if self.path == "/sms":
                    application.texts.append(form)
                    response = MessagingResponse()
                    response.message(f"You said: {form['Body']}")
                    answer = str(response).encode()
                else:
                    application.statuses.append(form)
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def application() -> Iterator[Application]:
    """On a port of its own."""
    application = Application()
    yield application
    application.server.shutdown()
    application.server.server_close()


@contextlib.contextmanager
def tenant(tmp_path: Path, application: Application) -> Iterator[tuple[Site, str]]:
    """A site with an account that has this application; the account's sid, too."""
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", modems=2, submit_ms=20)
    try:
        site.prepare()
        application.token = site.key
        site.extra = (
            f"[[twilio.accounts]]\ntoken = {json.dumps(site.key)}\n"
            f"inbound_url = {json.dumps(application.url + '/sms')}\n"
        )
        site.write_config()
        site.config.write_text(
            site.config.read_text().replace("[modems]", 'allowed_hosts = ["127.0.0.1"]\n[modems]')
        )
        site.start_daemon()
        shown = json.loads(site.command("twilio", "--config", str(site.config), "--json").stdout)
        yield site, shown["accounts"][0]["account_sid"]
    finally:
        site.close()


def test_a_tool_for_twilio_sends_hears_and_answers(
    tmp_path: Path, application: Application
) -> None:
    """Out to the phone, its delivery called back; in from the phone, and answered."""
    with tenant(tmp_path, application) as (site, sid):
        client = Client(sid, site.key, http_client=Local(site.url))
        line = site.items("/v1/lines")[0]["number"]
        made = client.messages.create(
            to=CUSTOMER,
            from_=line,
            body="Your parcel is here 📦",
            status_callback=f"{application.url}/status",
        )
        wait_for(
            "its delivery",
            lambda: "delivered" in [form["MessageStatus"] for form in application.statuses],
        )
        assert client.messages(made.sid).fetch().status == "delivered"
        assert {form["MessageSid"] for form in application.statuses} == {made.sid}
        site.inject(0, CUSTOMER, "Thanks!")
        wait_for("the text", lambda: application.texts)
        told = "You said: Thanks!"
        wait_for("the answer", lambda: told in _phone(site))
        site.inject(0, CUSTOMER, "STOP")
        wait_for("STOP", lambda: len(application.texts) == 2)
        assert application.texts[1]["OptOutType"] == "STOP"
        wait_for("the confirmation", lambda: len(_phone(site)) == 3)
        assert "You said: STOP" not in _phone(site)
        assert application.forged == 0
        counts = site.judge()
        assert (counts["doubled"], counts["missing"]) == (0, 0)


def _phone(site: Site) -> list[str]:
    return [text["text"] for text in site.ctl("inbox", number=CUSTOMER)["texts"]]


def test_a_token_that_is_no_key_ends_the_start_with_words(tmp_path: Path) -> None:
    """Exit status 2, and what to do."""
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db")
    site.extra = '[[twilio.accounts]]\ntoken = "mgw_nobody_has_this_one"\n'
    site.write_config()
    done = site.command("run", "--config", str(site.config), check=False)
    assert done.returncode == 2
    assert "modemgw keys create" in done.stderr
