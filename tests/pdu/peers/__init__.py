"""Other codecs as witnesses, and the list of what each of them gets wrong.

A `Peer` reads a PDU into `Fields`, the same that `our_fields` gives; it leaves out what it cannot
say. Where the two differ, a `Fault` of the peer must explain it: a condition on the PDU, the
clause that the peer breaks, and one minimal example, which a test shows to be as it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modemgw import pdu
from modemgw.pdu.alphabet import ESCAPE
from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.national_single import SINGLE
from modemgw.pdu.septets import septets_over, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Fields = dict[str, object]

#: The field that stands for all of them where a peer fails: the name of its exception.
RAISES = "raises"


@dataclass(frozen=True, slots=True)
class Case:
    """A PDU with its service centre, and what it is to us."""

    hex: str
    tpdu: pdu.Tpdu

    @property
    def octets(self) -> bytes:
        """The PDU, service centre in front."""
        return bytes.fromhex(self.hex)

    @property
    def address_at(self) -> int:
        """Where the length of the sender's or recipient's address stands."""
        first = self.octets[0] + 1
        return first + (1 if isinstance(self.tpdu, pdu.Deliver) else 2)

    @property
    def user_data(self) -> pdu.UserData | None:
        """TP-UD of a DELIVER or SUBMIT."""
        return self.tpdu.user_data if isinstance(self.tpdu, pdu.Deliver | pdu.Submit) else None

    @property
    def dcs(self) -> int:
        """TP-DCS of a DELIVER or SUBMIT, else 0."""
        return self.tpdu.dcs if isinstance(self.tpdu, pdu.Deliver | pdu.Submit) else 0

    @property
    def alphabet(self) -> pdu.Alphabet | None:
        """How the text is coded."""
        return None if self.user_data is None else self.user_data.alphabet

    @property
    def text(self) -> str:
        """The text, empty where there is data."""
        return (self.user_data and self.user_data.text) or ""

    @property
    def header(self) -> pdu.Header:
        """The user-data header, without elements where there is none."""
        return pdu.Header(0) if self.user_data is None else self.user_data.header

    @property
    def grid(self) -> bytes:
        """All septets of GSM-7 user data, those that the header covers too."""
        if self.user_data is None or self.alphabet is not pdu.Alphabet.GSM7:
            return b""
        return unpack(self.user_data.octets, self.user_data.length)

    @property
    def covered(self) -> int:
        """How many septets of the grid belong to the header and its fill bits."""
        return septets_over(self.header.length)

    @property
    def septets(self) -> bytes:
        """The septets of the text."""
        return self.grid[self.covered :]

    @property
    def address(self) -> pdu.Address | None:
        """Sender or recipient."""
        if isinstance(self.tpdu, pdu.Deliver | pdu.Submit | pdu.StatusReport):
            return self.tpdu.address
        return None

    @property
    def times(self) -> list[datetime]:
        """The time stamps that are times."""
        stamps: list[datetime | None] = []
        if isinstance(self.tpdu, pdu.Deliver | pdu.StatusReport):
            stamps.append(self.tpdu.scts)
        if isinstance(self.tpdu, pdu.StatusReport):
            stamps.append(self.tpdu.discharge)
        return [stamp for stamp in stamps if stamp is not None]


@dataclass(frozen=True, slots=True)
class Example:
    """One field of a PDU: what it is, and what the peer says."""

    hex: str
    field: str
    right: object
    wrong: object
    to_network: bool = False

    @property
    def case(self) -> Case:
        """The PDU, decoded."""
        return Case(self.hex, pdu.decode(self.hex, to_network=self.to_network))


@dataclass(frozen=True, slots=True)
class Fault:
    """What a peer gets wrong, by the clause that says otherwise, and whom it strikes."""

    words: str
    clause: str
    strikes: Callable[[Case], bool]
    example: Example
    fields: tuple[str, ...] = ("text",)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another codec: the TPDUs that it claims to read, how it reads, what it gets wrong."""

    name: str
    types: frozenset[pdu.TpduType]
    read: Callable[[Case], Fields]
    faults: tuple[Fault, ...] = field(repr=False)

    def claims(self, case: Case) -> bool:
        """The peer reads TPDUs of this type."""
        return case.tpdu.type in self.types

    def differences(self, case: Case) -> dict[str, tuple[object, object]]:
        """The fields in which we differ: ours, theirs."""
        ours = our_fields(case)
        try:
            theirs = self.read(case)
        except Exception as error:
            return {RAISES: (None, type(error).__name__)}
        return {
            name: (ours.get(name), theirs[name])
            for name in theirs
            if ours.get(name) != theirs[name]
        }

    def unexplained(self, case: Case) -> dict[str, tuple[object, object]]:
        """Differences that no known fault accounts for."""
        return {
            name: values
            for name, values in self.differences(case).items()
            if not any(name in fault.fields and fault.strikes(case) for fault in self.faults)
        }


