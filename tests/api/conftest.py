"""A running API for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An API with a key named `all` that has every scope."""
    async with open_house(tmp_path) as opened:
        yield opened
