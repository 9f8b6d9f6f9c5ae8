"""Attempts at a part, and messages that may begin anew when their line stays away.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "part_attempts",
        sa.Column("message_id", sa.String(length=48), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("line_id", sa.String(length=48), nullable=True),
        sa.Column("modem_id", sa.String(length=48), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", "seq", "number", name=op.f("pk_part_attempts")),
    )
    op.add_column("messages", sa.Column("if_partly_sent", sa.String(length=8), nullable=True))
    op.add_column(
        "messages", sa.Column("restarts", sa.Integer(), nullable=False, server_default="0")
    )
