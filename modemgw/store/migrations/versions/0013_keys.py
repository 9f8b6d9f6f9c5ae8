"""Keys are bound to pools, have limits and an end, and are rotated.

Revision ID: 0013
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("keys", sa.Column("pools", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("keys", sa.Column("per_minute", sa.Integer(), nullable=True))
    op.add_column("keys", sa.Column("per_day", sa.Integer(), nullable=True))
    op.add_column("keys", sa.Column("expires_at", sa.Double(), nullable=True))
    op.add_column("keys", sa.Column("former_digest", sa.String(length=64), nullable=True))
    op.add_column("keys", sa.Column("former_until", sa.Double(), nullable=True))
    op.create_index("ix_keys_former_digest", "keys", ["former_digest"])
