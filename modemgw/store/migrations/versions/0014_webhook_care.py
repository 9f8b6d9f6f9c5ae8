"""Endpoints whose secret changes, and events that are posted once more.

Revision ID: 0014
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("webhooks", sa.Column("former_secret", sa.Text(), nullable=True))
    op.add_column("webhooks", sa.Column("former_until", sa.Double(), nullable=True))
    late = sa.text("status <> 'pending' AND next_at IS NOT NULL")
    op.create_index(
        "ix_webhook_deliveries_late",
        "webhook_deliveries",
        ["webhook_id", "next_at"],
        sqlite_where=late,
        postgresql_where=late,
    )
