"""What the gateway knows of modems, and what modems know of the gateway.

Values and protocols only. The gateway is written against this page; a second driver has to
fulfil it and nothing else. All methods run on the event loop's thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ModemState(StrEnum):
    """Where a modem stands in its life."""

    ABSENT = "absent"
    OPENING = "opening"
    INITIALISING = "initialising"
    LOCKED = "locked"
    NO_SIM = "no_sim"
    DENIED = "denied"
    REGISTERING = "registering"
    READY = "ready"
    DEGRADED = "degraded"
    RECOVERING = "recovering"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class ModemStatus:
    """A modem as a technician sees it. What is not known is None.

    `reason` says in words why it is not ready and what to do about it; it is empty when ready.
    `since` is when it entered `state`, in seconds of the epoch. `number` is E.164 where the SIM
    tells its own. `rssi_dbm` is -113 to -51 (27.007 §8.5). `full` names the storage for incoming
    texts when it stays full whatever is taken out of it: no text comes in.
    """

    port: str
    state: ModemState
    reason: str = ""
    since: float = 0.0
    imei: str | None = None
    maker: str | None = None
    model: str | None = None
    revision: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None
    operator: str | None = None
    smsc: str | None = None
    rssi_dbm: int | None = None
    full: str | None = None


class Outcome(StrEnum):
    """What became of a submit: the axis of certainty."""

    ACCEPTED = "accepted"  # the network took it
    REFUSED = "refused"  # it did not, for certain
    UNKNOWN = "unknown"  # after Ctrl-Z nobody can say
    WITHDRAWN = "withdrawn"  # ESC before Ctrl-Z: never left us


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The answer to one submit.

    `mr` is the message reference 0 to 255 where the modem told one. `code` is the number of
    `+CMS ERROR` (`family` "cms") or `+CME ERROR` ("cme"); both empty for a plain ERROR, a
    time-out or a lost port, which `detail` then names.
    """

    outcome: Outcome
    mr: int | None = None
    family: str = ""
    code: int | None = None
    detail: str = ""


class Verdict(StrEnum):
    """What the gate says in the last moment before the write."""

    GO = "go"
    STALE = "stale"  # the clearance has grown old: obtain it again
    NO = "no"


class Clearance(Protocol):
    """The right to let one part begin. The gateway gives it, the modem asks for it."""

    async def obtain(self) -> bool:
        """Record durably that this part is about to begin, and ask the gate; false: ESC.

        The modem calls it as soon as `AT+CMGS` is out, so that it runs behind the prompt, and
        calls it again when `verdict` says STALE. An exception counts as false.
        """

    def verdict(self) -> Verdict:
        """The gate's last word, from memory; called directly before TPDU and Ctrl-Z are written."""


class UssdState(StrEnum):
    """Where a USSD session stands."""

    WAITING = "waiting"  # for the network, or for the modem's turn
    ANSWER_WANTED = "answer_wanted"
    ENDED = "ended"


class UssdOutcome(StrEnum):
    """How a USSD session ended."""

    DONE = "done"  # the network has said all
    RELEASED = "released"  # the network ended it
    ELSEWHERE = "elsewhere"  # 27.007 §7.15 <m> 3
    NOT_SUPPORTED = "not_supported"
    NO_REPLY = "no_reply"
    NO_ANSWER = "no_answer"  # of ours, to the network's question
    REFUSED = "refused"  # by the modem
    CANCELED = "canceled"
    LOST = "lost"  # with the modem


@dataclass(frozen=True, slots=True)
class UssdSession:
    """A USSD session. A modem has one at a time.

    `code` is what it began with; None: the network began it. `text` is what the network said last,
    None where it said nothing. `outcome` and `reason` say how it ended. `since` and `changed_at`
    are in seconds of the epoch.
    """

    id: str
    state: UssdState
    code: str | None
    text: str | None = None
    outcome: UssdOutcome | None = None
    reason: str = ""
    since: float = 0.0
    changed_at: float = 0.0


class UssdFault(StrEnum):
    """Why nothing was begun."""

    NOT_READY = "modem-not-ready"
    BUSY = "ussd-busy"
    NO_SESSION = "not-found"
    NO_QUESTION = "ussd-no-question"
    UNSAYABLE = "invalid-text"


class UssdError(Exception):
    """What was asked of a USSD session cannot be done; the words say why and what to do."""

    def __init__(self, fault: UssdFault, words: str) -> None:
        super().__init__(words)
        self.fault = fault


