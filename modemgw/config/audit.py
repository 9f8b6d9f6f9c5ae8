"""Where the proof of what was done lies: the audit's key, and its published heads."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it at run time

from pydantic import Field

from modemgw.config.fields import Section


class AuditSection(Section):
    """What lets others check the audit."""

    key_file: Path | None = Field(
        None,
        description="Key of the hashes of numbers, and of the heads; made when missing. The same "
        "file on every host of a database. Default: `modemgw-audit.key` beside the database file, "
        "or where the daemon is started.",
    )
    head_file: Path | None = Field(
        None,
        description="To which the head of the audit is appended every hour; better on another "
        "disk. Default: `modemgw-audit.heads`, beside the key.",
    )
