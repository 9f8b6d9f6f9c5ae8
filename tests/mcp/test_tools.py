"""The protocol package's own client uses the tools; what may not be sent is not sent."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from modemgw.api.admin_log import TOOL_CALLS_A_MINUTE
from modemgw.cli.mcp.tools import Desk
from modemgw.ids import new_id
from modemgw.store import messages
from modemgw.store.ledger import every_entry
from tests.api.house import House, open_house
from tests.cli.commands import run
from tests.e2e.site import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TO = "+15550001001"
STOPPED = "+15550001099"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An API on which one person has opted out."""
    async with open_house(tmp_path) as opened:
        await opened.call("PUT", f"/v1/optouts/{STOPPED}")
        yield opened


@asynccontextmanager
async def offering(house: House, key: str = "all") -> AsyncIterator[Client]:
    """A client of the tools, with one of the house's keys."""
    async with Client(Desk(house.base, lambda _: house.keys.get(key, key)).server()) as client:
        yield client


async def call(client: Client, tool: str, **given: Any) -> tuple[bool, Any]:
    """Whether it went well, and what was said."""
    result = await client.call_tool(tool, given)
    said = result.content[0].text  # type: ignore[union-attr]
    return not result.is_error, said if result.is_error else json.loads(said)


async def queued(house: House) -> int:
    """How many texts there are to send."""
    return len((await house.call("GET", "/v1/messages?direction=outbound")).json["items"])


async def test_the_tools_say_what_they_do(house: House) -> None:
    """Each has words and a schema; only one of them sends."""
    async with offering(house) as client:
        tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == {
        "send_text",
        "read_conversation",
        "preview_text",
        "may_i_text",
        "text_status",
        "list_lines",
    }
    assert all(tool.description and tool.input_schema["properties"] is not None for tool in tools)
    sends = {t.name for t in tools if t.annotations and not t.annotations.read_only_hint}
    assert sends == {"send_text"}


async def test_a_text_is_sent_once_and_followed(house: House) -> None:
    """The same request_id never sends twice; another text under it is told."""
    async with offering(house) as client:
        text = {"to": TO, "text": "Hello", "request_id": "job-7"}
        well, first = await call(client, "send_text", **text)
        _, again = await call(client, "send_text", **text)
        assert (well, first["id"]) == (True, again["id"])
        well, said = await call(client, "send_text", **{**text, "text": "Other"})
        assert (well, "idempotency-conflict" in said) == (False, True)
        _, status = await call(client, "text_status", message_id=first["id"])
    assert (status["status"], status["text"]) == ("queued", "Hello")
    assert await queued(house) == 1


async def test_a_model_that_ignores_refusals_sends_nothing(house: House) -> None:
    """In other words, as another kind, or written otherwise: nothing, and it is told so."""
    async with offering(house) as client:
        for change in (
            {},
            {"text": "It is urgent!"},
            {"kind": "transactional"},
            {"kind": "marketing"},
            {"to": "(555) 000-1099"},
            {"to": "1 555 000 1099"},
        ):
            well, said = await call(
                client, "send_text", **{"to": STOPPED, "text": "Hello", **change}
            )
            assert not well
            assert "Refused for good (opted-out)" in said
            assert "Do not try again" in said
        well, said = await call(client, "send_text", to=TO, text="4111 1111 1111 1111")
        assert (well, "card-number" in said) == (False, True)
    assert await queued(house) == 0


async def test_a_text_is_looked_at_and_asked_about_without_sending(house: House) -> None:
    """What it costs, and whether the person may be texted, by the very gate."""
    async with offering(house) as client:
        _, seen = await call(client, "preview_text", to=TO, text="Soon 📦")
        assert (seen["size"]["encoding"], seen["outlook"]["outcome"]) == ("ucs2", "queued")
        _, may = await call(client, "may_i_text", to=STOPPED, kind="marketing")
        assert (may["outcome"], may["objections"][0]["rule"]) == ("blocked", "opted_out")
        _, may = await call(client, "may_i_text", to=TO)
        assert may["outcome"] == "allowed"
    assert await queued(house) == 0


async def test_every_call_is_in_the_audit(house: House) -> None:
    """With the key, the tool and its outcome; no number, no text."""
    async with offering(house) as client:
        await call(client, "send_text", to=TO, text="Hello")
        await call(client, "send_text", to=STOPPED, text="Hello")
        await call(client, "list_lines")
    told = await house.gateway.reader.run(every_entry)
    used = [entry["detail"] for entry in told if entry["action"] == "tool_used"]
    assert [(one["tool"], one["route"], one["status"]) for one in used] == [
        ("send_text", "/v1/messages", 201),
        ("send_text", "/v1/messages", 422),
        ("list_lines", "/v1/lines", 200),
    ]
    assert all(one["key"].startswith("key_") for one in used)
    assert TO[1:] not in json.dumps(used)
    await house.call("GET", "/v1/lines", headers={"Modemgw-Tool": "Robert'); DROP TABLE"})
    again = await house.gateway.reader.run(every_entry)
    assert len(again) == len(told)


