"""The configuration: what it takes, and how it says what is wrong."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from modemgw.config import ConfigError, load, read_secret
from modemgw.consent.country_hours import CountryHours
from modemgw.modem.profile import Domain
from modemgw.modem.settings import LineSettings, Parity
from modemgw.wiring import bank_settings

if TYPE_CHECKING:
    from pathlib import Path


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "modemgw.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_a_whole_configuration(tmp_path: Path) -> None:
    """Every key has a default: SQLite, loopback, hours and own country only."""
    config = load(written(tmp_path, ""))
    assert config.api.listen == ["127.0.0.1:8080"]
    assert config.gate.outer_window == "08:00-21:00"
    assert config.gate.destinations == ["own"]


def test_with_a_certificate_the_api_may_leave_home(tmp_path: Path) -> None:
    """In the clear only where that was said."""
    beyond = '[api]\nlisten = "0.0.0.0:8443"\n'
    with pytest.raises(ConfigError, match="in the clear"):
        load(written(tmp_path, beyond))
    config = load(written(tmp_path, beyond + 'tls_certificate = "a.pem"\ntls_key = "b.pem"\n'))
    assert config.api.listen == ["0.0.0.0:8443"]


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`MODEMGW_API__LISTEN` and `MODEMGW_DATABASE_URL`, as plain text."""
    monkeypatch.setenv("MODEMGW_API__LISTEN", "127.0.0.1:9999")
    monkeypatch.setenv("MODEMGW_DATABASE_URL", "sqlite:///other.db")
    config = load(written(tmp_path, '[api]\nlisten = "127.0.0.1:1"\nallow_anywhere = true\n'))
    assert config.api.listen == ["127.0.0.1:9999"]
    assert config.api.allow_anywhere is True
    assert config.database_url == "sqlite:///other.db"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('[api]\nlissten = "x"', "api.lissten"),
        ("colour = 1", "colour"),
        ('[optouts]\nleaves = ["marketing"]', "optouts.leaves"),
        ('[optouts]\nleaves_in = ["US"]', "optouts: in US a STOP ends all kinds"),
        ('[[brands]]\nname = "a"\npools = ["x"]', "brands, no. 1: there is no pool 'x'"),
        (
            '[pools]\nx.lines = ["+1"]\n[[brands]]\nname = "a"\npools = ["x", "x"]',
            "brands, no. 1: the pool 'x' is of 'a', too",
        ),
        ('[pools.x]\nlines = ["+1"]\nkeywords.help = ["stop"]', "means opt_out already"),
        ('[pools.x]\nlines = ["+1"]\nreplies.texts.fr.help = "œuf"', "GSM-7 lacks"),
        ('[api]\nlisten = "8080"', "api.listen"),
        ('[api]\ntls_key = "x.pem"', "tls_certificate and tls_key go together"),
        ('[api]\ntrusted_proxies = ["10.0.0.1/8"]', "api.trusted_proxies.0"),
        ('[api]\ncors_origins = "*"', "api.cors_origins.0"),
        ('[api]\ncors_origins = ["https://a.example/"]', "api.cors_origins.0"),
        ('[numbers]\ndefault_region = "Narnia"', "numbers.default_region"),
        ('[[webhooks]]\nurl = "http://x/"\nsecret = "short"', "webhooks.0.secret"),
        ('[[webhooks]]\nurl = "ftp://x/"\nsecret = "whsec_' + "A" * 32 + '"', "webhooks.0.url"),
        ("[messages]\nmax_parts = 0", "messages.max_parts"),
        ("[modems]\nports = 7", "modems.ports"),
        ('[modems]\nports = ["usb:2c7c"]', "modems.ports.0"),
        ('[modems]\nports = ["socket://box"]', "write socket://host:port"),
        ("[[modems.port]]\nbaudrate = 9600", "modems.port.0: a port is named by either path"),
        ('[[modems.port]]\npath = "/dev/x"\nusb = "2c7c:0125"', "either path"),
        ('[[modems.port]]\nusb = "2c7c:0125 if=0G"', "modems.port.0.usb: 'if=0G' is not known"),
        ('[[modems.port]]\npath = "/dev/x"\nparity = "mark"', "modems.port.0.parity"),
        ('[[modems.port]]\npath = "/dev/x"\nrtscts = true\nxonxoff = true', "exclude"),
        ('[[modems.line]]\niccid = "1"', "modems.line.0.iccid"),
        ('[[modems.line]]\niccid = "8949020000012345678"\nsms_domain = "lte"', "sms_domain"),
        ('[[modems.line]]\niccid = "8949020000012345678"\ncommands = ["X"]', "commands.0"),
        ('[[modems.line]]\niccid = "8949020000012345678"\n' * 2, "have the same iccid"),
        ('[[modems.port]]\npath = "/dev/x"\ndriver = "gammu"', "driver"),
        ('[[modems.port]]\npath = "socket://h:1"\ndriver = "gsmmodem"', "paths only"),
        ('[[modems.port]]\npath = "/dev/x"\ndriver = "gsmmodem"\nxonxoff = true', "neither parity"),
        ('[replies]\nbrand = "Ж"', "replies.brand"),
        ("not toml at all", "is no TOML"),
        ('database_url = "mysql://x/y"', "database_url: mysql is not supported"),
        ('database_url = "rubbish"', "database_url"),
        ('[api]\nlisten = "0.0.0.0:8080"', "allow_anywhere"),
        ('[gate]\nouter_window = "25-99"', "gate.outer_window"),
        ('[gate]\ndestinations = ["Narnia"]', "gate.destinations"),
        ('[gate]\nallow = ["x"]', "gate.allow"),
        ("[[gate.caps]]\npool = 'a'\nper_day = 1", "no pool 'a'"),
        ('[[gate.caps]]\nkind = "marketing"', "how many"),
        ('[pools.a]\ntags = ["x"]\ndestinations = ["Narnia"]', "pools.a.destinations"),
        ('[[gate.hours]]\ncountry = "US-NY"\nwindow = "09:00-20:00"', "gate.hours.0.country"),
        ('[[gate.hours]]\ncountry = "DE"\nwindow = "20:00-09:00"', "gate.hours.0.window"),
        ('[[gate.hours]]\ncountry = "DE"\nwindow = "09:00-20:00"\n' * 2, "two windows on"),
        ('[[gate.holidays]]\ncountry = "DE"\ndates = ["Easter"]', "gate.holidays.0.dates.0"),
        ('[pools."a b"]\nlines = ["x"]', "pools"),
        ('[test]\nclock = "127.0.0.1:80"', "test.clock"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, text: str, names: str) -> None:
    """The words hold the path of the key, so that it can be found in the file."""
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    assert names in str(caught.value)


