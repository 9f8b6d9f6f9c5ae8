"""The profiles that come with us: which modem gets which, and what each is based on."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from modemgw.at import commands
from modemgw.modem.catalogue import GENERIC, shipped
from modemgw.modem.errors import ProfileError
from modemgw.modem.evidence import Evidence, Proof, Quirk
from modemgw.modem.profile import Profile, Reports
from modemgw.modem.usb_modules import modules
from tests.field.udev import parse

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SHIPPED = ROOT / "modemgw" / "modem" / "profiles"
PROFILES = tuple(shipped())
QUIRKS = [(profile, quirk) for profile in PROFILES for quirk in profile.quirks]
ABOUT_TEXTS = re.compile(r"\+(CMG|CNMI|CPMS|CMT|CDS|CSMP)")
WITHOUT_PROFILE = {"1bbb", "1c9e", "0b3c"}  # Alcatel, Longcheer, Olivetti


def rows(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / file).read_text(encoding="utf-8").splitlines()]


DIALOGUES = rows("modem-dialogues.jsonl")
TRANSCRIPTS = {
    row["id"]: row | {"maker": row.get("maker") or row["vendor"], "model": row["model"] or ""}
    for row in (*rows("at-transcripts.jsonl"), *DIALOGUES)
}


def lines_of(row: dict[str, Any]) -> list[str]:
    lines: list[str] = row.get("lines") or row["response_lines"]
    return lines


def information(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(line for line in row["lines"] if line not in {"", "OK"})


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("Quectel", "EC25", "quectel-ec25"),
        ("Quectel", "EG25", "quectel-ec25"),
        ("Quectel", "EC20CE", "quectel-lte"),
        ("Quectel", "UC20", "quectel-uc20"),
        ("Quectel", "Quectel_UC15", "quectel-lte"),
        ("Quectel_Ltd", "Quectel_M35", "quectel-m35"),
        ("Quectel_Ltd", "Quectel_M26", "quectel-2g"),
        ("SIMCOM_Ltd", "SIMCOM_SIM800L", "simcom-sim800"),
        ("SIMCOM_Ltd", "SIMCOM_SIM900", "simcom-sim900"),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E-H", "simcom-sim7600"),
        ("SIMCOM INCORPORATED", "SIM7070G", "simcom-lte"),
        ("SIMCOM INCORPORATED", "A7670E", "simcom-asr"),
        ("huawei", "E1550", "huawei-e1550"),
        ("huawei", "E173", "huawei-e173"),
        ("huawei", "E3372", "huawei-e3372"),
        ("huawei", "K3715", "huawei"),
        ("ZTE CORPORATION", "MF190", "zte-mf190"),
        ("ZTE INCORPORATED", "MF823", "zte-mf823"),
        ("ZTE INCORPORATED", "K3565-Z", "zte"),
        ("Sierra Wireless, Incorporated", "MC7304", "sierra-mc7304"),
        ("Sierra Wireless, Incorporated", "EM7455", "sierra-em7455"),
        ("Telit", "LE910-EU1", "telit-le910"),
        ("Telit", "HE910-D", "telit-he910"),
        ("u-blox", "SARA-U201", "ublox-sara"),
        ("u-blox", "LISA-U200", "ublox-lisa"),
        ("WAVECOM MODEM", "MULTIBAND  900E  1800", "wavecom"),
        ("Sierra Wireless", "Q2406B", "wavecom-fastrack"),
        ("Cinterion", "BGS2-W", "cinterion-bgs2"),
        ("Cinterion", "EHS6", "cinterion-ehs6"),
        ("SIEMENS", "TC35i", "cinterion"),
        ("NEOWAY", "M590", "neoway-m590"),
        ("Fibocom", "L610", "fibocom"),
        ("", "", "generic"),
        ("Acme", "EC25", "generic"),
    ],
)
def test_a_modem_gets_the_most_particular_profile(maker: str, model: str, name: str) -> None:
    """The model's before the family's, the generic one where nothing fits."""
    assert shipped().of(maker, model).name == name


def test_no_modem_is_claimed_by_two_profiles_of_models() -> None:
    """Which of the two it got would hang on their names."""
    for profile in PROFILES:
        for model in profile.models:
            claims = [
                other.name
                for other in PROFILES
                if other.extends and other.matches(_maker_of(profile), model)
            ]
            assert len(claims) <= 1, (model, claims)


def _maker_of(profile: Profile) -> str:
    return profile.maker.split("|")[0].replace("-?", "-")


def test_a_modem_with_another_makers_name_is_told_by_its_usb_id() -> None:
    """Qualcomm's name is on modems of half the makers; a name that fits counts more than an id."""
    assert shipped().of("QUALCOMM INCORPORATED", "M6280", "19d2:0031").name == "zte"
    assert shipped().of("QUALCOMM INCORPORATED", "", "1E0E:9001").name == "simcom-sim7600"
    assert shipped().of("huawei", "E173", "19d2:0031").name == "huawei-e173"
    assert shipped().of("QUALCOMM INCORPORATED", "M6280", "1234:5678").name == "generic"