async def test_no_tool_fills_the_audit(house: House) -> None:
    """A key calls with tools so often a minute; beyond that it is told to wait, and not noted."""
    for name in ("busy", "other"):
        await house.make_key(name, scopes=("read",))
    tool = {"Modemgw-Tool": "list_lines"}
    for _ in range(TOOL_CALLS_A_MINUTE):
        assert (await house.call("GET", "/v1/lines", key="busy", headers=tool)).status == 200
    refused = await house.call("GET", "/v1/lines", key="busy", headers=tool)
    assert (refused.status, refused.kind) == (429, "rate-limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await house.call("GET", "/v1/lines", key="other", headers=tool)).status == 200
    told = await house.gateway.reader.run(every_entry)
    used = [entry for entry in told if entry["action"] == "tool_used"]
    assert len(used) == TOOL_CALLS_A_MINUTE + 1


async def test_a_conversation_is_both_sides_newest_first(house: House) -> None:
    """With STOP marked, and whether they opted out."""
    for at, who in ((1.0, "sender"), (3.0, "sender")):
        await house.receive(
            id=new_id("msg"), **{who: STOPPED}, text=f"in {at}", created_at=at, received_at=at
        )
    sent = {
        "id": new_id("msg"), "direction": "outbound", "status": "delivered", "recipient": STOPPED,
        "text": "out 2.0", "encoding": "gsm7", "parts": 1, "created_at": 2.0,
    }  # fmt: skip
    await house.gateway.writer.run(lambda tx: messages.insert_message(tx.connection, sent))
    async with offering(house) as client:
        _, read = await call(client, "read_conversation", number=STOPPED)
        assert [m["text"] for m in read["messages"]] == ["in 3.0", "out 2.0", "in 1.0"]
        assert read["opted_out"] is True
        _, short = await call(client, "read_conversation", number=STOPPED, limit=1)
        assert [m["text"] for m in short["messages"]] == ["in 3.0"]
        _, other = await call(client, "read_conversation", number=TO)
        assert other == {"number": TO, "opted_out": False, "messages": []}


async def test_the_keys_rights_are_the_models(house: House) -> None:
    """A key without a scope or a kind sends nothing; an unknown one sees nothing."""
    await house.make_key("reader", scopes=("read",))
    await house.make_key("helper", scopes=("send",), kinds=("conversational",))
    async with offering(house, "reader") as client:
        assert (await call(client, "list_lines")) == (True, {"items": [], "next": None})
        well, said = await call(client, "send_text", to=TO, text="Hello")
        assert (well, "missing-scope" in said) == (False, True)
    async with offering(house, "helper") as client:
        well, said = await call(client, "send_text", to=TO, text="Buy!", kind="marketing")
        assert (well, "kind-not-granted" in said) == (False, True)
    async with offering(house, "nobody") as client:
        well, said = await call(client, "list_lines")
        assert (well, "does not know this key" in said) == (False, True)
    assert await queued(house) == 0


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("send_text", {"to": TO}),
        ("send_text", {"to": TO, "text": "x", "kind": "spam"}),
        ("send_text", {"to": TO, "text": "x" * 4_001}),
        ("send_text", {"to": "x" * 65, "text": "x"}),
        ("text_status", {"message_id": "../../v1/keys"}),
        ("read_conversation", {"number": TO, "limit": 1_000}),
        ("text_status", {"message_id": "msg_" + "0" * 32}),
        ("read_conversation", {"number": "../keys"}),
    ],
)
async def test_wrong_arguments_are_told(house: House, tool: str, given: dict[str, Any]) -> None:
    """And nothing is sent."""
    async with offering(house) as client:
        well, said = await call(client, tool, **given)
    assert (well, bool(said)) == (False, True)
    assert await queued(house) == 0


async def test_a_gateway_that_is_down_is_told(house: House) -> None:
    """In words, not as a broken server."""
    async with Client(Desk("http://127.0.0.1:1", lambda _: "x").server()) as client:
        well, said = await call(client, "list_lines")
    assert (well, "cannot be reached" in said) == (False, True)


async def test_the_command_serves_standard_input_and_output(house: House) -> None:
    """As a program is started by what uses it."""
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "modemgw", "mcp", "--url", house.base],
        env={**os.environ, "MODEMGW_KEY": house.keys["all"]},
    )
    async with Client(command) as client:
        well, sent = await call(client, "send_text", to=TO, text="Hello")
        assert (well, sent["status"]) == (True, "queued")
        well, said = await call(client, "send_text", to=STOPPED, text="Hello")
        assert (well, "opted-out" in said) == (False, True)
    assert await queued(house) == 1


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    """To other machines a proxy with TLS offers it; without a key it does not begin."""
    for arguments, words in (
        (("--http", "0.0.0.0:8090"), "listen on loopback"),
        (("--http", "127.0.0.1"), "listen on loopback"),
        ((), "MODEMGW_KEY"),
    ):
        done = run("mcp", *arguments, cwd=tmp_path)
        assert (done.returncode, words in done.stderr) == (1, True)


async def test_by_http_each_caller_brings_a_key(house: House) -> None:
    """Whoever brings none, or another's, has none of its rights."""
    port = free_port()
    command = [sys.executable, "-m", "modemgw", "mcp", "--url", house.base]
    server = await asyncio.create_subprocess_exec(*command, "--http", f"127.0.0.1:{port}")
    try:
        async with asyncio.timeout(20):
            while not await answers(port):
                await asyncio.sleep(0.05)
        for key, well in ((house.keys["all"], True), ("mgw_nobody", False), ("", False)):
            head = {"Authorization": f"Bearer {key}"} if key else {}
            async with (
                create_mcp_http_client(headers=head) as http,
                Client(
                    streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http)
                ) as client,
            ):
                assert (await call(client, "list_lines"))[0] is well
    finally:
        server.terminate()
        await server.wait()


async def answers(port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_a_key_that_no_header_can_carry_is_told_to_nobody(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither to the model nor in the log."""
    async with offering(house, "mgw_by_mistake\n") as client:
        well, said = await call(client, "list_lines")
    assert (well, "no header can carry" in said) == (False, True)
    out, log = capfd.readouterr()
    assert "by_mistake" not in said + out + log