def test_a_port_is_named_by_its_path_or_its_usb_identity(tmp_path: Path) -> None:
    """Both end as one pattern, and every setting of the line reaches the bank."""
    config = load(
        written(
            tmp_path,
            '[modems]\nports = ["/dev/ttyUSB*", "usb:12d1:*"]\n'
            '[[modems.port]]\nusb = "2c7c:0125 if=02"\nparity = "even"\nxonxoff = true\n'
            '[[modems.port]]\npath = "socket://10.0.0.7:4001"\n',
        )
    )
    ports = bank_settings(config).ports
    assert [port.pattern for port in ports] == [
        "usb:2c7c:0125 if=02",
        "socket://10.0.0.7:4001",
        "/dev/ttyUSB*",
        "usb:12d1:*",
    ]
    assert (ports[0].parity, ports[0].xonxoff) == (Parity.EVEN, True)


def test_what_a_line_needs_reaches_the_bank(tmp_path: Path) -> None:
    """Roaming as for all, unless it says otherwise itself."""
    config = load(
        written(
            tmp_path,
            "[modems]\nroaming = false\n"
            '[[modems.port]]\npath = "/dev/x"\npin = "1234"\npin_blindly = true\n'
            '[[modems.line]]\niccid = "8949020000012345678"\nroaming = true\n'
            'sms_domain = "circuit"\ncommands = ["AT+ACME=1"]\n'
            '[[modems.line]]\niccid = "8949020000012345679"\n',
        )
    )
    bank = bank_settings(config)
    assert bank.ports[0].pin_blindly
    assert bank.any_line == LineSettings(roaming=False)
    assert bank.lines == {
        "8949020000012345678": LineSettings(Domain.CIRCUIT_ONLY, True, ("AT+ACME=1",)),
        "8949020000012345679": LineSettings(roaming=False),
    }


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml")


def test_two_webhooks_with_one_address_are_refused(tmp_path: Path) -> None:
    """They would be one endpoint with two secrets."""
    hook = '[[webhooks]]\nurl = "http://x/"\nsecret = "whsec_' + "A" * 32 + '"\n'
    with pytest.raises(ConfigError, match="same url"):
        load(written(tmp_path, hook * 2))


def test_the_secret_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    """The second read gives the same key."""
    path = tmp_path / "secret"
    key = read_secret(path)
    assert read_secret(path) == key
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "abcd", "no hex at all"])
def test_a_broken_secret_is_refused(tmp_path: Path, content: str) -> None:
    """Rather than a weak key used."""
    path = tmp_path / "secret"
    path.write_text(content)
    with pytest.raises(ConfigError, match="secret_file"):
        read_secret(path)


def test_a_secret_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(ConfigError, match="cannot make"):
        read_secret(tmp_path / "no" / "folder")


def test_the_hours_of_countries_come_with_the_outer_window(tmp_path: Path) -> None:
    """Who switches all hours off means all; what he then sets himself counts."""
    assert load(None).gate.country_hours() == CountryHours.of()
    own = '[gate]\nouter_window = "off"\n[[gate.hours]]\ncountry = "DE"\nwindow = "09:00-20:00"\n'
    hours = load(written(tmp_path, own)).gate.country_hours()
    assert hours.for_number("+13055550123", "marketing") is None
    assert hours.for_number("+4930123456", "marketing") is not None


def test_the_audit_s_key_lies_beside_the_database_unless_told(tmp_path: Path) -> None:
    """Its heads lie beside it; with a server for a database, both where the daemon is started."""
    path = tmp_path / "modemgw.toml"
    for text, key, head in (
        ('database_url = "sqlite:////srv/bank/db"', "/srv/bank/modemgw-audit.key", "/srv/bank/"),
        ('database_url = "postgresql://bank@db/bank"', "modemgw-audit.key", ""),
        ('[audit]\nkey_file = "/etc/bank/key"', "/etc/bank/key", "/etc/bank/"),
    ):
        path.write_text(text)
        config = load(path)
        assert str(config.audit_key_file) == key
        assert str(config.audit_head_file) == f"{head}modemgw-audit.heads"
