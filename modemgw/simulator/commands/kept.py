"""Commands whose numbers are kept and told again, and that change nothing else here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.simulator.commands.entry import Entry, Reply
from modemgw.simulator.settings import ranges

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem


@dataclass(frozen=True, slots=True)
class Kept:
    """What a command takes: for each number what is allowed, as its test form says it, and the
    default. `behind` is what the read form adds.
    """

    allowed: tuple[str, ...]
    defaults: tuple[int, ...]
    behind: str = ""

    def entry(self) -> Entry:
        """The row of the command table."""
        return Entry(set=self._set, read=self._read, test=",".join(f"({a})" for a in self.allowed))

    def _set(self, modem: SimulatedModem, command: Command) -> Reply:
        before = modem.settings.kept.get(command.name, self.defaults)
        given = tuple(command.number(at, old) for at, old in enumerate(before))
        if len(command.params) > len(before):
            raise ValueError(f"{command.name}: {len(before)} numbers at most")
        for number, allowed in zip(given, self.allowed, strict=True):
            if not any(number in one for one in ranges(allowed)):
                raise ValueError(f"{command.name}: ({allowed}), not {number}")
        modem.settings.kept[command.name] = given
        return []

    def _read(self, modem: SimulatedModem, command: Command) -> Reply:
        numbers = modem.settings.kept.get(command.name, self.defaults)
        return [f"{command.name}: {','.join(str(number) for number in numbers)}{self.behind}"]


_KEPT = {
    "+CGSMS": Kept(("0-3",), (1,)),  # 27.007 §10.1.21
    "+CMMS": Kept(("0-2",), (0,)),  # 27.005 §3.5.6
    "+CMER": Kept(("0-3", "0", "0", "0-2", "0,1"), (0, 0, 0, 0, 0)),  # 27.007 §8.10
    "+CTZU": Kept(("0,1",), (0,)),  # 27.007 §8.40
    "+CTZR": Kept(("0-2",), (0,)),  # 27.007 §8.41
    "+CLIR": Kept(("0-2",), (0,), ",4"),  # 27.007 §7.7; allowed for a time
    "+COLP": Kept(("0,1",), (0,), ",0"),  # 27.007 §7.8; not provided
    "+CSSN": Kept(("0,1", "0,1"), (0, 0)),  # 27.007 §7.17
    "+CCWA": Kept(("0,1",), (0,)),  # 27.007 §7.12
    "+CSTA": Kept(("129,145",), (129,)),  # 27.007 §6.1
    "+CMOD": Kept(("0",), (0,)),  # 27.007 §6.4
    "+CR": Kept(("0,1",), (0,)),  # 27.007 §6.9
    "+CVHU": Kept(("0,1",), (0,)),  # 27.007 §6.20
    "+CMUT": Kept(("0,1",), (0,)),  # 27.007 §8.24
    "+CLVL": Kept(("0-100",), (50,)),  # 27.007 §8.23
    "+ILRR": Kept(("0,1",), (0,)),  # V.250 §6.2.13
    "+IFC": Kept(("0-2", "0-2"), (0, 0)),  # V.250 §6.2.12
    "+DR": Kept(("0,1",), (0,)),  # V.250 §6.6.2
}

TABLE: dict[str, Entry] = {name: kept.entry() for name, kept in _KEPT.items()}
