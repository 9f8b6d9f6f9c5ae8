"""The messages of a pool are found by an index.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    named = sa.text("pool IS NOT NULL")
    op.create_index(
        "ix_messages_pool",
        "messages",
        ["pool", "id"],
        sqlite_where=named,
        postgresql_where=named,
    )
