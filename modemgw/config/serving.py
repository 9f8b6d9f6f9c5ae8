"""The HTTP API, webhooks, the log, and what tests need."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from modemgw.config.fields import (
    Seconds,
    Section,
    Strings,
    as_list,
    check_address,
    check_clock,
    check_network,
    check_origin,
    is_loopback,
)

Addresses = Annotated[list[Annotated[str, AfterValidator(check_address)]], BeforeValidator(as_list)]


class ApiSection(Section):
    """The HTTP API."""

    listen: Annotated[
        list[Annotated[str, AfterValidator(check_address)]], BeforeValidator(as_list)
    ] = Field(["127.0.0.1:8080"], min_length=1, description="Address, or addresses, to listen on.")
    allow_anywhere: bool = Field(
        False, description="Allow addresses beyond loopback in the clear, without TLS."
    )
    tls_certificate: Path | None = Field(
        None,
        description="Certificate and its chain, in PEM: the API speaks TLS (1.2 and later) alone. "
        "Read again when it changes, and on SIGHUP.",
    )
    tls_key: Path | None = Field(None, description="The certificate's key, without a password.")
    trusted_proxies: Annotated[
        list[Annotated[str, AfterValidator(check_network)]], BeforeValidator(as_list)
    ] = Field(
        [],
        max_length=100,
        description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are "
        "believed. Default: of none.",
    )
    cors_origins: Annotated[
        list[Annotated[str, AfterValidator(check_origin)]], BeforeValidator(as_list)
    ] = Field(
        [],
        max_length=100,
        description='Origins whose pages may call the API, such as "https://crm.example". Each '
        'exactly; "*" is none.',
    )
    allowed_hosts: Strings = Field(
        [], description="Private hosts that webhooks made over the API may name."
    )
    webhook_dead_after: Seconds = Field(
        900.0, description="Seconds after which an event that an endpoint refuses is given up."
    )

    @model_validator(mode="after")
    def _stays_at_home(self) -> Self:
        beyond = [address for address in self.listen if not is_loopback(address)]
        if beyond and not self.allow_anywhere and self.tls_certificate is None:
            raise ValueError(
                f"listen has {beyond[0]}, which other machines reach, in the clear; listen on "
                "127.0.0.1 behind a proxy with TLS, or set tls_certificate, or allow_anywhere"
            )
        return self

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        return self


class WebhookSection(Section):
    """Where events are posted."""

    url: str = Field(pattern=r"^https?://", description="Private addresses are allowed here.")
    events: Strings = Field(["*"], min_length=1, description='Types of events, or "*".')
    secret: str = Field(description='"whsec_" and 24 to 64 bytes in base64.')

    @field_validator("secret")
    @classmethod
    def _is_standard(cls, value: str) -> str:
        try:
            size = len(base64.b64decode(value.removeprefix("whsec_"), validate=True))
        except binascii.Error:
            size = 0
        if not value.startswith("whsec_") or not 24 <= size <= 64:
            raise ValueError('a secret is "whsec_" and 24 to 64 random bytes in base64')
        return value


class TwilioAccountSection(Section):
    """An account whose applications are called."""

    token: str = Field(
        min_length=16,
        max_length=256,
        description="The AuthToken: an API key of `modemgw keys create`. It signs what is posted.",
    )
    inbound_url: str | None = Field(
        None, pattern=r"^https?://", description="Told of texts that come in; answers in TwiML."
    )
    status_url: str | None = Field(
        None, pattern=r"^https?://", description="Told of texts sent without a StatusCallback."
    )
    pools: Strings = Field(
        [], description="Pools whose texts that come in are told. Default: those of all lines."
    )
    by_number: bool = Field(
        default=False,
        description="Post no MessagingServiceSid, for applications that know lines by number "
        "alone, such as Chatwoot with a phone number.",
    )


class TwilioSection(Section):
    """Tools written for Twilio's API."""

    accounts: list[TwilioAccountSection] = Field(
        [], description="Accounts whose applications are called; to send needs none."
    )
    posted: dict[str, str] = Field(
        {},
        description="Where to post what is meant for addresses that begin so, such as "
        '{"https://crm.example.com" = "http://10.0.0.5:3000"}; signatures cover the first.',
    )


class LogSection(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="From here up.")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: for people on a terminal, else JSON."
    )


class TestingSection(Section):
    """For tests alone; never on a bank that texts people."""

    clock: Annotated[str, AfterValidator(check_clock)] = Field(
        "",
        description='"unix:PATH": policy goes by the clock at this socket, not by real time. '
        "`modemgw simulate` serves one as DIR/clock.sock.",
    )
