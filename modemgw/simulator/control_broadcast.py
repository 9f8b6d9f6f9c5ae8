"""The command of the control socket that makes a cell broadcast (23.041)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.simulator.control_fields import ControlError
from modemgw.simulator.control_targets import Answer, some_modems

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.bank import Bank
    from modemgw.simulator.control_fields import Fields

_GSM7, _UCS2 = 0x0F, 0x48  # 23.038 §5
_CHANNEL = 50


def _broadcast(bank: Bank, fields: Fields) -> Answer:
    """A text that a cell sends to everybody. The answer's `shown` counts the pages that users
    wanted to see, by +CNMI and +CSCB.

    text: what it says. channel: its message identifier, 0 to 65535 (50).
    code: tells it from other texts of the channel, 0 to 1023 (1).
    modem, modems: to these; left out: to all.
    """
    text, channel = fields.text("text"), fields.integer("channel", 0, 0xFFFF, _CHANNEL)
    code = fields.integer("code", 0, 1023, 1)
    serial = pdu.SerialNumber(pdu.BroadcastScope.NETWORK, code, update=0)
    dcs = _GSM7 if pdu.segment(text).encoding is pdu.Alphabet.GSM7 else _UCS2
    try:
        pages = pdu.encode_broadcast(text, serial=serial, message_id=channel, dcs=dcs)
    except pdu.PduError as problem:
        raise ControlError(f"this text cannot be broadcast: {problem}") from None
    modems = some_modems(bank, fields)
    fields.finish()
    shown = sum(modem.receiver.broadcast(page) for modem in modems for page in pages)
    return {"pages": pages, "shown": shown}


COMMANDS: Final[dict[str, Callable[[Bank, Fields], Answer]]] = {"broadcast": _broadcast}
