"""What each room is told of the configuration."""

from __future__ import annotations

import hashlib
import time
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import DBAPIError

from modemgw.api.settings import ApiSettings
from modemgw.api.twilio.settings import Account, TwilioSettings
from modemgw.config import ConfigError, read_secret
from modemgw.consent.gate import Policy
from modemgw.gateway.caps import Cap
from modemgw.gateway.number_files import NumberFiles
from modemgw.gateway.plans import Plan
from modemgw.gateway.routing import Rule
from modemgw.gateway.settings import (
    PERMIT_AGE_S,
    SHARED_PERMIT_AGE_S,
    GatewaySettings,
    Pool,
)
from modemgw.modem import catalogue
from modemgw.modem.profile import Domain
from modemgw.modem.settings import (
    BankSettings,
    DriverKind,
    LineSettings,
    Parity,
    PortSettings,
)
from modemgw.store import keys
from modemgw.store.chain import canonical
from modemgw.store.engine import reader_engine, serves_many
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.sids import account_sid

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from modemgw.config import Config
    from modemgw.config.sending import PlanSection, RouteSection
    from modemgw.config.serving import ApiSection

log = structlog.get_logger(__name__)

_DOMAINS = {
    "packet": Domain.PACKET_ONLY,
    "circuit": Domain.CIRCUIT_ONLY,
    "packet-preferred": Domain.PACKET_PREFERRED,
    "circuit-preferred": Domain.CIRCUIT_PREFERRED,
}


def gateway_settings(config: Config) -> GatewaySettings:
    """The gateway's part of the configuration. Raises ConfigError for the secret's file."""
    texts = config.messages
    plans = {name: _plan(name, section) for name, section in config.plans.items()}
    pools = {
        name: Pool(
            name,
            frozenset(section.lines),
            section.kind,
            section.reject_calls,
            plans.get(section.plan or ""),
            frozenset(section.tags),
            section.keywords.words(),
            section.max_parts,
        )
        for name, section in config.pools.items()
    }
    return GatewaySettings(
        host=config.host,
        default_region=config.numbers.default_region,
        policy=Policy.parse(
            config.gate.outer_window,
            config.gate.destinations,
            config.gate.country_hours(),
            block_cards=config.content.block_cards,
            content=[section.as_pattern() for section in config.gate.content],
            deny=config.gate.deny,
            allow=config.gate.allow,
            consent=config.gate.requirement(),
            pool_destinations={
                name: section.destinations
                for name, section in config.pools.items()
                if section.destinations is not None
            },
        ),
        fingerprint_key=read_secret(config.secret_file),
        optouts=config.optouts.rules(config.pools.keys(), config.brands),
        pools=MappingProxyType(pools),
        default_pool=Pool(
            "",
            frozenset(),
            config.default_pool.kind,
            plan=plans.get(config.default_pool.plan or ""),
        ),
        plans=MappingProxyType(plans),
        line_plans=MappingProxyType(
            {line.iccid: line.plan for line in config.modems.line if line.plan is not None}
        ),
        expected=frozenset([*config.lines.expected, *(line.iccid for line in config.modems.line)]),
        blocked_after=config.lines.blocked_after,
        drop_rest_s=config.lines.drop_rest,
        new_country_after=config.gate.new_country_after,
        review_within_s=config.gate.review_within,
        start_gives=tuple(config.gate.start_gives),
        double_opt_in=config.gate.double_opt_in.rules(),
        files=_number_files(config),
        mask=config.inbound.as_mask(config.gate.content),
        default_kind=texts.default_kind,
        reports=texts.reports,
        reject_calls=config.calls.reject,
        max_parts=texts.max_parts,
        max_attempts=texts.max_attempts,
        retry_patience=texts.retry_patience,
        default_valid_for_s=texts.valid_for,
        part_wait_s=texts.part_wait,
        partial_after_s=texts.partial_after,
        in_doubt_timeout_s=texts.in_doubt_timeout,
        line_rest_s=texts.line_rest,
        sticky_for_s=texts.sticky_for,
        sticky_wait_s=texts.sticky_wait,
        host_wait_s=texts.host_wait,
        routes=tuple(_rule(section) for section in config.routes),
        caps=tuple(Cap(cap.kind, cap.pool, cap.per_day, cap.per_week) for cap in config.gate.caps),
        start_hold_s=config.gate.start_hold,
        permit_age_s=SHARED_PERMIT_AGE_S if serves_many(config.database_url) else PERMIT_AGE_S,
        keep_events_s=texts.keep_events,
        keep_reports_s=texts.keep_reports,
        keep_messages_s=texts.keep_messages,
        rules=MappingProxyType(_rules(config)),
        head_file=config.audit_head_file,
    )


_SECTIONS_OF_RULES = (
    "gate", "inbound", "content", "numbers", "messages", "replies", "optouts", "brands", "pools",
    "default_pool", "plans", "routes",
)  # fmt: skip


