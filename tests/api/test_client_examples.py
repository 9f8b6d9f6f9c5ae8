"""The page of clients: each program on it does what its heading says, in every language."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from modemgw.api.signing import signed_headers
from modemgw.store import events
from tests.api.house import House, event, open_house
from tests.api.receiver import SECRET, configure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAGE: Final = Path(__file__).parents[2] / "docs" / "clients.md"
TASKS: Final = {
    "send": "Send a text",
    "batch": "Send many",
    "list": "Read a list, page by page",
    "webhook": "Receive a webhook, and know that it is ours",
    "stream": "Follow the stream",
}
# What runs each, where it is installed: the name of the file comes last.
RUNTIMES: Final = {
    "curl": ("sh", "-eu"),
    "Python": (sys.executable,),
    "aiohttp": (sys.executable,),
    "Node": ("node",),
    "PHP": ("php",),
}
NEEDED: Final = {"curl": "curl", "Node": "node", "PHP": "php"}
FILES: Final = {"curl": "try.sh", "Node": "try.mjs", "PHP": "hook.php"}
HERE: Final = [
    pytest.param(language, id=language)
    for language in RUNTIMES
    if language not in NEEDED or shutil.which(NEEDED[language])
]
SERVERS: Final = [case for case in HERE if case.values != ("curl",)]
PATIENCE_S: Final = 20.0


def program(task: str, language: str) -> str:
    """The code under these two headings."""
    found = re.search(
        rf"^## {re.escape(TASKS[task])}$(?:(?!^## ).)*?^### {language}$(?:(?!^##).)*?"
        r"^```\w+\n(.*?)^```$",
        PAGE.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert found is not None, f"{PAGE.name}: no {language} under {TASKS[task]!r}"
    return found[1]


@asynccontextmanager
async def started(
    task: str, language: str, folder: Path, house: House, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program, as a process that is ended afterwards."""
    file = folder / FILES.get(language, "try.py")
    file.write_text(program(task, language))
    command = [*RUNTIMES[language], str(file)]
    if (task, language) == ("webhook", "PHP"):
        command = ["php", "-S", f"127.0.0.1:{environment['PORT']}", str(file)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "URL": house.base, "KEY": house.keys["all"], **environment},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:  # with what it has started
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def said(task: str, language: str, folder: Path, house: House, **environment: str) -> str:
    """What the program prints until it ends well."""
    async with (
        asyncio.timeout(PATIENCE_S),
        started(task, language, folder, house, **environment) as process,
    ):
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()


async def line_of(process: asyncio.subprocess.Process) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.parametrize("language", RUNTIMES)
@pytest.mark.parametrize("task", TASKS)
def test_each_task_is_shown_in_each_language(task: str, language: str) -> None:
    """Also in those that cannot be run here."""
    assert program(task, language).strip()


@pytest.mark.parametrize("language", HERE)
async def test_sending_twice_sends_once(house: House, tmp_path: Path, language: str) -> None:
    """Both times the id of the one text is told."""
    both = [await said("send", language, tmp_path, house) for _ in range(2)]
    (message,) = (await house.call("GET", "/v1/messages")).json["items"]
    assert message["to"] == "+15550001234"
    assert all(message["id"] in output for output in both)


@pytest.mark.parametrize("language", HERE)
async def test_a_refused_text_ends_a_program_badly(
    house: House, tmp_path: Path, language: str
) -> None:
    """Nobody takes a problem for a success."""
    await house.call("PUT", "/v1/optouts/+15550001234", {"reason": "asked by phone"})
    async with (
        asyncio.timeout(PATIENCE_S),
        started("send", language, tmp_path, house) as process,
    ):
        await process.communicate()
        assert process.returncode not in (0, None)
    assert (await house.call("GET", "/v1/messages")).json["items"] == []


@pytest.mark.parametrize("language", HERE)
async def test_a_batch_tells_of_each_text(house: House, tmp_path: Path, language: str) -> None:
    """One is taken, once, and the other refused, in order."""
    both = [await said("batch", language, tmp_path, house) for _ in range(2)]
    (message,) = (await house.call("GET", "/v1/messages")).json["items"]
    for output in both:
        assert 0 <= output.index(message["id"]) < output.index("/problems/invalid-number")


@pytest.mark.parametrize("language", HERE)
async def test_a_list_is_read_to_its_end(house: House, tmp_path: Path, language: str) -> None:
    """Five texts on three pages, the newest first, each once."""
    for n in range(5):
        await house.receive(id=f"msg_{n:032x}", text=f"text {n}")
    output = await said("list", language, tmp_path, house)
    if language == "curl":  # which reads one page at a time
        page = await house.call("GET", "/v1/messages?direction=inbound&limit=2")
        for _ in range(2):
            cursor = page.json["next"]
            output += await said("list", language, tmp_path, house, CURSOR=cursor)
            page = await house.call("GET", f"/v1/messages?limit=2&cursor={cursor}")
    assert re.findall(r"text \d", output) == [f"text {n}" for n in reversed(range(5))]


async def test_curl_makes_an_endpoint(tmp_path: Path) -> None:
    """With a secret in the answer."""
    async with open_house(tmp_path, allowed_hosts=frozenset({"127.0.0.1"})) as house:
        hook = "http://127.0.0.1:9/hook"
        assert "whsec_" in await said("webhook", "curl", tmp_path, house, HOOK=hook)
        (endpoint,) = (await house.call("GET", "/v1/webhooks")).json["items"]
        assert endpoint["url"] == hook


@pytest.mark.parametrize("language", SERVERS)
async def test_a_receiver_takes_what_is_ours_and_nothing_else(
    house: House, tmp_path: Path, language: str, unused_tcp_port: int
) -> None:
    """An event that we post; not one with another body, another secret, an old time, or bare."""
    hook = f"http://127.0.0.1:{unused_tcp_port}/hook"
    async with started(
        "webhook", language, tmp_path, house, PORT=str(unused_tcp_port), SECRET=SECRET
    ) as process:
        await _listening(unused_tcp_port)
        await configure(house, hook)
        await house.emit(event("grüße, genuine"))
        assert await line_of(process) == "grüße, genuine"
        for headers, body in _forged(int(house.gateway.clock())):
            async with house.client.post(hook, data=body, headers=headers) as answer:
                assert answer.status == 401, headers
        await house.emit(event("and on"))
        assert await line_of(process) == "and on"


def _forged(now: int) -> list[tuple[dict[str, str], bytes]]:
    body, other = b'{"data": {"text": "forged"}}', "whsec_" + "A" * 32
    return [
        (signed_headers([SECRET], "evt_1", now, b"{}"), body),
        (signed_headers([other], "evt_1", now, body), body),
        (signed_headers([SECRET], "evt_1", now - 3_600, body), body),
        ({**signed_headers([SECRET], "evt_1", now, body), "webhook-id": "evt_2"}, body),
        ({}, body),
    ]


async def _listening(port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


@pytest.mark.parametrize("language", HERE)
async def test_a_stream_goes_on_where_it_was_left(
    house: House, tmp_path: Path, language: str
) -> None:
    """What came since the last id, and what comes while it is read."""
    await house.emit(event("seen"), event("missed"))
    seen = (await house.gateway.reader.run(lambda c: events.after(c, 0, 1)))[0].id
    async with started("stream", language, tmp_path, house, LAST=seen) as process:
        await _reads(process, "missed")
        await house.emit(event("live"))
        await _reads(process, "live")


async def _reads(process: asyncio.subprocess.Process, text: str) -> None:
    line = ""
    while not line.startswith("data:") and line != text:
        line = await line_of(process)
        assert "again" not in line
    assert text in line
