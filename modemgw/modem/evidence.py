"""What is known of a kind of modem, and how surely: each statement with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, with_config

from modemgw.modem.interface import Outcome

STRICT: Final = ConfigDict(extra="forbid", strict=True)
"""How a value is read from a file: no key that it does not have, no value of another type."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
CommandLine = Annotated[str, StringConstraints(pattern=r"^AT[ -~]{0,200}$")]


class Evidence(StrEnum):
    """How a statement is known, the surest first."""

    TRANSCRIPT = "transcript"  # the modem's own lines, kept among the test data
    MANUAL = "manual"  # its maker's document, a standard, or the source of a program that drives it
    HEARSAY = "hearsay"  # recalled, or reported by its owners


class Proof(StrEnum):
    """What a transcript can prove of a modem, so that the driver may rely on it."""

    TEXTS = "texts"  # that it takes or gives texts in a way that we read
    STORED_REPORTS = "stored-reports"  # that a stored report can be read where it is announced


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Quirk:
    """A statement. `keys` are the settings of the profile that it is the reason for, if any.

    `source` names a public project or document. `transcripts` are ids of the test data.
    """

    what: Words
    evidence: Evidence
    source: Words
    keys: tuple[str, ...] = ()
    transcripts: tuple[str, ...] = ()
    proves: Proof | None = None

    def __post_init__(self) -> None:
        if (self.evidence is Evidence.TRANSCRIPT) != bool(self.transcripts):
            raise ValueError('evidence "transcript" and `transcripts` belong together')
        if self.proves and self.evidence is not Evidence.TRANSCRIPT:
            raise ValueError('only evidence "transcript" proves anything')


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Lever:
    """Something to try by hand where texts do not go, as over LTE without IMS. Never run by itself.

    `restart`: it takes effect when the modem has restarted.
    """

    what: Words
    command: CommandLine
    evidence: Evidence
    source: Words
    restart: bool = False


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Reclassified:
    """What an error after Ctrl-Z says of a text, where this modem means more than the standards.

    `family` is `cms` (27.005 §3.2.5) or `cme` (27.007 §9.2). To take an unknown outcome for a
    refusal doubles texts, so hearsay is not enough for anything but unknown.
    """

    family: Literal["cms", "cme"]
    code: Annotated[int, Field(ge=0, le=65_535)]
    outcome: Outcome
    why: Words
    evidence: Evidence
    source: Words

    def __post_init__(self) -> None:
        if self.outcome is not Outcome.UNKNOWN and self.evidence is Evidence.HEARSAY:
            raise ValueError('evidence "hearsay" allows the outcome "unknown" only')
