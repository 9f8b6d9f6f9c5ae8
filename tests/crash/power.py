"""A site whose database lies on a disk whose power can fail."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

from tests.crash.disk import Disk
from tests.crash.run import site_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.site import Site

_NOTHING = 1 / 3  # of the cuts leave nothing of what was not synced


@contextlib.contextmanager
def powered(folder: Path, **more: Any) -> Iterator[tuple[Site, Disk]]:
    """A site that stands, and its disk. Its key and its tables were made before, and are safe."""
    data, beside = folder / "data", folder / "disk"
    data.mkdir()
    beside.mkdir()
    disk = Disk(data, beside)
    site = site_in(folder, f"sqlite:///{data}/modemgw.db", **more)
    try:
        site.prepare()
        disk.build()
        site.daemon_environment |= disk.environment
        site.start_daemon()
        yield site, disk
    finally:
        site.close()


class PowerCuts:
    """Fails the power of a site at the instant at which it is called; how much of what was not
    synced is there all the same is another time another share; with `nothing` none is ever."""

    def __init__(self, site: Site, disk: Disk, seed: int, *, nothing: bool = False) -> None:
        self._site, self._disk, self._chance = site, disk, random.Random(seed)
        self._nothing = 1.0 if nothing else _NOTHING

    def __call__(self) -> None:
        self._site.kill_daemon()
        strict = self._chance.random() < self._nothing
        self._disk.cut(self._chance, 0.0 if strict else self._chance.random())
