"""The conversations of a named pool are found by an index, too.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    named = sa.text("pool <> ''")
    op.create_index(
        "ix_conversations_pool",
        "conversations",
        ["pool", sa.text("coalesce(spoken_at, created_at)"), "id"],
        sqlite_where=named,
        postgresql_where=named,
    )
