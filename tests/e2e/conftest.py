"""Sites for end-to-end tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.site import Site, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Four modems and the daemon on SQLite."""
    with running(Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db")) as started:
        yield started


@pytest.fixture
def any_site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """Four modems and the daemon, on SQLite and on PostgreSQL."""
    with running(Site(tmp_path, database_url)) as started:
        yield started
