"""A bank for each judge, and where its verdicts are noted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.personality import PERSONALITIES
from tests.judges.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pytest_runtest_setup(item: pytest.Function) -> None:
    """The test's docstring is what is demanded; noted before anything can fail."""
    words = re.sub(r"\s+", " ", item.function.__doc__ or item.name).strip()
    case = getattr(item, "callspec", None)
    item.user_properties.append(("demanded", f"{words} [{case.id}]" if case else words))


@pytest.fixture
def happened(record_property: Callable[[str, object], None]) -> Callable[[object], None]:
    """Notes what happened, for the table."""
    return lambda words: record_property("happened", words)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Two modems without a maker's quirks, for all tests of a file."""
    yield from _standing(Desk(tmp_path_factory.mktemp("desk"), "generic"))


@pytest.fixture(scope="module")
def bank_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One modem of each personality, in the order of `PERSONALITIES`."""
    profiles = ",".join(PERSONALITIES)
    yield from _standing(Desk(tmp_path_factory.mktemp("all"), profiles, len(PERSONALITIES)))


def _standing(desk: Desk) -> Iterator[Desk]:
    try:
        desk.open()
        yield desk
    finally:
        desk.close()
