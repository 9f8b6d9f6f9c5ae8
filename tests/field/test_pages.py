"""The technician's pages: they name what exists, and forget no state and no module."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from modemgw.modem.interface import ModemState

from .udev import parse

ROOT = Path(__file__).parents[2]
HARDWARE = ROOT / "hardware.md"
OPERATIONS = ROOT / "docs" / "operations.md"
CHANGELOG = ROOT / "CHANGELOG.md"
RULE = ROOT / "udev" / "78-modemgw.rules"

COMMANDS = frozenset(
    {
        "audit",
        "config",
        "consents",
        "demo",
        "doctor",
        "import",
        "keys",
        "line",
        "lines",
        "may-i-text",
        "mcp",
        "messages",
        "modem",
        "modems",
        "optouts",
        "pdu",
        "person",
        "pool",
        "probe",
        "queue",
        "recording",
        "run",
        "send",
        "simulate",
        "tail",
        "twilio",
        "ussd",
    }
)


def section(page: Path, title: str) -> str:
    """The text under a second-level heading."""
    found = re.search(
        rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"{page.name} has no section {title!r}"
    return found[1]


def test_every_state_of_a_modem_is_explained_with_what_to_do() -> None:
    """Someone who reads a state on the screen at night must find it here."""
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \|$",
        section(OPERATIONS, "The states of a modem"),
        re.MULTILINE,
    )
    assert [state for state, _, _ in rows] == list(ModemState)
    assert all(meaning and advice for _, meaning, advice in rows)


@pytest.mark.parametrize("page", [HARDWARE, OPERATIONS], ids=lambda page: page.name)
def test_every_command_that_a_page_names_is_one_of_ours(page: Path) -> None:
    """A command that does not exist is worse than none."""
    named = set(re.findall(r"`modemgw ([a-z]+)", page.read_text()))
    assert named
    assert named <= COMMANDS


@pytest.mark.parametrize("page", [HARDWARE, OPERATIONS, CHANGELOG], ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    """Relative links are followed from the page they stand on."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [HARDWARE, OPERATIONS], ids=lambda page: page.name)
def test_every_section_that_a_page_refers_to_is_there(page: Path) -> None:
    """References are written in italics after "see", as in: see *Power*."""
    headings = set(
        re.findall(r"^#{2,3} (.+)$", HARDWARE.read_text() + OPERATIONS.read_text(), re.MULTILINE)
    )
    referred = re.findall(r"\bsee \*([^*]+)\*", page.read_text())
    assert [title for title in referred if title not in headings] == []


def test_the_files_that_installing_copies_are_there() -> None:
    """The instructions are run from a checkout."""
    sources = re.findall(r"^install -m 644 (\S+)", section(OPERATIONS, "Installing"), re.MULTILINE)
    assert sources
    assert [source for source in sources if not (ROOT / source).is_file()] == []


def test_the_configuration_of_the_instructions_is_toml() -> None:
    """What a person copies must parse."""
    found = re.search(r"<<'TOML'\n(.*?)\nTOML\n", OPERATIONS.read_text(), re.DOTALL)
    assert found is not None
    settings = tomllib.loads(found[1])
    assert settings["database_url"].startswith("sqlite:////")
    assert settings["modems"]["ports"] == ["/dev/modemgw/*"]


def test_lawful_use_is_stated_before_anything_about_hardware() -> None:
    """Who buys forty cards must have read it."""
    introduction = HARDWARE.read_text().split("\n## ")[0]
    assert "must be entitled to use these SIM cards" in introduction
    assert "five or more SIM cards" in introduction


def test_every_module_that_the_rule_knows_is_in_the_table_with_its_evidence() -> None:
    """A line in the rule without evidence is a guess that nobody can check."""
    page = HARDWARE.read_text()
    known = {
        tuple(token.value.split(":")[:2])
        for line in parse(RULE.read_text())
        for token in line.tokens
        if token.is_match and token.name == ".MODEMGW_PORT"
    }
    missing = [
        f"{vendor}:{product}"
        for vendor, product in known
        if product != "*" and not (f"{vendor}:" in page and re.search(rf"\b{product}\b", page))
    ]
    assert missing == []


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    """Keep a Changelog: the next change must find its heading."""
    assert re.search(
        r"^## \[Unreleased\]$\s+^### Added$\s+^- ", CHANGELOG.read_text(), re.MULTILINE
    )


def test_the_licence_is_the_one_that_the_package_declares() -> None:
    """MIT, in the name of the contributors."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    licence = (ROOT / "LICENSE").read_text()
    assert project["license"] == "MIT"
    assert licence.startswith("MIT License")
    assert "modemgw contributors" in licence
