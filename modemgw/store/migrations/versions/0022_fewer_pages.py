"""Fewer pages to write for a text, and none to look through for what time brings.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision.

    SQLite copies its events: a primary key of the type INTEGER needs no index beside the table.
    """
    _index(
        "ix_messages_expiry", "messages", ["expires_at"], "lane IS NOT NULL OR ready_at IS NOT NULL"
    )
    key = ["line_id", "sender", "ref", "ref_bits", "total"]
    _index("ix_inbound_parts_key", "inbound_parts", key, "total > 1")
    _index("ix_inbound_parts_message", "inbound_parts", ["message_id"], "message_id IS NOT NULL")
    if op.get_context().dialect.name == "sqlite":
        _copy_events()


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.drop_index(name, table)
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _copy_events() -> None:
    op.drop_index("ix_events_created_at", "events")
    op.rename_table("events", "events_before")
    op.create_table(
        "events",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("conversation_id", sa.String(length=48), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    op.execute("INSERT INTO events SELECT * FROM events_before")  # the same columns, in this order
    op.drop_table("events_before")
    op.create_index("ix_events_created_at", "events", ["created_at"])
