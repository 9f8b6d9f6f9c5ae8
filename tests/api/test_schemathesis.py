"""An outside program that reads our description tries everything in it, at random and in turns."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Final

import pytest

from modemgw.gateway.settings import Pool
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from pathlib import Path

# What a schema cannot say (that a number is one, that a time zone exists) may be refused, and a
# batch tells of each of its texts by itself; so two of its checks are not ours.
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
)
# Streams do not end, /readyz is 503 without modems, pages are no JSON, and a key that is revoked or
# rotated may be the one with which all else is asked.
LEFT_OUT: Final = r"^/(v1/events|docs|metrics|readyz|v1/keys/)"
BATCHES: Final = r"^/v1/messages/batch"
# `make api-fuzz` tries as many times more, and other things.
TIMES: Final = int(os.environ.get("API_FUZZ_TIMES", "1"))
SEED: Final = os.environ.get("API_FUZZ_SEED", "20261128")


async def tried(house: House, folder: Path, *options: str) -> str:
    """What it says; AssertionError where it finds something."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{house.base}/openapi.json"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--header", f"Authorization: Bearer {house.keys['all']}"),
        *("--seed", SEED, "--no-color", "--request-timeout", "10", *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    said = output.decode()
    assert process.returncode == 0, said[-20_000:]
    return said


@pytest.fixture
def pools() -> dict[str, Pool]:
    """Two pools, so that there is something to name."""
    return {name: Pool(name, frozenset()) for name in ("sales", "care")}


async def test_it_finds_nothing(tmp_path: Path, pools: dict[str, Pool]) -> None:
    """No error of ours, and every answer as described, to whatever is asked."""
    async with open_house(tmp_path, gateway_settings={"pools": pools}) as house:
        said = await tried(
            house,
            tmp_path,
            *("--checks", ",".join(CHECKS), "--max-examples", str(4 * TIMES)),
            *("--exclude-path-regex", f"{LEFT_OUT}|{BATCHES}"),
        )
        assert "API Operations" in said
        assert "Authentication failed" not in said


async def test_it_finds_nothing_in_batches(tmp_path: Path, pools: dict[str, Pool]) -> None:
    """Of which each text has an answer of its own."""
    checks = (check for check in CHECKS if check != "negative_data_rejection")
    async with open_house(tmp_path, gateway_settings={"pools": pools}) as house:
        await tried(
            house,
            tmp_path,
            *("--checks", ",".join(checks), "--max-examples", str(10 * TIMES)),
            # Nothing that a batch makes has a link, so there is no turn to take.
            *("--include-path-regex", BATCHES, "--phases", "examples,coverage,fuzzing"),
        )
