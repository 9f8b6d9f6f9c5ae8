"""Lines keep what people set, and why they do not send.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. The numbers that are known so far were told by the SIMs."""
    for column in (
        sa.Column("name", sa.String(length=64), nullable=True),
        sa.Column("sim_number", sa.String(length=32), nullable=True),
        sa.Column("typed_number", sa.String(length=32), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("retired_at", sa.Double(), nullable=True),
        sa.Column("quarantined_at", sa.Double(), nullable=True),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.Column("resting_until", sa.Double(), nullable=True),
        sa.Column("rest_reason", sa.Text(), nullable=True),
    ):
        op.add_column("lines", column)
    op.execute("UPDATE lines SET sim_number = number, tags = '[]'")
    with op.batch_alter_table("lines") as batch:
        batch.alter_column("tags", existing_type=sa.JSON(), nullable=False)