def test_an_unknown_name_is_answered_by_those_that_there_are() -> None:
    """The technician has mistyped it in the configuration."""
    with pytest.raises(ProfileError, match=r"no profile 'ec25'; there are .*quectel-ec25"):
        shipped().named("ec25")


def test_the_generic_profile_asks_for_what_every_modem_may_have() -> None:
    """It changes nothing of a modem of which nothing is known."""
    generic = shipped().generic
    assert (generic.init, generic.silence, generic.reset) == ((), (), "AT+CFUN=1,1")
    assert (generic.storages, generic.reports) == (("ME", "MT", "SM"), Reports.DIRECT)
    assert (generic.submit_s, generic.settle_s, generic.domain) == (None, 1.0, None)
    assert not generic.supported
    assert not generic.matches("", "")


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_setting_of_a_profile_has_its_reason(profile: Profile) -> None:
    """Nothing is set because somebody felt so. Evidence for USB ids is in hardware.md."""
    text = (SHIPPED / f"{profile.name}.toml").read_text(encoding="utf-8")
    own = tomllib.loads(text).keys() - {"about", "models", "extends", "levers", "quirks", "usb"}
    reasons = {key for quirk in profile.quirks for key in quirk.keys}
    assert sorted(own - reasons) == []
    assert reasons <= {field.name for field in fields(Profile)}
    assert profile.about
    assert profile.models or profile.name == GENERIC


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_modem_stores_reports_that_was_not_seen_to_give_them_back(profile: Profile) -> None:
    """A stored report that cannot be read is lost; a direct one only in a crash of ours."""
    assert profile.reports is Reports.DIRECT or Proof.STORED_REPORTS in profile.proved


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_profile_without_a_transcript_is_supported(profile: Profile) -> None:
    """And the transcript is of such a modem, and about texts."""
    proofs = [quirk for quirk in profile.quirks if quirk.proves is Proof.TEXTS]
    assert profile.supported == bool(proofs)
    for quirk in proofs:
        dialogue = [TRANSCRIPTS[identity] for identity in quirk.transcripts]
        assert any(re.search(profile.model, row["model"], re.IGNORECASE) for row in dialogue)
        said = " ".join(f"{row['command']} {lines_of(row)}" for row in dialogue)
        assert ABOUT_TEXTS.search(said)


@pytest.mark.parametrize(
    ("profile", "quirk"), QUIRKS, ids=[f"{profile.name}-{quirk.what}" for profile, quirk in QUIRKS]
)
def test_every_transcript_that_is_named_is_kept_and_of_that_maker(
    profile: Profile, quirk: Quirk
) -> None:
    """A reader can look up what the modem said."""
    assert (quirk.evidence is Evidence.TRANSCRIPT) == bool(quirk.transcripts)
    for identity in quirk.transcripts:
        row = TRANSCRIPTS[identity]
        named = f"{row['maker']} {row['model']}"
        is_maker = re.search(profile.maker, named, re.IGNORECASE)
        assert is_maker or any(model in named for model in profile.models)
        assert row["source"] != "documented line"


