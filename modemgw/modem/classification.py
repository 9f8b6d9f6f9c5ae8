"""What a final result says about a submit whose Ctrl-Z is out: the axis of certainty.

Refused means: the network or the modem said no, so the text is nowhere, and may be tried again.
Unknown means: it may have gone. To take an unknown for refused doubles texts; so what no
standard makes certain is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.at.results import Kind
from modemgw.modem.interface import Outcome, SubmitResult

if TYPE_CHECKING:
    from modemgw.at.results import FinalResult
    from modemgw.modem.profile import Profile


@dataclass(frozen=True, slots=True)
class _Class:
    """Codes of `+CMS ERROR` from `first` to `last` and what they make of a submit."""

    first: int
    last: int
    outcome: Outcome
    why: str


_CMS: Final = (
    # 24.011 Annex E-2: the service centre or the network answered with RP-ERROR.
    _Class(1, 127, Outcome.REFUSED, "the network refused it"),
    # 23.040 §9.2.3.22 TP-FCS: the service centre refused it in a SUBMIT-REPORT; but
    # 197, duplicate rejected, says that it holds an earlier copy of the same text.
    _Class(128, 196, Outcome.REFUSED, "the service centre refused it"),
    _Class(197, 197, Outcome.ACCEPTED, "the service centre has it already"),
    _Class(198, 254, Outcome.REFUSED, "the service centre refused it"),
    # 27.005 §3.2.5: the modem's own refusals, before anything was on the air.
    _Class(300, 305, Outcome.REFUSED, "the modem refused it"),
    _Class(310, 322, Outcome.REFUSED, "the SIM or the modem's storage refused it"),
    _Class(330, 330, Outcome.REFUSED, "the service centre's number is not known"),
    # 331 no network service, 332 network time-out: told after the text has left, too. 255 and 500
    # are what many modems say for everything; from 512 on makers say what they like.
)


def classify(final: FinalResult, mr: int | None, profile: Profile) -> SubmitResult:
    """The result of a submit whose final result came after Ctrl-Z, on a modem of this kind."""
    if final.ok:
        # OK without +CMGS happens: accepted, only its reports cannot be matched by number.
        return SubmitResult(Outcome.ACCEPTED, mr=mr)
    if its_own := profile.reclassify(_family(final), final.code):
        return SubmitResult(its_own.outcome, None, its_own.family, final.code, its_own.why)
    if final.kind is Kind.CMS_ERROR and final.code is not None:
        for known in _CMS:
            if known.first <= final.code <= known.last:
                return SubmitResult(known.outcome, family="cms", code=final.code, detail=known.why)
    return SubmitResult(
        Outcome.UNKNOWN,
        family=_family(final),
        code=final.code,
        detail=f"{final} after Ctrl-Z proves nothing",
    )


def refusal(final: FinalResult) -> SubmitResult:
    """The result of a submit answered by an error before Ctrl-Z: certain, whatever it says."""
    return SubmitResult(
        Outcome.REFUSED,
        family=_family(final),
        code=final.code,
        detail=f"{final} instead of the prompt",
    )


def _family(final: FinalResult) -> str:
    """`cms` or `cme` for an error with a number, else nothing."""
    if final.code is None:
        return ""
    return {Kind.CMS_ERROR: "cms", Kind.CME_ERROR: "cme"}.get(final.kind, "")
