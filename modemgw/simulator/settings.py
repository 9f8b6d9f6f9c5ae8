"""What a modem forgets when it restarts: everything set by AT commands (V.250, 27.005, 27.007)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Cnmi:
    """`+CNMI=mode,mt,bm,ds,bfr` (27.005 §3.4.1): where announcements go."""

    mode: int = 0
    mt: int = 0
    bm: int = 0
    ds: int = 0
    bfr: int = 0


@dataclass(frozen=True, slots=True)
class Csmp:
    """`+CSMP` (27.005 §3.3.4): what a SUBMIT of text mode is made with. `vp` as it was given."""

    fo: int = 17
    vp: str = "167"
    pid: int = 0
    dcs: int = 0


@dataclass(frozen=True, slots=True)
class Cscb:
    """`+CSCB` (27.005 §3.3.3): which broadcasts are taken, or with `mode` 1 are not; by ranges
    of message identifiers and of coding schemes, `0,5,320-478`.
    """

    mode: int = 0
    mids: str = ""
    dcss: str = ""

    def takes(self, mid: int, dcs: int) -> bool:
        """Whether a broadcast is shown to the user."""
        named = _is_in(mid, self.mids) and (not self.dcss or _is_in(dcs, self.dcss))
        return named is (self.mode == 0)


def ranges(text: str) -> list[range]:
    """`0,5,320-478` as ranges. ValueError for what is none."""
    found: list[range] = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        found.append(range(int(first), int(last or first) + 1))
    return found


def _is_in(number: int, text: str) -> bool:
    return any(number in one for one in ranges(text))


@dataclass(frozen=True, slots=True)
class SavedService:
    """What `+CSAS` keeps (27.005 §3.3.5); as a modem has it that nobody has set."""

    service_centre: str = ""
    csmp: Csmp = field(default_factory=Csmp)
    cscb: Cscb = field(default_factory=Cscb)


REGISTER_LIMITS = {
    0: (0, 255),  # rings before it answers by itself, 0: never
    3: (0, 127),  # ends a command line
    4: (0, 127),  # follows it in answers
    5: (0, 127),  # takes a character back
    6: (2, 10),
    7: (1, 255),
    8: (0, 255),
    10: (1, 254),
}
"""V.250 §6.2.1 to §6.2.3, §6.3.8 to §6.3.12."""


def _registers() -> dict[int, int]:
    return {0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 60, 8: 2, 10: 14}


@dataclass(slots=True)
class Settings:
    """Volatile settings with the defaults of a modem that was just switched on.

    `registers` are V.250's S-registers; `kept` what other commands were given, by their name.
    """

    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    result_codes: int = 4
    registers: dict[int, int] = field(default_factory=_registers)
    cmee: int = 0
    csms: int = 0
    cscs: str = "GSM"
    text_mode: bool = False
    csdh: bool = False
    csmp: Csmp = field(default_factory=Csmp)
    cscb: Cscb = field(default_factory=Cscb)
    cops_format: int = 0
    clip: bool = False
    ussd: bool = False
    extended_ring: bool = False
    phonebook: str = "SM"
    registration_reports: dict[str, int] = field(
        default_factory=lambda: {"+CREG": 0, "+CGREG": 0, "+CEREG": 0}
    )
    cnmi: Cnmi = field(default_factory=Cnmi)
    memories: list[str] = field(default_factory=lambda: ["ME", "ME", "ME"])
    chatter: bool = True
    kept: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def line_end(self) -> str:
        """The characters of S3 and S4 (V.250 §6.2.1, §6.2.2)."""
        return chr(self.registers[3]) + chr(self.registers[4])


@dataclass(frozen=True, slots=True)
class Profile:
    """What `AT&W` stores, and what a modem is switched on with from then on."""

    echo: bool
    verbose: bool
    quiet: bool
    result_codes: int
    cmee: int
    registers: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, settings: Settings) -> Profile:
        """What is to be stored of those in force."""
        return cls(
            echo=settings.echo,
            verbose=settings.verbose,
            quiet=settings.quiet,
            result_codes=settings.result_codes,
            cmee=settings.cmee,
            registers=tuple(settings.registers.items()),
        )

    def onto(self, settings: Settings) -> Settings:
        """Fresh settings with it."""
        settings.echo, settings.verbose, settings.quiet = self.echo, self.verbose, self.quiet
        settings.result_codes, settings.cmee = self.result_codes, self.cmee
        settings.registers = dict(self.registers)
        return settings
