"""SIM cards: who the subscriber is, what the PIN guards, what the card itself stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from modemgw.simulator.storage import Storage

SM_CAPACITY = 30
PHONEBOOK_CAPACITY = 250
PIN_TRIES = 3
FIRST_PIN = "0000"  # of a card that does not ask for it yet
_PUK_TRIES = 10


class Lock(StrEnum):
    """What `+CPIN?` says (27.007 §8.3)."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` and it pass the Luhn test (3GPP TS 23.003 annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def imei(index: int) -> str:
    """The IMEI of the modem with this index: 14 digits and the check digit (23.003 §6.2.1)."""
    body = f"35693803{index:06d}"
    return body + luhn_digit(body)


@dataclass(frozen=True, slots=True)
class Contact:
    """An entry of the card's phone book: `kind` is its type of address, 129 or 145."""

    number: str
    kind: int
    name: str


@dataclass(slots=True)
class Sim:
    """A SIM card. `number` is its MSISDN in E.164; `pin` is None where none is asked for.

    `last_mr` is EF-SMSS's last used TP-MR (31.102 §4.2.9); it outlives the modem's reboots.
    `service_centre` is that of EF-SMSP, empty where the network's own is meant.
    """

    iccid: str
    imsi: str
    number: str
    pin: str | None = None
    puk: str = "12345678"
    last_mr: int = 255
    lock: Lock = Lock.READY
    service_centre: str = ""
    storage: Storage = field(default_factory=lambda: Storage("SM", SM_CAPACITY))
    phonebook: dict[int, Contact] = field(default_factory=dict)
    _unused_pin: str = FIRST_PIN
    _tries: int = PIN_TRIES
    _puk_tries: int = _PUK_TRIES

    @property
    def tries(self) -> int:
        """How often the PIN may still be entered wrongly."""
        return self._tries

    def power_up(self) -> None:
        """A card that has lost its power asks for its PIN again."""
        if self.lock is not Lock.PUK:
            self.lock = Lock.PIN if self.pin else Lock.READY

    def set_pin(self, pin: str) -> None:
        """From now on the card asks for this PIN, and at once; it asks for none if it is empty."""
        self.pin = pin or None
        self.power_up()

    def ask_for_pin(self, pin: str, *, enabled: bool) -> bool:
        """Whether `pin` is right; if so, the card asks for it after each power-up, or no more.

        A wrong one costs a try.
        """
        if not self._check(pin):
            return False
        if enabled:
            self.pin = self.pin or self._unused_pin
        elif self.pin:
            self._unused_pin, self.pin = self.pin, None
        return True

    def change_pin(self, old: str, new: str) -> bool:
        """Whether `old` was right and the PIN is `new` now. A wrong one costs a try."""
        if not self._check(old):
            return False
        self.pin = new
        return True

    def _check(self, pin: str) -> bool:
        if pin == (self.pin or self._unused_pin):
            self._tries = PIN_TRIES
            return True
        self._tries -= 1
        if not self._tries:
            self.lock = Lock.PUK
        return False

    def enter_pin(self, pin: str) -> bool:
        """Whether it was the right one; the third wrong one in a row blocks the PIN."""
        if self.lock is not Lock.PIN:
            return False
        if not self._check(pin):
            return False
        self.lock = Lock.READY
        return True

    def enter_puk(self, puk: str, new_pin: str) -> bool:
        """Whether the PUK was right and the PIN is now `new_pin`."""
        if self.lock is not Lock.PUK or not self._puk_tries:
            return False
        if puk == self.puk:
            self.pin, self.lock = new_pin, Lock.READY
            self._tries, self._puk_tries = PIN_TRIES, _PUK_TRIES
            return True
        self._puk_tries -= 1
        return False

    def next_mr(self) -> int:
        """The message reference of the next submit: 8 bits, wrapping (23.040 §9.2.3.6)."""
        self.last_mr = (self.last_mr + 1) % 256
        return self.last_mr


def sim_for(index: int, generation: int = 0, plmn: str = "00101") -> Sim:
    """The card that belongs to a slot of the bank; a higher generation is another card.

    `plmn` is the home network's code, five or six digits (23.003 §2.2).
    """
    serial = index + 10_000 * generation
    body = f"89015550{serial:010d}"
    return Sim(
        iccid=body + luhn_digit(body),
        imsi=f"{plmn}{serial:0{15 - len(plmn)}d}",
        number=f"+1555{100_000 + serial:07d}",
    )
