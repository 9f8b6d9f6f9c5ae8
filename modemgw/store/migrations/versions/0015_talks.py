"""Conversations are listed by their last text and know what is unread; texts may be transliterated.

Revision ID: 0015
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None

_ACTIVITY = "coalesce(spoken_at, created_at)"


def upgrade() -> None:
    """Go to this revision. What came in before it counts as read."""
    op.add_column(
        "messages",
        sa.Column("transliterated", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "conversations", sa.Column("unread", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("conversations", sa.Column("read_up_to", sa.String(length=48), nullable=True))
    op.create_index("ix_conversations_activity", "conversations", [sa.text(_ACTIVITY), "id"])
    op.create_index(
        "ix_conversations_unread",
        "conversations",
        [sa.text(_ACTIVITY), "id"],
        sqlite_where=sa.text("unread > 0"),
        postgresql_where=sa.text("unread > 0"),
    )
    op.create_index("ix_messages_conversation", "messages", ["conversation_id", "id"])
    op.drop_index("ix_messages_direction", "messages")
    op.create_index(
        "ix_messages_inbound",
        "messages",
        ["id"],
        sqlite_where=sa.text("direction = 'inbound'"),
        postgresql_where=sa.text("direction = 'inbound'"),
    )
