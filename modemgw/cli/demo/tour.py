"""The tour: five steps, each a promise that is shown and then checked.

Every step does what its `curl` lines say, prints the answer and raises StepFailedError when what it
promises does not hold.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from modemgw.cli.client import RefusedError
from modemgw.cli.demo.failure import StepFailedError
from modemgw.cli.demo.screen import shortened
from modemgw.cli.demo.stage import MODEMS
from modemgw.cli.judge import ENDED, SENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modemgw.cli.demo.screen import Screen
    from modemgw.cli.demo.stage import Stage

T = TypeVar("T")

_WAIT_S: Final = 30.0
_LOOK_S: Final = 0.05
_SETTLE_S: Final = 45.0
_SLOW_MS: Final = 200
_STOPPED_MS: Final = 700

_ALICE, _BOB, _CAROL, _DAVE = (f"+1555020{number:04}" for number in range(4))
_EMOJI_TEXT: Final = (
    "Your order is on its way 🚚 and should be with you between two and four 🕓. "
    "The driver rings twice 🔔🔔. Nobody home? Answer this text "
    "and we come back tomorrow 📅. Thank you 🙏"
)
_GSM_TEXT: Final = (
    "Invoice [2026-117]: 3 blankets {wool} 49,90 € = 149,70 € ~ paid. "
    "Keep this text; the number in [ ] is what we ask for when you call. "
    "Returned goods are taken back for thirty days, and the 149,70 € with them."
)
_ALICE_SAYS: Final = "Alice: " + " ".join(f"the sofa has {n} scratches," for n in range(1, 15))
_BOB_SAYS: Final = "Bob: " + " ".join(f"chair {n} arrived and is fine;" for n in range(1, 15))

_MODEM_FIELDS: Final = ("imei", "maker", "model", "state", "signal", "operator")
_LINE_FIELDS: Final = ("iccid", "number", "operator")
_SENT_FIELDS: Final = ("id", "status", "to", "text", "parts", "encoding", "delivered_at")
_RECEIVED_FIELDS: Final = ("from", "to", "status", "text", "parts", "partial")


class Tour:
    """One tour over a stage that has been started."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self._stage, self._screen = stage, screen
        self._client = stage.client
        self._lines: list[Mapping[str, Any]] = []

    def play(self) -> None:
        """All five steps. Raises StepFailedError at the first that does not hold."""
        self._bank_comes_up()
        self._texts_go_out()
        self._customers_answer()
        self._customer_says_stop()
        self._modem_is_unplugged()
        self._daemon_is_killed()

    # Step 1

    def _bank_comes_up(self) -> None:
        screen = self._screen
        screen.title("1. The bank comes up")
        screen.curl("GET", "/v1/modems")
        self._wait("four modems are ready, with signal", self._modems_ready)
        modems = self._client.get("/v1/modems")
        screen.answer(modems, _MODEM_FIELDS)
        _hold(
            all(item["imei"] and item["maker"] and item["operator"] for item in modems["items"]),
            "every modem tells its IMEI, maker and operator",
        )
        screen.curl("GET", "/v1/lines")
        lines = self._client.get("/v1/lines")
        screen.answer(lines, _LINE_FIELDS)
        self._lines = lines["items"]
        _hold(len(self._lines) == MODEMS, f"there are {MODEMS} lines")
        _hold(
            all(line["iccid"] and line["number"] and line["operator"] for line in self._lines),
            "every line tells its ICCID, number and operator",
        )
        screen.held("four modems identified and registered, four lines")

    def _modems_ready(self) -> bool:
        items = self._client.get("/v1/modems")["items"]
        return len([i for i in items if i["state"] == "ready" and i["signal"]]) == MODEMS

    # Step 2

    def _texts_go_out(self) -> None:
        screen = self._screen
        screen.title("2. Texts go out, and arrive as they were written")
        for text, parts in (("Hello from the bank!", 1), (_EMOJI_TEXT, 3), (_GSM_TEXT, 2)):
            self._send_and_follow(text, parts)
        self._show_control("inbox", number=_DAVE)
        inbox = self._stage.control("inbox", number=_DAVE)
        screen.answer({"items": inbox["texts"]})
        there = [text["text"] for text in inbox["texts"] if text["complete"]]
        _hold(
            sorted(there) == sorted(("Hello from the bank!", _EMOJI_TEXT, _GSM_TEXT)),
            "the phone shows each text once, as written",
        )
        screen.held("delivered; emoji, €, [ ] and { } arrived as written")

    def _send_and_follow(self, text: str, parts: int) -> None:
        body = {"to": _DAVE, "text": text}
        message = self._send(body)
        _hold(message["parts"] == parts, f"it goes in {parts} parts, not {message['parts']}")
        path = f"/v1/messages/{message['id']}"
        self._wait(
            "the text is reported delivered",
            lambda: self._client.get(path)["status"] == "delivered",
        )
        self._screen.curl("GET", path)
        self._screen.answer(self._client.get(path), _SENT_FIELDS)

    def _send(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self._screen.curl("POST", "/v1/messages", body)
        message: Mapping[str, Any] = self._client.call("POST", "/v1/messages", body)
        self._screen.answer({"items": [message]}, ("id", "status", "parts", "encoding"))
        return message

    # Step 3

    def _customers_answer(self) -> None:
        screen = self._screen
        screen.title("3. Two customers answer at once, their parts out of order")
        line = self._line_in(1)
        turns = ((_ALICE, _ALICE_SAYS, 201), (_BOB, _BOB_SAYS, 202))
        for part in (2, 0, 1):
            for sender, text, ref in turns:
                fields = {"modem": 1, "from": sender, "text": text, "ref": ref, "order": [part]}
                self._show_control("inject", **fields)
                self._stage.control("inject", **fields)
        self._wait(
            "both texts reach the webhook, signed",
            lambda: all(self._stage.hook.texts(sender) for sender, _, _ in turns),
        )
        screen.curl("GET", "/v1/messages?direction=inbound")
        found = self._client.get("/v1/messages", direction="inbound")
        screen.answer(found, _RECEIVED_FIELDS)
        for sender, text, _ in turns:
            mine = [item for item in found["items"] if item["from"] == sender]
            _hold([item["text"] for item in mine] == [text], f"{sender}'s text is there, once")
            _hold(mine[0]["to"] == line["number"], "it came in on the line that it was sent to")
            _hold(not mine[0]["partial"], "it is whole")
            _hold(self._stage.hook.texts(sender) == [text], "the webhook was told of it, once")
        _hold(self._stage.hook.forged == 0, "every webhook was signed")
        screen.say(f"What was posted to {self._stage.hook.url}, the last of it:")
        screen.answer(self._stage.hook.events()[-1], ("id", "type", "created_at"))
        screen.held("both whole, once, on their line; the webhook got them, signatures right")

    def _line_in(self, modem: int) -> Mapping[str, Any]:
        """The line whose SIM is in the simulated modem with this index."""
        iccid = self._stage.control("stats")["modems"][modem]["iccid"]
        return next(line for line in self._lines if line["iccid"] == iccid)

    # Step 4

    def _customer_says_stop(self) -> None:
        screen = self._screen
        screen.title("4. A customer writes STOP")
        line = self._line_in(0)
        self._stage.control("latency", modem=0, min_ms=_STOPPED_MS)
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
        queued = [self._send({"to": _CAROL, "text": "See you tomorrow.", "send_at": later})]
        queued += [
            self._client.call(
                "POST",
                "/v1/messages",
                {"to": _CAROL, "text": f"Offer {number} of 5", "from": line["number"]},
            )
            for number in range(1, 6)
        ]
        screen.say("Five more texts to her wait for a line that is slow; then she writes, twice:")
        for words in ("STOP", "stop!!"):
            fields = {"modem": 0, "from": _CAROL, "text": words}
            self._show_control("inject", **fields)
            self._stage.control("inject", **fields)
        self._wait("STOP is recorded", lambda: self._opted_out(_CAROL))
        screen.curl("GET", "/v1/optouts")
        screen.answer(self._client.get("/v1/optouts"), ("number", "source", "reason", "created_at"))
        self._refused_send()
        self._wait(
            "nothing for her is left waiting",
            lambda: {self._status(message) for message in queued} <= SENT | ENDED,
        )
        self._show_canceled(queued)
        self._confirmed_once()
        self._stage.control("latency", modem=0, min_ms=50)
        self._start_again()

    def _opted_out(self, number: str) -> bool:
        return any(item["number"] == number for item in self._client.items("/v1/optouts"))

    def _status(self, message: Mapping[str, Any]) -> str:
        return str(self._client.get(f"/v1/messages/{message['id']}")["status"])

    def _refused_send(self) -> None:
        try:
            self._send({"to": _CAROL, "text": "One more offer"})
        except RefusedError as refusal:
            self._screen.answer(dict(refusal.problem), ("type", "title", "status", "detail"))
            kind = str(refusal.problem.get("type"))
            _hold(kind.endswith("/opted-out"), "the refusal names the opt-out")
        else:
            raise StepFailedError("a text to somebody who wrote STOP was accepted")

    def _show_canceled(self, queued: Sequence[Mapping[str, Any]]) -> None:
        path = f"/v1/messages?to={quote(_CAROL, safe='')}"
        self._screen.curl("GET", path)
        self._screen.answer(self._client.get(path), ("to", "status", "text"))
        statuses = [self._status(message) for message in queued]
        gone = sum(status in SENT for status in statuses)
        _hold(statuses[0] == "canceled", "the scheduled text is canceled")
        _hold(statuses.count("canceled") + gone == len(statuses), "the waiting ones are canceled")
        _hold(gone <= 1, "no more than the one on the air went out")
        self._screen.held(f"{statuses.count('canceled')} canceled, {gone} was on the air already")

    def _confirmed_once(self) -> None:
        self._wait("the opt-out is confirmed", lambda: self._confirmations() > 0)
        self._wait(
            "both of her texts are in",
            lambda: len(self._client.get("/v1/messages", **{"from": _CAROL})["items"]) == 2,
        )
        _hold(self._confirmations() == 1, "the opt-out is confirmed once")
        self._show_control("inbox", number=_CAROL)
        inbox = self._stage.control("inbox", number=_CAROL)
        self._screen.answer({"items": inbox["texts"][-1:]})
        self._screen.held("confirmed once, though she wrote twice; further texts are refused")

    def _confirmations(self) -> int:
        texts = self._stage.control("inbox", number=_CAROL)["texts"]
        return sum("Offer" not in text["text"] for text in texts)

    def _start_again(self) -> None:
        fields = {"modem": 0, "from": _CAROL, "text": "START"}
        self._show_control("inject", **fields)
        self._stage.control("inject", **fields)
        self._wait("START lifts the opt-out", lambda: not self._opted_out(_CAROL))
        message = self._send({"to": _CAROL, "text": "Welcome back!"})
        self._wait("texts go through again", lambda: self._status(message) == "delivered")
        self._screen.held("START lets texts through again")

    # Step 5

    def _modem_is_unplugged(self) -> None:
        screen = self._screen
        screen.title("5a. A modem is unplugged in the middle of sending")
        before = self._begin_campaign("unplug", 48)
        self._wait("a dozen texts are out", lambda: self._at_network() >= before + 12)
        self._show_control("unplug", modem=2)
        self._stage.control("unplug", modem=2)
        self._wait("the others go on", lambda: self._at_network() >= before + 30)
        self._show_control("replug", modem=2)
        self._stage.control("replug", modem=2)
        self._wait("all texts are settled", self._settled, _SETTLE_S)
        self._wait("the modem is back", self._modems_ready)
        self._judge("when settled", self._verdict())

    def _daemon_is_killed(self) -> None:
        screen = self._screen
        screen.title("5b. The daemon is killed in the middle of sending")
        before = self._begin_campaign("kill", 80)
        self._wait("two dozen texts are out", lambda: self._at_network() >= before + 24)
        screen.command(f"kill -9 {self._stage.daemon_pid}")
        self._stage.kill_daemon()
        screen.command(f"modemgw run --config {self._stage.config}")
        self._stage.start_daemon()
        first = self._verdict()
        self._wait("all texts are settled", self._settled, _SETTLE_S)
        self._judge("after the restart", first, "when settled", self._verdict())
        self._stage.control("latency", min_ms=50)

    def _begin_campaign(self, name: str, size: int) -> int:
        """Slow the network down, hand a batch in; how many texts were at the network before."""
        self._stage.control("latency", min_ms=_SLOW_MS)
        before = self._at_network()
        batch = {
            "messages": [
                {"to": f"+1555{len(name)}{number:06}", "text": f"Campaign {name}, text {number}"}
                for number in range(size)
            ]
        }
        file = self._stage.path / f"{name}.json"
        file.write_text(json.dumps(batch))
        self._screen.curl("POST", "/v1/messages/batch", file=file)
        answer = self._client.call("POST", "/v1/messages/batch", batch)
        taken = sum(item["status"] == 201 for item in answer["items"])
        self._screen.say(f"{taken} of {size} accepted")
        _hold(taken == size, "every text of the batch is accepted")
        return before

    def _at_network(self) -> int:
        accepted: int = self._stage.control("stats")["accepted"]
        return accepted

    def _settled(self) -> bool:
        return not any(
            next(iter(self._client.items("/v1/messages", status=status, limit=1)), None)
            for status in ("queued", "sending")
        )

    def _verdict(self) -> Mapping[str, Any]:
        """What `modemgw judge` counts: a program of its own, which asks journal and API."""
        journal = self._stage.bank / "journal.jsonl"
        verdict: Mapping[str, Any] = json.loads(
            self._stage.run(
                *("judge", "--json", "--journal", str(journal)),
                *("--url", self._stage.url, "--key", self._stage.key),
            )
        )
        return verdict

    def _judge(self, *columns: Any) -> None:
        names, verdicts = columns[::2], columns[1::2]
        journal = self._stage.bank / "journal.jsonl"
        self._screen.command(f'modemgw judge --journal {journal} --url "$URL" --key "$KEY"')
        rows = verdicts[0]["rows"]
        self._screen.table(
            ("outbound texts so far", *names),
            [(words, *(verdict["rows"][words] for verdict in verdicts)) for words in rows],
        )
        for verdict in verdicts:
            _hold(verdict["held"], "every text is accounted for, none doubled")
        doubt = verdicts[-1]["in_doubt"]
        if doubt:
            self._screen.say(
                "In doubt: handed over, and neither answer nor report came back; not sent again."
            )
        self._screen.held(f"accounted for, never doubled; in doubt: {doubt}")

    # Helpers

    def _show_control(self, cmd: str, **fields: object) -> None:
        line = json.dumps({"cmd": cmd, **shortened(fields)}, ensure_ascii=False)
        self._screen.control(self._stage.bank, line)

    def _wait(self, promise: str, holds: Callable[[], bool], limit_s: float = _WAIT_S) -> None:
        """Until it holds. Raises StepFailedError when it does not in time."""
        until = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > until:
                raise StepFailedError(f"not within {limit_s:g} s: {promise}")
            time.sleep(_LOOK_S)


def _hold(condition: bool, promise: str) -> None:
    if not condition:
        raise StepFailedError(f"this did not hold: {promise}")