def test_every_dialogue_that_we_keep_is_named_by_a_profile() -> None:
    """What nobody refers to proves nothing."""
    named = {identity for _, quirk in QUIRKS for identity in quirk.transcripts}
    assert {row["id"] for row in DIALOGUES} <= named


@pytest.mark.parametrize(
    "row",
    [row for row in DIALOGUES if row["command"] in {"AT+CGMI", "AT+CGMM", "AT+GMM"}],
    ids=lambda row: row["id"],
)
def test_modems_are_recognised_by_what_they_say_of_themselves(row: dict[str, Any]) -> None:
    """The answers as the parser reads them, against the patterns."""
    named = [
        profile
        for profile in PROFILES
        if any(row["id"] in quirk.transcripts for quirk in profile.quirks)
    ]
    says = commands.MAKER.parse(information(row))
    for profile in named:
        pattern = profile.maker if row["command"] == "AT+CGMI" else profile.model
        assert re.search(pattern, says, re.IGNORECASE)


def test_what_modems_offer_is_read() -> None:
    """Forms of +CNMI, +CPMS and +CCID as they came from modems."""
    said = {row["id"]: information(row) for row in DIALOGUES}
    choices = commands.ANNOUNCEMENT_CHOICES.parse
    assert choices(said["sim800-1"])[3] == ("0", "1")
    assert choices(said["mc75i-2"])[4] == ("1",)
    assert commands.STORAGE_CHOICES.parse(said["mc35i-1"]).receive == ("MT", "SM")
    assert commands.STORAGE_CHOICES.parse(said["mc75i-1"]).read == ("ME", "SM", "MT")
    assert commands.read_iccid("+CCID").parse(said["wp7702-1"]) == "89332401000000000000"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_command_of_a_profile_can_be_sent(profile: Profile) -> None:
    """A mistake here would show on the first modem of its kind, at a customer's."""
    levers = [lever.command for lever in profile.levers]
    for text in (*profile.silence, *profile.init, profile.reset, *levers):
        assert commands.plain(text).text == text
    assert all(commands.read_iccid(name).text.startswith("AT") for name in profile.iccid)
    assert all(commands.read_pin_tries(name).text.startswith("AT") for name in profile.pin_tries)


def test_the_udev_rule_and_the_profiles_know_the_same_modules() -> None:
    """A module that gets a name has a profile, even if it says another maker's; and vice versa."""
    ruled = {
        tuple(token.value.split(":")[:2])
        for line in parse((ROOT / "udev" / "78-modemgw.rules").read_text(encoding="utf-8"))
        for token in line.tokens
        if token.is_match and token.name == ".MODEMGW_PORT"
    }
    strangers = [
        f"{vendor}:{product}"
        for vendor, product in ruled
        if vendor not in WITHOUT_PROFILE
        and not any(profile.has_usb_id(f"{vendor}:{product}") for profile in PROFILES)
    ]
    assert strangers == []
    unruled = [
        identity
        for profile in PROFILES
        for identity in profile.usb
        if not any(
            vendor == identity[:4] and (product in {identity[5:], "*"} or identity.endswith("*"))
            for vendor, product in ruled
        )
    ]
    assert unruled == ["0681:*"]  # Siemens' own, of modules whose port must be found by asking


def test_the_at_port_of_every_usb_id_is_known() -> None:
    """A profile that is told by an id, of a module whose port nobody can find, is of little use."""
    known = [identity for module in modules() for identity in module.ids if module.at]
    for profile in PROFILES:
        for identity in profile.usb:
            if not identity.endswith("*"):
                assert any(fnmatchcase(identity, pattern) for pattern in known), identity
