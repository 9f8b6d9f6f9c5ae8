"""An index of what waits for its recipient: to let it go costs no look at all it was ever sent.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    held = sa.text("hold_reason IN ('recipient_in_doubt', 'under_review')")
    op.create_index(
        "ix_messages_held",
        "messages",
        ["recipient", "hold_reason"],
        sqlite_where=held,
        postgresql_where=held,
    )
