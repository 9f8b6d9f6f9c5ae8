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


@dataclass(slots=True)
class Settings:
    """Volatile settings with the defaults of a modem that was just switched on."""

    echo: bool = True
    verbose: bool = True
    quiet: bool = False
    cmee: int = 0
    csms: int = 0
    cscs: str = "GSM"
    cops_format: int = 0
    clip: bool = False
    ussd: bool = False
    extended_ring: bool = False
    registration_reports: dict[str, int] = field(
        default_factory=lambda: {"+CREG": 0, "+CGREG": 0, "+CEREG": 0}
    )
    cnmi: Cnmi = field(default_factory=Cnmi)
    memories: list[str] = field(default_factory=lambda: ["ME", "ME", "ME"])
    chatter: bool = True
