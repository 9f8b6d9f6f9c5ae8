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
    INVALID_INDEX = 21
    NOT_FOUND = 22
    MEMORY_FULL = 20
    TEXT_TOO_LONG = 24
    NO_NETWORK_SERVICE = 30
    INVALID_PARAMETER = 50


class Cms(IntEnum):
    """The message service failures that are used here (27.005 §3.2.5)."""

    RESERVED = 301
    NOT_ALLOWED = 302
    NOT_SUPPORTED = 303
    INVALID_PDU_PARAMETER = 304
    INVALID_TEXT_PARAMETER = 305
    SIM_NOT_INSERTED = 310
    SIM_PIN_REQUIRED = 311
    SIM_PUK_REQUIRED = 316
    INVALID_INDEX = 321
    MEMORY_FULL = 322
    NO_NETWORK_SERVICE = 331
    NO_CNMA_EXPECTED = 340


# 27.007 §9.2.1.
_CME_WORDS: dict[int, str] = {
    0: "phone failure",
    1: "no connection to phone",
    2: "phone-adaptor link reserved",
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    6: "PH-FSIM PIN required",
    7: "PH-FSIM PUK required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    26: "dial string too long",
    27: "invalid characters in dial string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    40: "network personalization PIN required",
    41: "network personalization PUK required",
    42: "network subset personalization PIN required",
    43: "network subset personalization PUK required",
    44: "service provider personalization PIN required",
    45: "service provider personalization PUK required",
    46: "corporate personalization PIN required",
    47: "corporate personalization PUK required",
    48: "hidden key required",
    49: "EAP method not supported",
    50: "incorrect parameters",
    51: "command implemented but currently disabled",
    52: "command aborted by user",
    53: "not attached to network due to MT functionality restrictions",
    54: "modem not allowed - MT restricted to emergency calls only",
    55: "operation not allowed because of MT functionality restrictions",
    56: "fixed dial number only allowed - called number is not a fixed dial number",
    57: "temporarily out of service due to other MT usage",
    58: "language/alphabet not supported",
    59: "unexpected data value",
    60: "system failure",
    61: "data missing",
    62: "call barred",
    63: "message waiting indication subscription failure",
    100: "unknown",
}

# 27.005 §3.2.5; below 128 24.011 annex E-2, from 128 on 23.040 §9.2.3.22.
_CMS_WORDS: dict[int, str] = {
    1: "unassigned (unallocated) number",
    8: "operator determined barring",
    10: "call barred",
    17: "network failure",
    21: "short message transfer rejected",
    22: "memory capacity exceeded",
    27: "destination out of order",
    28: "unidentified subscriber",
    29: "facility rejected",
    30: "unknown subscriber",
    38: "network out of order",
    41: "temporary failure",
    42: "congestion",
    47: "resources unavailable, unspecified",
    50: "requested facility not subscribed",
    69: "requested facility not implemented",
    81: "invalid short message transfer reference value",
    95: "invalid message, unspecified",
    96: "invalid mandatory information",
    97: "message type non-existent or not implemented",
    98: "message not compatible with short message protocol state",
    99: "information element non-existent or not implemented",
    111: "protocol error, unspecified",
    127: "interworking, unspecified",
    128: "telematic interworking not supported",
    129: "short message type 0 not supported",
    130: "cannot replace short message",
    143: "unspecified TP-PID error",
    144: "data coding scheme (alphabet) not supported",
    145: "message class not supported",
    159: "unspecified TP-DCS error",
    160: "command cannot be actioned",
    161: "command unsupported",
    175: "unspecified TP-command error",
    176: "TPDU not supported",
    192: "SC busy",
    193: "no SC subscription",
    194: "SC system failure",
    195: "invalid SME address",
    196: "destination SME barred",
    197: "SM rejected-duplicate SM",
    198: "TP-VPF not supported",
    199: "TP-VP not supported",
    208: "(U)SIM SMS storage full",
    209: "no SMS storage capability in (U)SIM",
    210: "error in MS",
    211: "memory capacity exceeded",
    212: "(U)SIM application toolkit busy",
    213: "(U)SIM data download error",
    255: "unspecified error cause",
    300: "ME failure",
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    312: "PH-SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    315: "SIM wrong",
    316: "SIM PUK required",
    317: "SIM PIN2 required",
    318: "SIM PUK2 required",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}

_WORDS = {Family.CME: _CME_WORDS, Family.CMS: _CMS_WORDS}


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
        words = _WORDS[self.family].get(self.code) if cmee == 2 else None
        return f"{self.family}: {words or int(self.code)}"


def cme(code: int) -> AtError:
    """A `+CME ERROR`."""
    return AtError(Family.CME, code)


def cms(code: int) -> AtError:
    """A `+CMS ERROR`."""
    return AtError(Family.CMS, code)
