"""A number may have several opt-outs, each of a scope, and some leave kinds of texts.

Revision ID: 0009
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. Those that are there end everything."""
    with op.batch_alter_table("opt_outs") as batch:
        batch.add_column(
            sa.Column("leaves", sa.String(length=64), nullable=False, server_default="")
        )
        batch.alter_column("scope", existing_type=sa.String(length=64), type_=sa.String(length=80))
        batch.drop_constraint("pk_opt_outs", type_="primary")
        batch.create_primary_key("pk_opt_outs", ["number", "scope"])
    op.execute("UPDATE opt_outs SET scope = 'all'")
