"""What the claim of a message has counted is kept with it.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision. What is claimed at this moment stays counted, as it was before."""
    op.add_column("messages", sa.Column("reserved", sa.JSON(none_as_null=True), nullable=True))
