"""Conversations remember when the two last spoke, messages that they may go on any line.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("conversations", sa.Column("spoken_at", sa.Double(), nullable=True))
    op.execute("UPDATE conversations SET spoken_at = last_inbound_at")
    op.add_column("messages", sa.Column("sticky", sa.String(length=8), nullable=True))
