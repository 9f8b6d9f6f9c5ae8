"""The tables. Times are seconds of the epoch; `*_id` columns hold identifiers of `ids.new_id`.

Eligibility to be sent is three columns of `messages`: a row with a `lane` waits in that lane, in
order of `priority` and `id`; a row without one either waits for `ready_at` or does not wait at all
(`ready_at` null).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_ID = String(48)
_NUMBER = String(32)  # E.164, a short code or an alphanumeric sender


# What a message waits for that something of its recipient's will let go, not its line or the time.
FOR_RECIPIENT = ("recipient_in_doubt", "under_review")
HELD_FOR_RECIPIENT = f"hold_reason IN {FOR_RECIPIENT}"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


lines = Table(
    "lines",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("iccid", String(24), nullable=False, unique=True),
    Column("imsi", String(16)),
    Column("number", _NUMBER),  # the typed one, else the SIM's
    Column("operator", String(64)),
    Column("smsc", _NUMBER),
    Column("modem_id", _ID),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("name", String(64)),
    Column("sim_number", _NUMBER),  # as the SIM tells it
    Column("typed_number", _NUMBER),  # as a person has set it, or as it was learned
    Column("tags", JSON, nullable=False),
    Column("cost", Double),  # of a part, in the bank's currency
    Column("retired_at", Double),
    Column("quarantined_at", Double),
    Column("quarantine_reason", Text),
    Column("resting_until", Double),
    Column("rest_reason", Text),
)

modems = Table(
    "modems",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("host", String(64), nullable=False),
    Column("port", String(255), nullable=False),
    Column("imei", String(20), unique=True),  # null until the modem has told it
    Column("maker", String(64)),
    Column("model", String(64)),
    Column("revision", String(64)),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("line_id", _ID),
    Column("operator", String(64)),
    Column("rssi_dbm", Integer),
    Column("seen_at", Double, nullable=False),
)

modem_history = Table(
    "modem_history",
    metadata,
    Column("modem_id", _ID, nullable=False),
    Column("id", _ID, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Double, nullable=False),
    PrimaryKeyConstraint("modem_id", "id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("number", _NUMBER, nullable=False),
    Column("pool", String(64), nullable=False),  # "" is the default pool
    Column("line_id", _ID),  # the line that the two last spoke on
    Column("spoken_at", Double),  # when
    Column("last_inbound_at", Double),
    Column("last_sequence", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("unread", Integer, nullable=False, server_default="0"),  # texts that came in
    Column("read_up_to", _ID),  # the last message that somebody has read
    UniqueConstraint("number", "pool"),
    Index("ix_conversations_activity", text("coalesce(spoken_at, created_at)"), "id"),
    Index(
        "ix_conversations_pool",
        "pool",
        text("coalesce(spoken_at, created_at)"),
        "id",
        sqlite_where=text("pool <> ''"),
        postgresql_where=text("pool <> ''"),
    ),
    Index(
        "ix_conversations_unread",
        text("coalesce(spoken_at, created_at)"),
        "id",
        sqlite_where=text("unread > 0"),
        postgresql_where=text("unread > 0"),
    ),
)

messages = Table(
    "messages",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("direction", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("sender", _NUMBER),  # null until a line is claimed for it
    Column("recipient", _NUMBER),  # null where the line's number is not known
    Column("line_id", _ID),
    Column("pool", String(64)),
    Column("kind", String(16)),
    Column("text", Text, nullable=False),
    Column("encoding", String(8), nullable=False),
    Column("parts", Integer, nullable=False),
    Column("reference_number", Integer),  # of the concatenation, 8 bits; null for a single part
    Column("partial", Boolean, nullable=False),
    Column("conversation_id", _ID),
    Column("created_at", Double, nullable=False),
    Column("sent_at", Double),
    Column("delivered_at", Double),
    Column("received_at", Double),
    Column("error_code", String(48)),
    Column("error_message", Text),
    Column("reference", String(255)),
    Column("metadata", JSON, nullable=False),
    Column("classified", String(8)),  # inbound: opt_out, opt_in, help, review
    Column("permit", String(16)),  # outbound: what lets it pass an opt-out
    Column("if_in_doubt", String(8)),
    Column("if_partly_sent", String(8)),  # resend: it begins anew once; null: it fails
    Column("sticky", String(8)),  # off; null: the line that the two last spoke on is preferred
    Column("urgent", Boolean, nullable=False),
    Column("time_zone", String(64)),  # of the recipient, where the sender knew; null: the number's
    Column("want_report", Boolean, nullable=False),
    Column("send_at", Double),
    Column("expires_at", Double),
    Column("key_id", _ID),
    # the queue
    Column("lane", String(128)),
    Column("priority", Integer, nullable=False),
    Column("ready_at", Double),
    Column("home_lane", String(128)),  # where it returns to when it may move to another line
    Column("claimed_by", String(64)),
    Column("resends", Integer, nullable=False),  # how often it went again out of doubt
    Column("hold_reason", String(48)),
    Column("restarts", Integer, nullable=False, server_default="0"),  # how often it began anew
    Column("transliterated", Boolean, nullable=False, server_default=false()),
    Column("reserved", JSON(none_as_null=True)),  # what its claim has counted; null: nothing
    _partial("ix_messages_sender", "sender", "id", where="sender IS NOT NULL"),
    Index("ix_messages_recipient", "recipient", "id"),
    _partial("ix_messages_line", "line_id", "id", where="line_id IS NOT NULL"),
    Index("ix_messages_conversation", "conversation_id", "id"),
    _partial("ix_messages_pool", "pool", "id", where="pool IS NOT NULL"),
    # Of the outbound ones, which are most, one page is found without an index.
    _partial("ix_messages_inbound", "id", where="direction = 'inbound'"),
    Index("ix_messages_status", "status", "id"),
    Index(
        "ix_messages_queue",
        "lane",
        text("priority DESC"),
        "id",
        sqlite_where=text("lane IS NOT NULL"),
        postgresql_where=text("lane IS NOT NULL"),
    ),
    _partial("ix_messages_waiting", "ready_at", where="ready_at IS NOT NULL AND lane IS NULL"),
    _partial("ix_messages_claimed", "claimed_by", where="claimed_by IS NOT NULL"),
    _partial("ix_messages_held", "recipient", "hold_reason", where=HELD_FOR_RECIPIENT),
    _partial("ix_messages_expiry", "expires_at", where="lane IS NOT NULL OR ready_at IS NOT NULL"),
)

parts = Table(
    "parts",
    metadata,
    Column("message_id", _ID, nullable=False),
    # 1 to `messages.parts`; negative: that of a sending that was given up for another
    Column("seq", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("recipient", _NUMBER, nullable=False),
    Column("line_id", _ID),
    Column("modem_id", _ID),
    Column("mr", Integer),
    Column("attempts", Integer, nullable=False),
    Column("submitting_at", Double),
    Column("settled_at", Double),
    Column("report_status", Integer),  # TP-ST
    Column("code", String(16)),
    Column("detail", Text),
    Column("tpdu", Text),  # in hex, as it was last handed to a modem
    PrimaryKeyConstraint("message_id", "seq"),
    _partial("ix_parts_report", "line_id", "mr", "submitting_at", where="mr IS NOT NULL"),
    _partial(
        "ix_parts_without_mr",
        "line_id",
        "submitting_at",
        where="mr IS NULL AND line_id IS NOT NULL",
    ),
    _partial("ix_parts_modem", "modem_id", "submitting_at", where="modem_id IS NOT NULL"),
    _partial("ix_parts_in_doubt", "line_id", "recipient", where="status = 'in_doubt'"),
)

part_attempts = Table(
    "part_attempts",
    metadata,
    Column("message_id", _ID, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("line_id", _ID),
    Column("modem_id", _ID),
    Column("outcome", String(16), nullable=False),  # refused, unknown, withdrawn
    Column("code", String(16)),
    Column("detail", Text),
    PrimaryKeyConstraint("message_id", "seq", "number"),
)

usage = Table(
    "usage",
    metadata,
    Column("scope", String(80), nullable=False),  # line:ID, pool:NAME or to:NUMBER|CAP
    Column("span", String(16), nullable=False),
    Column("begins", Double, nullable=False),  # of the bucket
    Column("parts", Integer, nullable=False),
    PrimaryKeyConstraint("scope", "span", "begins"),
    Index("ix_usage_begins", "begins"),  # what a clock that was put back has left ahead
)

usage_recipients = Table(
    "usage_recipients",
    metadata,
    Column("scope", String(80), nullable=False),
    Column("span", String(16), nullable=False),
    Column("begins", Double, nullable=False),
    Column("recipient", _NUMBER, nullable=False),
    PrimaryKeyConstraint("scope", "span", "begins", "recipient"),
)

pauses = Table(
    "pauses",
    metadata,
    Column("scope", String(80), primary_key=True),  # all, line:ID, modem:ID or pool:NAME
    Column("reason", Text, nullable=False),
    Column("since", Double, nullable=False),
)

inbound_parts = Table(
    "inbound_parts",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("fingerprint", String(64), nullable=False, unique=True),
    Column("line_id", _ID),
    Column("modem_id", _ID),
    Column("pdu", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # deliver, report, other, undecodable
    Column("defect", Text),
    Column("received_at", Double, nullable=False),
    Column("sender", _NUMBER),
    Column("ref_bits", Integer),
    Column("ref", Integer),
    Column("total", Integer),
    Column("seq", Integer),
    Column("message_id", _ID),
    _partial(
        "ix_inbound_parts_key", "line_id", "sender", "ref", "ref_bits", "total", where="total > 1"
    ),
    _partial("ix_inbound_parts_message", "message_id", where="message_id IS NOT NULL"),
    _partial("ix_inbound_parts_open", "received_at", where="total > 1 AND message_id IS NULL"),
    _partial("ix_inbound_parts_defect", "id", where="defect IS NOT NULL"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("line_id", _ID),
    Column("mr", Integer, nullable=False),
    Column("recipient", _NUMBER, nullable=False),
    Column("status", Integer, nullable=False),  # TP-ST
    Column("discharged_at", Double),
    Column("received_at", Double, nullable=False),
    Column("message_id", _ID),  # null until it is matched
    Column("seq", Integer),
    _partial("ix_reports_open", "line_id", "mr", where="message_id IS NULL"),
)

opt_outs = Table(
    "opt_outs",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("scope", String(80), primary_key=True),  # all, pool:NAME, brand:NAME
    # The kinds of texts that it does not end, with a space between.
    Column("leaves", String(64), nullable=False, server_default=""),
    Column("source", String(32), nullable=False),  # keyword, api, cli, review
    Column("reason", Text, nullable=False),
    Column("message_id", _ID),
    Column("line_id", _ID),
    Column("created_at", Double, nullable=False),
    Column("sent_at", Double, nullable=False),  # by the clock of the service centre
    Column("centre", _NUMBER),  # that service centre; null: our clock, or more than one
    Column("erased_at", Double),  # since then `number` is its keyed hash
    _partial("ix_opt_outs_erased", "number", where="erased_at IS NOT NULL"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("number", _NUMBER, nullable=False),
    Column("message_id", _ID),  # the first doubtful text; later ones are in the audit
    Column("line_id", _ID),
    Column("reason", Text, nullable=False),  # why it is doubtful
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),  # undecided then, it becomes an opt-out
    Column("decided_at", Double),
    Column("decision", String(8)),  # opt_out, keep
    Column("decided_by", _ID),  # a key, timeout, or the source of an opt-out that came first
    Column("decision_reason", Text),
    _partial("ix_reviews_open", "number", where="decided_at IS NULL", unique=True),
    Index("ix_reviews_number", "number", "id"),
)

consents = Table(
    "consents",
    metadata,
    Column("number", _NUMBER, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("scope", String(80), nullable=False),  # all, pool:NAME, brand:NAME
    Column("state", String(16), nullable=False),  # given, pending, withdrawn
    Column("source", String(64), nullable=False),  # where it was given: a form, keyword …
    Column("obtained_at", Double, nullable=False),
    Column("wording", Text),  # what the recipient was shown
    Column("evidence", Text),  # where the proof lies
    Column("message_id", _ID),  # the text by which it was given
    Column("recorded_by", _ID, nullable=False),  # a key, or keyword
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("ended_by", String(16)),  # opt_out, declined, request; null while it stands
    Column("request_id", _ID),  # the text that asked for it
    Column("asked_at", Double),  # when that was queued
    Column("due_at", Double),  # until when a YES counts
    Column("erased_at", Double),  # since then `number` is its keyed hash
    PrimaryKeyConstraint("number", "kind", "scope"),
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("confirmed_at", Double, nullable=False),
)

events = Table(
    "events",
    metadata,
    # To SQLite a primary key of this type is the table itself, and no index beside it.
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("id", _ID, nullable=False, unique=True),
    Column("type", String(32), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("conversation_id", _ID),
    Column("sequence", BigInteger),
    Column("data", JSON, nullable=False),
    Index("ix_events_created_at", "created_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("secret", Text, nullable=False),
    Column("origin", String(8), nullable=False),  # config or api
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("created_at", Double, nullable=False),
    Column("former_secret", Text),  # signs, too, until `former_until`
    Column("former_until", Double),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", _ID, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("event_id", _ID, nullable=False),
    Column("conversation_id", _ID),
    Column("status", String(16), nullable=False),  # pending, delivered, dead, replay
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double),  # also of what is not pending: then it is posted late
    Column("first_tried_at", Double),
    Column("settled_at", Double),
    Column("last_status", Integer),
    Column("last_error", Text),
    PrimaryKeyConstraint("webhook_id", "position"),
    _partial("ix_webhook_deliveries_pending", "webhook_id", "position", where="status = 'pending'"),
    _partial(
        "ix_webhook_deliveries_late",
        "webhook_id",
        "next_at",
        where="status <> 'pending' AND next_at IS NOT NULL",
    ),
)

keys = Table(
    "keys",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("kinds", JSON, nullable=False),
    Column("default_kind", String(16)),
    Column("urgent", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double),
    Column("revoked_at", Double),
    Column("pools", JSON(none_as_null=True)),  # those it is bound to; null: none, it has all
    Column("per_minute", Integer),  # messages
    Column("per_day", Integer),
    Column("expires_at", Double),
    Column("former_digest", String(64)),  # of the secret before the last rotation
    Column("former_until", Double),  # so long that one is good, too
    Index("ix_keys_former_digest", "former_digest"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_id", _ID, nullable=False),
    Column("token", String(255), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    PrimaryKeyConstraint("key_id", "token"),
    Index("ix_idempotency_created_at", "created_at"),
)

audit = Table(  # what the audit was before it was a chain; carried over at the first start
    "audit",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("action", String(32), nullable=False),
    Column("number", _NUMBER),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_number", "number", "id"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("chain", String(64), nullable=False),  # the host that appends to it
    Column("sequence", BigInteger, nullable=False),  # from 1, without gaps
    Column("at", Double, nullable=False),
    Column("action", String(32), nullable=False),
    Column("digest", String(64), nullable=False),  # of the payload and its salt
    Column("link", String(64), nullable=False),
    PrimaryKeyConstraint("chain", "sequence"),
)

audit_payloads = Table(  # what erasing deletes
    "audit_payloads",
    metadata,
    Column("chain", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("salt", String(32), nullable=False),
    Column("subject", String(64)),  # keyed hash of the number that it is about
    Column("payload", Text, nullable=False),  # canonical JSON
    PrimaryKeyConstraint("chain", "sequence"),
    Index("ix_audit_payloads_subject", "subject"),
)

audit_chains = Table(
    "audit_chains",
    metadata,
    Column("chain", String(64), primary_key=True),
    Column("key_id", String(16), nullable=False),  # of the key of its hashes
    Column("rules", Text),  # digests of the rules that were in force last
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

writers = Table(
    "writers",
    metadata,
    Column("host", String(64), primary_key=True),
    Column("group_id", _ID, nullable=False),
)