def deliver(
    user_data: str,
    *,
    first: int = 0x04,
    address: str = "028121",
    dcs: int = 0x00,
    scts: str = "62304151906240",
) -> str:
    """A DELIVER with that TP-UDL and TP-UD, to show a fault with."""
    return f"00{first:02X}{address}00{dcs:02X}{scts}{user_data}".replace(" ", "")


def submit(
    user_data: str, *, first: int = 0x01, address: str = "028121", dcs: int = 0x00, vp: str = ""
) -> str:
    """A SUBMIT with that TP-UDL and TP-UD."""
    return f"00{first:02X}00{address}00{dcs:02X}{vp}{user_data}".replace(" ", "")


def our_fields(case: Case) -> Fields:
    """All fields that any peer has a word for. Data is shown as bytes, times with their zone."""
    tpdu = case.tpdu
    fields: Fields = {"sca": tpdu.sca.number if tpdu.sca else None}
    if case.address is not None:
        fields["address"] = case.address.number
    for name in ("pid", "dcs", "mr", "st", "scts", "discharge", "mms", "rp", "udhi", "srr", "rd"):
        if hasattr(tpdu, name):
            fields[name] = getattr(tpdu, name)
    if case.user_data is not None:
        data = case.user_data.data
        fields["text"] = case.user_data.text if data is None else data
        concat, ports = case.header.concat, case.header.ports
        fields["concat"] = concat and (concat.ref, concat.total, concat.seq)
        fields["ports"] = ports and (ports.dst, ports.src)
    if isinstance(tpdu, pdu.Submit):
        match tpdu.vp:
            case pdu.RelativeValidity() as relative:
                fields["vp"] = relative.minutes
            case pdu.AbsoluteValidity(time):
                fields["vp"] = time
    return fields


# Conditions that faults of several peers share.


def has_national_table(case: Case) -> bool:
    """A national table that exists is announced."""
    header = case.header
    return case.alphabet is pdu.Alphabet.GSM7 and (
        (header.locking or 0) in LOCKING.keys() - {0} or (header.single or 0) in SINGLE.keys() - {0}
    )


def has_unknown_escape(case: Case) -> bool:
    """An escape with a code behind it that the extension table lacks."""
    held = case.septets
    at = held.find(ESCAPE)
    while at >= 0:
        if held[at + 1 : at + 2] not in KNOWN_ESCAPES:
            return True
        at = held.find(ESCAPE, at + 2)
    return False


KNOWN_ESCAPES = frozenset(bytes((code,)) for code in SINGLE[0])


def is_compressed(case: Case) -> bool:
    """User data is compressed."""
    return isinstance(case.tpdu, pdu.Deliver | pdu.Submit) and case.tpdu.coding.compressed


def has_pair(case: Case) -> bool:
    """A character beyond the basic plane."""
    return case.alphabet is pdu.Alphabet.UCS2 and any(ord(c) > 0xFFFF for c in case.text)


def has_symbols(case: Case) -> bool:
    """An address with a digit that is none: `*#abc`."""
    addresses = (case.address, case.tpdu.sca)
    return any(a is not None and a.ton != 5 and set("*#abc") & set(a.number) for a in addresses)


def has_odd_half_octet(case: Case) -> bool:
    """An odd number of digits, with something else than the filler behind them."""
    at, octets = case.address_at, case.octets
    length = octets[at]
    return length % 2 == 1 and octets[at + 2 + length // 2] >> 4 != 0xF


def has_no_digits(case: Case) -> bool:
    """An address of length 0."""
    return case.address is not None and case.address.number in ("", "+")


def has_idle_concat(case: Case) -> bool:
    """A concatenation element whose numbers make no sense."""
    return case.header.concat is None and any(e.iei in (0, 8) for e in case.header.elements)


def has_octets_behind(case: Case) -> bool:
    """Octets follow that do not belong to the TPDU."""
    return len(case.hex) > len(pdu.frame(case.tpdu).hex)


def is_reserved_type(case: Case) -> bool:
    """TP-MTI is 3."""
    return case.tpdu.first & 3 == 3
