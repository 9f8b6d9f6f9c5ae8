"""How a modem says no: ERROR, +CME ERROR (27.007 §9.2) and +CMS ERROR (27.005 §3.2.5)."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Family(StrEnum):
    """Which final result code bears the error."""

    PLAIN = "ERROR"
    CME = "+CME ERROR"
    CMS = "+CMS ERROR"


class Cme(IntEnum):
    """The mobile equipment errors that are used here (27.007 §9.2.1)."""

    NOT_ALLOWED = 3
    NOT_SUPPORTED = 4
    SIM_NOT_INSERTED = 10
    SIM_PIN_REQUIRED = 11
    SIM_PUK_REQUIRED = 12
    WRONG_PASSWORD = 16
    NO_NETWORK_SERVICE = 30
    INVALID_PARAMETER = 50


class Cms(IntEnum):
    """The message service failures that are used here (27.005 §3.2.5)."""

    NOT_ALLOWED = 302
    NOT_SUPPORTED = 303
    INVALID_PDU_PARAMETER = 304
    SIM_NOT_INSERTED = 310
    SIM_PIN_REQUIRED = 311
    SIM_PUK_REQUIRED = 316
    INVALID_INDEX = 321
    MEMORY_FULL = 322
    NO_NETWORK_SERVICE = 331
    NO_CNMA_EXPECTED = 340


_WORDS: dict[tuple[Family, int], str] = {
    (Family.CME, 3): "operation not allowed",
    (Family.CME, 4): "operation not supported",
    (Family.CME, 10): "SIM not inserted",
    (Family.CME, 11): "SIM PIN required",
    (Family.CME, 12): "SIM PUK required",
    (Family.CME, 14): "SIM busy",
    (Family.CME, 16): "incorrect password",
    (Family.CME, 30): "no network service",
    (Family.CME, 50): "incorrect parameters",
    (Family.CMS, 302): "operation not allowed",
    (Family.CMS, 303): "operation not supported",
    (Family.CMS, 304): "invalid PDU mode parameter",
    (Family.CMS, 310): "SIM not inserted",
    (Family.CMS, 311): "SIM PIN required",
    (Family.CMS, 314): "SIM busy",
    (Family.CMS, 316): "SIM PUK required",
    (Family.CMS, 321): "invalid memory index",
    (Family.CMS, 322): "memory full",
    (Family.CMS, 331): "no network service",
    (Family.CMS, 340): "no +CNMA acknowledgement expected",
    (Family.CMS, 500): "unknown error",
}


class AtError(Exception):
    """Ends a command; `str()` of it is for people, `final()` for the wire."""

    def __init__(
        self, family: Family = Family.PLAIN, code: int = 0, *, word: str = "ERROR"
    ) -> None:
        """`word` is how a maker says a plain ERROR."""
        super().__init__(family, code)
        self.family = family
        self.code = code
        self.word = word

    def final(self, cmee: int) -> str:
        """The final result code under `+CMEE=cmee`: 0 hides +CME, 1 tells numbers, 2 words."""
        if self.family is Family.PLAIN:
            return self.word
        if self.family is Family.CME and cmee == 0:
            return "ERROR"
        words = _WORDS.get((self.family, self.code)) if cmee == 2 else None
        return f"{self.family}: {words or int(self.code)}"


def cme(code: int) -> AtError:
    """A `+CME ERROR`."""
    return AtError(Family.CME, code)


def cms(code: int) -> AtError:
    """A `+CMS ERROR`."""
    return AtError(Family.CMS, code)
