"""Ten thousand texts at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.api import answers
from tests.api.house import SETTINGS, open_house

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 10_000
BAD = {7: {"to": "nobody", "text": "x"}, 5_000: {"to": "+15550001001"}, 9_999: 5}


@pytest.mark.no_cover  # traced line by line it would take several times as long
async def test_ten_thousand_texts_each_have_their_outcome_and_hold_up_nobody(
    tmp_path: Path, database_url: str
) -> None:
    """In order, once, and single texts are taken meanwhile, one after the other."""
    settings = replace(SETTINGS, batch_limit=COUNT, body_timeout_s=60.0)
    async with open_house(tmp_path, settings, database_url=database_url) as house:
        texts = [BAD.get(n, {"to": f"+1555{n:07}", "text": f"n{n}"}) for n in range(COUNT)]
        token = {"Idempotency-Key": "ten-thousand"}
        body = {"messages": texts}

        async def batch() -> list[dict[str, object]]:
            reply = await house.call("POST", "/v1/messages/batch", body, headers=token)
            assert reply.status == 200
            items: list[dict[str, object]] = reply.json["items"]
            return items

        sending = asyncio.create_task(batch())
        singles = 0
        while not sending.done():
            assert (await house.send(to="+15559999999", text="quick")).status == 201
            singles += 1
        items = await sending
        assert singles > 10  # of what takes seconds, each answered while the batch went on
        assert [n for n, item in enumerate(items) if item["status"] != 201] == sorted(BAD)
        answers.BatchOutcome.model_validate({"items": items[:10], "expected_done_at": None})
        told = [item["message"]["text"] for item in items if "message" in item]  # type: ignore[index]
        assert told == [f"n{n}" for n in range(COUNT) if n not in BAD]
        assert await batch() == items
        queue = await house.call("GET", "/v1/queue")
        assert queue.json["waiting"] == COUNT - len(BAD) + singles
