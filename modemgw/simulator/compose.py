"""A SUBMIT made of what text mode says: `+CSMP`, a number and a text (27.005 §3.3.4, §3.5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.pdu.coding import CODINGS, Alphabet
from modemgw.pdu.septets import pack
from modemgw.simulator import charset, tpdu
from modemgw.simulator.errors import Cms, cms
from modemgw.simulator.modem_clock import time_of

if TYPE_CHECKING:
    from modemgw.simulator.settings import Csmp

_MTI = 0x03
_MTI_SUBMIT = 0x01
_UDHI = 0x40
_VPF = 0x18
_VPF_ENHANCED, _VPF_RELATIVE, _VPF_ABSOLUTE = 0x08, 0x10, 0x18
_MAX_SEPTETS = 160
_MAX_OCTETS = 140


def submit(text: str, *, address: bytes, sca: bytes, csmp: Csmp, charset_name: str) -> tpdu.Submit:
    """The SUBMIT. AtError (CMS 305) for a text that is none, or longer than one message holds."""
    try:
        return tpdu.Submit(
            sca=sca,
            first=csmp.fo,
            address=address,
            pid=csmp.pid,
            dcs=csmp.dcs,
            validity=validity_octets(csmp.fo, csmp.vp),
            user_data=_user_data(text, csmp, charset_name),
        )
    except ValueError:
        raise cms(Cms.INVALID_TEXT_PARAMETER) from None


def check(csmp: Csmp) -> None:
    """ValueError where no SUBMIT can be made with it."""
    if csmp.fo & _MTI != _MTI_SUBMIT or max(csmp.fo, csmp.pid, csmp.dcs) > 255:
        raise ValueError(f"no SMS-SUBMIT: {csmp}")
    validity_octets(csmp.fo, csmp.vp)


def validity_octets(fo: int, vp: str) -> bytes:
    """TP-VP in the format that the first octet tells: a number, a time, hex (23.040 §9.2.3.12)."""
    match fo & _VPF:
        case form if form == _VPF_RELATIVE:
            return bytes((int(vp),))
        case form if form == _VPF_ABSOLUTE:
            return tpdu.encode_timestamp(time_of(vp))
        case form if form == _VPF_ENHANCED:
            octets = bytes.fromhex(vp)
            if len(octets) != 7:
                raise ValueError("an enhanced validity has seven octets")
            return octets
        case _:
            return b""


def _user_data(text: str, csmp: Csmp, charset_name: str) -> bytes:
    alphabet = CODINGS[csmp.dcs].alphabet
    if alphabet is Alphabet.GSM7 and not csmp.fo & _UDHI:
        septets = charset.read(text, charset_name).encode("gsm7", "replace")
        _bound(len(septets), _MAX_SEPTETS)
        return bytes((len(septets),)) + bytes(pack(septets))
    octets = bytes.fromhex(text)
    _bound(len(octets), _MAX_OCTETS)
    length = len(octets) * 8 // 7 if alphabet is Alphabet.GSM7 else len(octets)
    return bytes((length,)) + octets


def _bound(length: int, limit: int) -> None:
    if length > limit:
        raise ValueError(f"{length} characters, {limit} at most")
