"""What was withdrawn is kept where its person's data are erased.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. What was erased before is gone."""
    op.add_column("consents", sa.Column("erased_at", sa.Double(), nullable=True))