class Reset(StrEnum):
    """Where on the ladder a person wants recovery to begin, gentlest first."""

    RESYNC = "resync"  # bring the dialogue into step
    REOPEN = "reopen"  # close and open the port, and set the modem up anew
    RESTART = "restart"  # 27.007 §8.2 `+CFUN=1,1`, or what its profile names
    POWER_CYCLE = "power_cycle"  # by the configured command


class ResetError(Exception):
    """A modem cannot be reset so now; the words say why and what to do."""


class PinFault(StrEnum):
    """Why a PIN has not opened a SIM."""

    NOT_ASKED = "pin-not-asked"  # it waits for something else, or for nothing
    UNSAFE = "pin-unsafe"  # not entered: it could have been the last try
    REFUSED = "pin-refused"  # by the SIM
    NOT_READY = "modem-not-ready"


class PinError(Exception):
    """A PIN was not entered, or has not opened the SIM; the words say why and what to do."""

    def __init__(self, fault: PinFault, words: str) -> None:
        super().__init__(words)
        self.fault = fault


class Modem(Protocol):
    """One modem, as the gateway drives it."""

    @property
    def status(self) -> ModemStatus:
        """Its present status; a new value after each change."""

    @property
    def guaranteed(self) -> bool:
        """Whether what is promised of texts holds here; false for a driver that cannot keep it."""

    async def submit(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        """Hand one TPDU to the network (`AT+CMGS=length`) and say what became of it.

        `pdu` is hex with the service-centre address in front, `length` counts octets without it.
        Announced texts are read first (a STOP must not lie unread). Never raises, except for
        cancellation; a submit that is cancelled after Ctrl-Z is unknown to its caller.
        """

    @property
    def ussd(self) -> UssdSession | None:
        """The USSD session that is open, or the last one."""

    def start_ussd(self, code: str) -> UssdSession:
        """Begin a USSD session (`*100#`), behind a submit that is under way.

        What the network says, and how it ends, is told by `ModemListener.ussd_changed`. Raises
        UssdError.
        """

    def answer_ussd(self, text: str) -> UssdSession:
        """Answer the network's question. Raises UssdError."""

    def end_ussd(self) -> UssdSession:
        """End the session, at the network too; one that has ended stays. Raises UssdError."""

    def reset(self, rung: Reset) -> None:
        """Begin recovery at this rung, behind a submit that is on the air; no other begins.

        What comes of it is told by the status; what fails goes on with the rungs above. Raises
        ResetError.
        """

    async def enter_pin(self, pin: str) -> None:
        """Open a SIM that waits for its PIN (4 to 8 digits), and wait until it is open, for 25 s.

        It is not kept: after the next reset the SIM asks again. Raises PinError.
        """

    def recording(self, *, masked: bool = True) -> list[str]:
        """Its flight recorder as the lines of a file (`modem.recording`), for a technician.

        It holds people's numbers and texts unless `masked`, and no PIN ever.
        """


class Source(StrEnum):
    """How an incoming TPDU reached us."""

    STORED = "stored"  # read from the modem's storage and still there
    DIRECT = "direct"  # +CMT or +CDS: exists nowhere else


@dataclass(frozen=True, slots=True)
class Incoming:
    """A TPDU from the network, undecoded.

    `pdu` is what the modem printed, hex as a rule, but nothing is promised about its content.
    `iccid` is the line that it came in on; None where no line can be told. `storage`, `index`
    say where a stored one lies ("" and -1 for direct ones).
    """

    pdu: str
    source: Source
    iccid: str | None
    storage: str = ""
    index: int = -1


class ModemListener(Protocol):
    """What the modem tells the gateway. What is no coroutine must return at once."""

    def changed(self, modem: Modem) -> None:
        """Its status has a new value."""

    async def received(self, modem: Modem, incoming: Incoming) -> bool:
        """Take in a TPDU; true once it is committed, and only then may the modem delete it."""

    async def late_answer(self, modem: Modem, mr: int | None) -> None:
        """A final OK to a submit of an earlier opening was read: that submit was accepted.

        Told when the modem is identified and before it becomes ready.
        """

    async def swept(self, modem: Modem) -> None:
        """All that the modem's storage held when it became usable is committed."""

    def called(self, modem: Modem, caller: str | None) -> bool:
        """A voice call rings, told once; `caller` where the network told. True: hang it up."""

    def ussd_changed(self, modem: Modem, session: UssdSession) -> None:
        """The network has said something in a USSD session, or it has ended."""
