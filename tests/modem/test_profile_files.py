"""Profiles of an operator's own: a file in a folder, and what is said of a wrong one."""

from __future__ import annotations

import contextlib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.modem import profile_file
from modemgw.modem.catalogue import load, shipped
from modemgw.modem.errors import ProfileError
from modemgw.modem.profile import Domain, Profile, Reports

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
DOUBTFUL = """\
[[reclassified]]
family = "cms"
code = 500
outcome = "refused"
why = "x"
source = "y"
evidence = "hearsay"
"""
KEYS = st.sampled_from([field.name for field in fields(Profile) if field.name != "name"])


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_new_profile_needs_no_code(tmp_path: Path) -> None:
    """A file with what differs is enough."""
    profiles = load(
        folder(
            tmp_path,
            acme='extends = "quectel-lte"\nmaker = "acme"\nmodel = "^A4"\ninit = ["AT+ACME=1"]\n'
            'reports = "stored"\ndomain = 1\ndomains = [1, 3]\nsubmit_s = 150\n'
            '[[reclassified]]\nfamily = "cms"\ncode = 500\noutcome = "refused"\n'
            'why = "says so"\nevidence = "manual"\nsource = "Acme, AT manual, §9"\n',
        )
    )
    acme = profiles.of("ACME Ltd", "A400")
    assert acme.name == "acme"
    assert (acme.init, acme.reports) == (("AT+ACME=1",), Reports.STORED)
    assert (acme.domain, acme.submit_s) == (Domain.CIRCUIT_ONLY, 150.0)
    assert acme.domains == (Domain.CIRCUIT_ONLY, Domain.CIRCUIT_PREFERRED)
    assert acme.iccid == shipped().named("quectel-lte").iccid
    assert not acme.supported
    known = acme.reclassify("cms", 500)
    assert known is not None
    assert (known.outcome, known.why) == ("refused", "says so")
    assert acme.reclassify("cme", 500) is None
    assert profiles.of("Quectel", "EC25").name == "quectel-ec25"


def test_a_profile_of_ones_own_is_tried_first(tmp_path: Path) -> None:
    """Who writes one for all Quectel modules wants it to count, whatever we have for some."""
    profiles = load(folder(tmp_path, ours='maker = "quectel"\n'))
    assert profiles.of("Quectel", "EC25").name == "ours"


def test_a_profile_of_ones_own_replaces_that_of_its_name(tmp_path: Path) -> None:
    """Also for those that extend it."""
    text = 'maker = "quectel"\nmodel = "^EC"\nreset = "AT+QRST=1"\n'
    profiles = load(folder(tmp_path, quectel_lte=text))
    assert profiles.named("quectel-lte").reset == "AT+QRST=1"
    assert profiles.named("quectel-ec25").reset == "AT+QRST=1"
    assert profiles.named("quectel-ec25").init == ()


