"""The limits of keys, between hosts that decide at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from modemgw.gateway import quota
from modemgw.gateway.requests import Caller, RateLimitedError
from modemgw.store.engine import writer_engine

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOW = 1_800_014_400.0
FEW = Caller("key_few", frozenset({"send"}), frozenset(), per_minute=3)


def _take(engine: Engine) -> None:
    with engine.begin() as connection:
        quota.reserve(connection, FEW, 3, NOW)
        quota.count(connection, FEW, 3, NOW)


def test_a_host_waits_for_the_count_of_another_that_is_not_committed_yet(
    postgres_url: str,
) -> None:
    """Else both would take the last three."""
    first, second = writer_engine(postgres_url), writer_engine(postgres_url)
    with ThreadPoolExecutor(1) as other:
        with first.begin() as connection:
            quota.reserve(connection, FEW, 3, NOW)
            quota.count(connection, FEW, 3, NOW)
            decided = other.submit(_take, second)
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not decided.done() and not connection.execute(waiting).scalar_one():
                pass
        with pytest.raises(RateLimitedError):
            decided.result(10)
    first.dispose()
    second.dispose()
