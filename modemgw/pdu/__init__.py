"""SMS TPDUs: octets to values and back (3GPP TS 23.040, 23.038; PDU mode of 27.005).

Pure functions and values. `decode` reads what a modem prints, `encode` makes what `AT+CMGS`
wants, `segment` says how a text would be cut, a `Reassembler` joins parts. `PduError` is the only
exception that bad input can cause.
"""

from modemgw.pdu.acknowledgement import DeliverReport, SubmitReport
from modemgw.pdu.address import Address
from modemgw.pdu.coding import Alphabet, Coding, Indication, MessageWaiting
from modemgw.pdu.command import Command
from modemgw.pdu.decoder import Tpdu, decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.encoder import Frame, encode, encode_deliver, encode_status_report, frame
from modemgw.pdu.errors import PduError
from modemgw.pdu.header import Concat, Element, Header, Ports
from modemgw.pdu.optional import OptionalFields
from modemgw.pdu.plain import as_dict
from modemgw.pdu.reassembler import Joined, Reassembler
from modemgw.pdu.segment import National, Segmentation, segment
from modemgw.pdu.status_report import StatusReport
from modemgw.pdu.submit import Submit
from modemgw.pdu.tpdu import TpduType
from modemgw.pdu.userdata import UserData
from modemgw.pdu.validity import AbsoluteValidity, EnhancedValidity, RelativeValidity, Validity

__all__ = [
    "AbsoluteValidity",
    "Address",
    "Alphabet",
    "Coding",
    "Command",
    "Concat",
    "Deliver",
    "DeliverReport",
    "Element",
    "EnhancedValidity",
    "Frame",
    "Header",
    "Indication",
    "Joined",
    "MessageWaiting",
    "National",
    "OptionalFields",
    "PduError",
    "Ports",
    "Reassembler",
    "RelativeValidity",
    "Segmentation",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "Tpdu",
    "TpduType",
    "UserData",
    "Validity",
    "as_dict",
    "decode",
    "encode",
    "encode_deliver",
    "encode_status_report",
    "frame",
    "segment",
]
