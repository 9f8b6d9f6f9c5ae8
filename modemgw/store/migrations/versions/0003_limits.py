"""Limits, pauses, and lanes that name pool and key.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# "line:ID", "pool:NAME", each perhaps with "/patient", become "ID|POOL|KEY|patient".
_RENAMED = """
    UPDATE messages SET {lane} =
        CASE WHEN {lane} LIKE 'line:%' THEN substr(replace({lane}, '/patient', ''), 6) ELSE '*' END
        || '|' || coalesce(pool, '') || '|' || substr(coalesce(key_id, ''), 29)
        || CASE WHEN {lane} LIKE '%/patient' THEN '|patient' ELSE '|' END
    WHERE {lane} IS NOT NULL
"""


def upgrade() -> None:
    """Make the tables, widen the columns, and give what waits its new lanes."""
    op.create_table(
        "usage",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("span", sa.String(length=16), nullable=False),
        sa.Column("begins", sa.Double(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "span", "begins", name=op.f("pk_usage")),
    )
    op.create_table(
        "usage_recipients",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("span", sa.String(length=16), nullable=False),
        sa.Column("begins", sa.Double(), nullable=False),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint(
            "scope", "span", "begins", "recipient", name=op.f("pk_usage_recipients")
        ),
    )
    op.create_table(
        "pauses",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pauses")),
    )
    if op.get_bind().dialect.name != "sqlite":  # which has no lengths
        for column in ("lane", "home_lane"):
            op.alter_column("messages", column, type_=sa.String(length=128))
    for column in ("lane", "home_lane"):
        op.execute(_RENAMED.format(lane=column))
