"""One typed, validated configuration: a TOML file, and the environment over it.

Every key can be set in the environment as `MODEMGW_` and its path, joined by two underscores:
`MODEMGW_API__LISTEN=127.0.0.1:8081`.
"""

from __future__ import annotations

import socket
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from modemgw.config.answers import RepliesSection
from modemgw.config.audit import AuditSection
from modemgw.config.content import ContentSection, InboundSection
from modemgw.config.errors import ConfigError
from modemgw.config.fields import CLOCK_PREFIX, check_database
from modemgw.config.modems import ModemsSection
from modemgw.config.optouts import BrandSection, OptOutsSection
from modemgw.config.secret import read_secret
from modemgw.config.sending import (
    CallsSection,
    DefaultPoolSection,
    GateSection,
    LinesSection,
    MessagesSection,
    NumbersSection,
    PlanSection,
    PoolSection,
    RouteSection,
)
from modemgw.config.serving import (
    ApiSection,
    LogSection,
    TestingSection,
    TwilioSection,
    WebhookSection,
)
from modemgw.store.engine import parse_url

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from modemgw.consent.replies import Replies

__all__ = ["CLOCK_PREFIX", "Config", "ConfigError", "load", "read_secret"]

ENV_PREFIX = "MODEMGW_"


class _Environment(EnvSettingsSource):
    """The environment; what is no JSON is taken as it is and read by the field's own validator."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Config(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database_url: Annotated[str, AfterValidator(check_database)] = Field(
        "sqlite:///modemgw.db", description="SQLite for one host, PostgreSQL for several."
    )
    host: str = Field(
        default_factory=lambda: socket.gethostname()[:64],
        min_length=1,
        max_length=64,
        description="This daemon's name among several on one database. Default: the host's name.",
    )
    secret_file: Path = Field(
        Path("modemgw.secret"),
        description="Key of the hashes by which repeats are known; made when missing. "
        "The same file on every host of a database.",
    )
    api: ApiSection = Field(ApiSection(), description="The HTTP API.")
    modems: ModemsSection = Field(ModemsSection(), description="Where modems are looked for.")
    numbers: NumbersSection = Field(NumbersSection(), description="How numbers are read.")
    gate: GateSection = Field(GateSection(), description="What may be sent at all.")
    content: ContentSection = Field(ContentSection(), description="What may stand in texts.")
    inbound: InboundSection = Field(
        InboundSection(), description="What becomes of texts that come in."
    )
    messages: MessagesSection = Field(MessagesSection(), description="What becomes of messages.")
    calls: CallsSection = Field(CallsSection(), description="What becomes of voice calls.")
    replies: RepliesSection = Field(RepliesSection(), description="Answers to STOP and HELP.")
    pools: dict[Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")], PoolSection] = Field(
        {}, description="Named groups of lines."
    )
    default_pool: DefaultPoolSection = Field(
        DefaultPoolSection(), description="Texts that are of no pool."
    )
    brands: list[BrandSection] = Field(
        [], max_length=1_000, description="Pools that people know as one sender."
    )
    optouts: OptOutsSection = Field(OptOutsSection(), description="What a STOP ends.")
    plans: dict[Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")], PlanSection] = Field(
        {}, description="What SIMs may send: limits that are never passed."
    )
    lines: LinesSection = Field(LinesSection(), description="What is watched of lines.")
    routes: list[RouteSection] = Field(
        [], description="Which pool a text goes to that names neither pool nor line."
    )
    audit: AuditSection = Field(AuditSection(), description="What lets others check the audit.")
    webhooks: list[WebhookSection] = Field([], description="Where events are posted.")
    twilio: TwilioSection = Field(TwilioSection(), description="Tools written for Twilio's API.")
    log: LogSection = Field(LogSection(), description="What is written to standard error.")
    test: TestingSection = Field(TestingSection(), description="For tests alone.")

    @model_validator(mode="after")
    def _webhooks_differ(self) -> Self:
        urls = [webhook.url for webhook in self.webhooks]
        if len(set(urls)) != len(urls):
            raise ValueError("webhooks: two endpoints have the same url; join their events")
        return self

    @model_validator(mode="after")
    def _accounts_are_of_pools(self) -> Self:
        for number, account in enumerate(self.twilio.accounts, 1):
            if unknown := [pool for pool in account.pools if pool not in self.pools]:
                words = f"twilio.accounts, no. {number}: there is no pool {unknown[0]!r}"
                raise ValueError(words)
        return self

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        for number, route in enumerate(self.routes, 1):
            if route.pool not in self.pools:
                raise ValueError(f"routes, no. {number}: there is no pool {route.pool!r}")
        return self

    @model_validator(mode="after")
    def _caps_are_of_pools(self) -> Self:
        for number, cap in enumerate(self.gate.caps, 1):
            if cap.pool is not None and cap.pool not in self.pools:
                raise ValueError(f"gate.caps, no. {number}: there is no pool {cap.pool!r}")
        return self

    @model_validator(mode="after")
    def _answers_fit(self) -> Self:
        self.answers()
        return self

    def answers(self) -> Replies:
        """The answers to STOP, START and HELP. Raises ValueError for one that fits no SMS."""
        return self.replies.replies({name: pool.replies for name, pool in self.pools.items()})

    @model_validator(mode="after")
    def _brands_are_of_pools(self) -> Self:
        owners: dict[str, str] = {}
        for number, brand in enumerate(self.brands, 1):
            if brand.name in owners.values():
                raise ValueError(f"brands, no. {number}: there are two brands {brand.name!r}")
            for pool in brand.pools:
                if pool not in self.pools:
                    raise ValueError(f"brands, no. {number}: there is no pool {pool!r}")
                if pool in owners:
                    words = f"the pool {pool!r} is of {owners[pool]!r}, too"
                    raise ValueError(f"brands, no. {number}: {words}")
                owners[pool] = brand.name
        return self

    @model_validator(mode="after")
    def _content_is_known(self) -> Self:
        self.inbound.as_mask(self.gate.content)
        for pattern in self.gate.content:
            for pool in pattern.pools:
                if pool not in self.pools:
                    raise ValueError(f"gate.content {pattern.name}: there is no pool {pool!r}")
        return self

    @model_validator(mode="after")
    def _plans_are_there(self) -> Self:
        named = {f"pools.{name}": pool.plan for name, pool in self.pools.items()}
        named["default_pool"] = self.default_pool.plan
        named |= {f"modems.line {line.iccid}": line.plan for line in self.modems.line}
        for place, plan in named.items():
            if plan is not None and plan not in self.plans:
                known = ", ".join(sorted(self.plans)) or "none"
                raise ValueError(f"{place}: there is no plan {plan!r} under [plans]; {known} is")
        return self

    @property
    def audit_key_file(self) -> Path:
        """Where the audit's key lies."""
        return self.audit.key_file or self._home / "modemgw-audit.key"

    @property
    def audit_head_file(self) -> Path:
        """To which the audit's heads are published."""
        return self.audit.head_file or self.audit_key_file.with_name("modemgw-audit.heads")

    @property
    def _home(self) -> Path:
        """The folder of a database that is a file, else the working one."""
        url = parse_url(self.database_url)
        is_file = url.get_backend_name() == "sqlite" and url.database
        return Path(url.database or "").parent if is_file else Path()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        del env_settings, dotenv_settings, file_secret_settings
        return (_Environment(settings_cls), init_settings)


def load(path: Path | None) -> Config:
    """Read a configuration; without a path, defaults and environment alone.

    Raises ConfigError that names each wrong key.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = TomlConfigSettingsSource(Config, path)() if path.exists() else _missing(path)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is no TOML: {error}") from None
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    try:
        return Config(**values)
    except ValidationError as error:
        raise ConfigError(_in_words(error, path)) from None


def _missing(path: Path) -> dict[str, Any]:
    raise ConfigError(f"there is no file {path}; docs/configuration.md shows how to write one")


def _in_words(error: ValidationError, path: Path | None) -> str:
    lines = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(step) for step in fault["loc"]) or "configuration"
        words = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            words = "there is no such key"
        lines.append(f"{where}: {words}")
    return f"{path or 'the configuration'} cannot be used:\n  " + "\n  ".join(lines)