def test_evidence_is_never_taken_over(tmp_path: Path) -> None:
    """That one model was seen to do texts proves nothing of another."""
    profiles = load(folder(tmp_path, mine='extends = "quectel-ec25"\nmodel = "^EC25-X"\n'))
    assert profiles.named("quectel-ec25").supported
    assert not profiles.named("mine").supported


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("maker = ", r"acme\.toml: is no TOML"),
        ('colour = "red"', r"acme\.toml: colour: there is no such key; there are about, .*usb"),
        ('name = "x"', r"acme\.toml: name: there is no such key"),
        ("maker = 1", r"acme\.toml: maker: Input should be a valid string"),
        ('maker = "("', r"acme\.toml: maker: no regular expression: "),
        ('init = "AT"', r"acme\.toml: init: Input should be a valid (array|tuple)"),
        ('init = ["ATE1", "rm -rf"]', r"acme\.toml: init\.1: String should match pattern '\^AT"),
        ('reset = "AT\\u001a"', r"acme\.toml: reset: String should match"),
        ("iccid = []", r"acme\.toml: iccid: .* at least 1 item"),
        ('usb = ["2C7C:0125"]', r"acme\.toml: usb\.0: String should match pattern"),
        ('reports = "none"', r"acme\.toml: reports: Input should be 'stored' or 'direct'"),
        ("domain = 4", r"acme\.toml: domain: Input should be 0, 1, 2 or 3"),
        ('submit_s = "3"', r"acme\.toml: submit_s: Input should be a valid number"),
        ("submit_s = inf", r"acme\.toml: submit_s: Input should be less than or equal to 3600"),
        ("settle_s = nan", r"acme\.toml: settle_s: "),
        ("settle_s = 1979-05-27", r"acme\.toml: settle_s: Input should be a valid number"),
        ('extends = "acme-base"', r"acme\.toml: extends: no profile 'acme-base'; there are acme, "),
        ("extends = [1]", r"acme\.toml: extends: no profile \[1\]"),
        ('extends = "acme"', r"acme\.toml: extends: acme extends acme: a circle"),
        ("[[quirks]]", r"acme\.toml: quirks\.0\.what: Field required"),
        (
            '[[quirks]]\nwhat = "x"\nsource = "y"\nevidence = "sure"',
            r"quirks\.0\.evidence: Input should be 'transcript', 'manual' or 'hearsay'",
        ),
        (
            '[[quirks]]\nwhat = "x"\nsource = "y"\nevidence = "transcript"',
            r'quirks\.0: evidence "transcript" and `transcripts` belong together',
        ),
        (
            '[[quirks]]\nwhat = "x"\nsource = "y"\nevidence = "manual"\nproves = "texts"',
            r'quirks\.0: only evidence "transcript" proves anything',
        ),
        (
            '[[quirks]]\nwhat = "x"\nsource = "y"\nevidence = "manual"\ncolour = "red"',
            r"quirks\.0\.colour: there is no such key",
        ),
        (
            DOUBTFUL,
            r'reclassified\.0: evidence "hearsay" allows the outcome "unknown" only',
        ),
        ("#" * 70_000, r"acme\.toml: is larger than 65536 octets"),
    ],
)
def test_a_wrong_file_is_told_file_key_and_what_is_allowed(
    tmp_path: Path, text: str, words: str
) -> None:
    """The technician has only this line to find the mistake."""
    with pytest.raises(ProfileError, match=words):
        load(folder(tmp_path, acme=text))


def test_a_circle_of_profiles_is_found(tmp_path: Path) -> None:
    """And a line of them that is longer than anybody can follow."""
    with pytest.raises(ProfileError, match=r"a\.toml: extends: a extends b extends a: a circle"):
        load(folder(tmp_path, b='extends = "a"', a='extends = "b"'))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Mistyped in the configuration, most likely."""
    with pytest.raises(ProfileError, match=r"none: cannot be read: No such file"):
        load(tmp_path / "none")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """A folder in its place stands for it: root, who runs tests in containers, may read all."""
    (tmp_path / "acme.toml").mkdir()
    (tmp_path / "README").write_text("no profile")
    with pytest.raises(ProfileError, match=r"acme\.toml: cannot be read"):
        load(tmp_path)


@given(values=st.dictionaries(KEYS, VALUES, max_size=5))
def test_a_file_makes_a_profile_or_is_refused_in_words(values: dict[str, object]) -> None:
    """Whatever TOML can hold: nothing else is raised."""
    with contextlib.suppress(ProfileError):
        profile_file.build(Path("acme.toml"), "acme", values)


def test_a_profile_can_be_copied_from_one_of_ours(tmp_path: Path) -> None:
    """Each of ours is read the same under another name, given that name's parent."""
    source = Path(profile_file.__file__).with_name("profiles")
    for file in source.glob("*.toml"):
        (tmp_path / f"my-{file.name}").write_bytes(file.read_bytes())
    copies = load(tmp_path)
    for profile in shipped():
        copy = copies.named(f"my-{profile.name}")
        assert (copy.init, copy.reset, copy.quirks) == (profile.init, profile.reset, profile.quirks)
