"""Opt-outs remember when they were sent, and by whose clock.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. Of those that are there, the time of reading is the latest possible."""
    op.add_column("opt_outs", sa.Column("sent_at", sa.Double(), nullable=True))
    op.add_column("opt_outs", sa.Column("centre", sa.String(length=32), nullable=True))
    op.execute("UPDATE opt_outs SET sent_at = created_at")
    with op.batch_alter_table("opt_outs") as batch:
        batch.alter_column("sent_at", existing_type=sa.Double(), nullable=False)


def downgrade() -> None:
    """Go back to the revision before."""
    with op.batch_alter_table("opt_outs") as batch:
        batch.drop_column("centre")
        batch.drop_column("sent_at")