def _rules(config: Config) -> dict[str, str]:
    """Digests of what decides whether and how a text may be sent, by section."""
    told = config.model_dump(mode="json", include=set(_SECTIONS_OF_RULES))
    return {
        name: hashlib.sha256(canonical(told[name]).encode()).hexdigest()
        for name in _SECTIONS_OF_RULES
    }


def _number_files(config: Config) -> NumberFiles:
    """The lists of the gate's files. Raises ConfigError: whom it may not text it must know."""
    files = NumberFiles(config.gate.deny_file, config.gate.allow_file)
    wrong = [words for words in files.load().values() if words]
    if wrong:
        raise ConfigError("\n  ".join(wrong))
    return files


def _rule(section: RouteSection) -> Rule:
    return Rule(
        section.pool,
        prefixes=tuple(section.prefix),
        countries=frozenset(section.country),
        operators=frozenset(section.operator),
        kinds=frozenset(section.kind),
        tags=frozenset(section.tag),
    )


def _plan(name: str, section: PlanSection) -> Plan:
    return Plan(
        name,
        per_minute=section.per_minute,
        per_hour=section.per_hour,
        per_day=section.per_day,
        per_month=section.per_month,
        recipients_per_day=section.recipients_per_day,
        recipients_per_month=section.recipients_per_month,
        cost_per_day=section.cost_per_day,
        min_gap_s=section.min_gap,
        gap_jitter=section.gap_jitter,
        time_zone=ZoneInfo(section.time_zone),
        billing_day=section.billing_day,
        warm_up=tuple(section.warm_up),
    )


def bank_settings(config: Config) -> BankSettings:
    """The modems' part of the configuration."""
    detailed = tuple(
        PortSettings(
            pattern=port.pattern,
            baudrate=port.baudrate,
            pin=port.pin,
            pin_blindly=port.pin_blindly,
            profile=port.profile,
            storage=port.storage,
            power_cycle_command=port.power_cycle_command,
            rtscts=port.rtscts,
            patience=port.patience,
            parity=Parity(port.parity),
            xonxoff=port.xonxoff,
            driver=DriverKind(port.driver),
        )
        for port in config.modems.port
    )
    lines = {
        line.iccid: LineSettings(
            domain=None if line.sms_domain is None else _DOMAINS[line.sms_domain],
            roaming=config.modems.roaming if line.roaming is None else line.roaming,
            commands=tuple(line.commands),
        )
        for line in config.modems.line
    }
    return BankSettings(
        (*detailed, *(PortSettings(port) for port in config.modems.ports)),
        profiles=catalogue.load(config.modems.profile_dir),
        lines=lines,
        any_line=LineSettings(roaming=config.modems.roaming),
    )


def api_settings(config: Config) -> ApiSettings:
    """The API's part of the configuration."""
    addresses = []
    for address in config.api.listen:
        host, _, port = address.rpartition(":")
        addresses.append((host.strip("[]"), int(port)))
    return ApiSettings(
        listen=tuple(addresses),
        allow_anywhere=config.api.allow_anywhere,
        tls=_tls(config.api),
        trusted_proxies=tuple(config.api.trusted_proxies),
        cors_origins=frozenset(config.api.cors_origins),
        allowed_hosts=frozenset(config.api.allowed_hosts),
        connection_limit=config.api.max_connections,
        client_connection_limit=config.api.max_client_connections,
        head_timeout_s=config.api.head_timeout,
        body_timeout_s=config.api.body_timeout,
        keepalive_timeout_s=config.api.keepalive_timeout,
        webhook_dead_after_s=config.api.webhook_dead_after,
    )


def accounts(config: Config) -> TwilioSettings:
    """Accounts and their keys. Raises ConfigError, StoreError."""
    engine = reader_engine(config.database_url, 1)
    try:
        with engine.connect() as connection:
            return twilio_settings(config, connection)
    except DBAPIError as error:
        raise StoreUnavailableError(f"database: {error.orig}") from error
    finally:
        engine.dispose()


def twilio_settings(config: Config, connection: Connection) -> TwilioSettings:
    """The accounts of the configuration, but for those whose key is over: the bank works on.

    Raises ConfigError for a token that never was a key.
    """
    remedy = "make one with `modemgw keys create --scope send,read`"
    accounts = {}
    for number, section in enumerate(config.twilio.accounts, 1):
        key = keys.find(connection, section.token, time.time())
        if key is None:
            where = f"twilio.accounts, no. {number}"
            if not keys.was_issued(connection, section.token):
                raise ConfigError(f"{where}: the token is no API key; {remedy}")
            reason = "its key was revoked, rotated or is over"
            log.error("twilio_account_left_out", account=where, reason=reason, remedy=remedy)
            continue
        account = Account(
            account_sid(key.id),
            section.token,
            inbound_url=section.inbound_url,
            status_url=section.status_url,
            pools=frozenset(section.pools),
            by_number=section.by_number,
        )
        accounts[account.sid] = account
    return TwilioSettings(MappingProxyType(accounts), MappingProxyType(dict(config.twilio.posted)))


def _tls(section: ApiSection) -> tuple[Path, Path] | None:
    if section.tls_certificate is None or section.tls_key is None:
        return None
    return section.tls_certificate, section.tls_key
