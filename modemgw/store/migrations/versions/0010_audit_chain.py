"""The audit becomes a chain of entries for each host, with their payloads apart; opt-outs can stay
under a hash of their number; parts keep their TPDU.

The old list stays until the daemon, which has the key of the numbers' hashes, carries it over.

Revision ID: 0010
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "audit_entries",
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "sequence", name=op.f("pk_audit_entries")),
    )
    op.create_table(
        "audit_payloads",
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "sequence", name=op.f("pk_audit_payloads")),
    )
    op.create_index("ix_audit_payloads_subject", "audit_payloads", ["subject"], unique=False)
    op.add_column("parts", sa.Column("tpdu", sa.Text(), nullable=True))
    op.add_column("opt_outs", sa.Column("erased_at", sa.Double(), nullable=True))
    hidden = sa.text("erased_at IS NOT NULL")
    op.create_index(
        "ix_opt_outs_erased",
        "opt_outs",
        ["number"],
        unique=False,
        sqlite_where=hidden,
        postgresql_where=hidden,
    )
    op.create_table(
        "audit_chains",
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("rules", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_chains")),
    )
