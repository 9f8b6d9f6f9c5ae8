"""No place in an index for what a text does not have yet: its line, its modem, its MR.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    for name, table in (
        ("ix_messages_sender", "messages"),
        ("ix_messages_line", "messages"),
        ("ix_parts_report", "parts"),
        ("ix_parts_modem", "parts"),
    ):
        op.drop_index(name, table)
    _index("ix_messages_sender", "messages", ["sender", "id"], "sender IS NOT NULL")
    _index("ix_messages_line", "messages", ["line_id", "id"], "line_id IS NOT NULL")
    _index("ix_parts_report", "parts", ["line_id", "mr", "submitting_at"], "mr IS NOT NULL")
    _index(
        "ix_parts_without_mr",
        "parts",
        ["line_id", "submitting_at"],
        "mr IS NULL AND line_id IS NOT NULL",
    )
    _index("ix_parts_modem", "parts", ["modem_id", "submitting_at"], "modem_id IS NOT NULL")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
