"""SMS TPDUs: octets to values and back (3GPP TS 23.040, 23.038; PDU mode of 27.005).

Pure functions and values. `decode` reads what a modem prints, `encode` makes what `AT+CMGS`
wants, `segment` says how a text would be cut, a `Reassembler` joins parts. `read_elements` and
`content_of` say what headers and the data behind ports mean; `PROTOCOLS`, `STATUSES` and
`FAILURES` what TP-PID, TP-ST and TP-FCS do. USSD strings and cell broadcast pages have functions
of their own. `PduError` is the only exception that bad input can cause.

The import makes the codec "gsm7" known to Python: `"text".encode("gsm7")`.
"""

from modemgw.pdu.acknowledgement import DeliverReport, SubmitReport
from modemgw.pdu.address import Address
from modemgw.pdu.broadcast import (
    BroadcastPage,
    BroadcastScope,
    SerialNumber,
    decode_broadcast,
    join_pages,
)
from modemgw.pdu.broadcast_encoder import encode_broadcast
from modemgw.pdu.careful import Tpdu
from modemgw.pdu.coding import Alphabet, Coding, Indication, MessageWaiting
from modemgw.pdu.command import Command
from modemgw.pdu.content import Content, VCalendar, VCard, content_of
from modemgw.pdu.decoder import decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.dissect import dissect
from modemgw.pdu.dissect_walk import Bits, Field
from modemgw.pdu.element_names import element_name
from modemgw.pdu.elements import (
    Alignment,
    ControlParameters,
    ElementSource,
    EmailHeader,
    FontSize,
    HeaderSource,
    Hyperlink,
    ReplyAddress,
    SpecialIndication,
    TextFormat,
    TypedElement,
    Wcmp,
    read_elements,
    typed_element,
)
from modemgw.pdu.encoder import Frame, encode, encode_deliver, encode_status_report, frame
from modemgw.pdu.errors import PduError
from modemgw.pdu.failure import FAILURES
from modemgw.pdu.header import Concat, Element, Header, Ports
from modemgw.pdu.languages import LANGUAGES, Language, language_identifier
from modemgw.pdu.mms import MmsNotification
from modemgw.pdu.national import National
from modemgw.pdu.optional import OptionalFields
from modemgw.pdu.plain import as_dict
from modemgw.pdu.preview import Outsider, Preview, count
from modemgw.pdu.protocol import PROTOCOLS, Protocol, ProtocolKind
from modemgw.pdu.push import WapPush
from modemgw.pdu.python_codec import register as _register_codec
from modemgw.pdu.reassembler import Joined, Reassembler
from modemgw.pdu.replacements import replaced
from modemgw.pdu.segment import Segmentation, segment
from modemgw.pdu.status import STATUSES, Outcome, Status
from modemgw.pdu.status_report import StatusReport
from modemgw.pdu.submit import Submit
from modemgw.pdu.tpdu import TpduType
from modemgw.pdu.userdata import UserData
from modemgw.pdu.ussd import Ussd, decode_ussd, encode_ussd
from modemgw.pdu.validity import AbsoluteValidity, EnhancedValidity, RelativeValidity, Validity
from modemgw.pdu.voicemail import (
    DeletedVoiceMail,
    VoiceMail,
    VoiceMailbox,
    VoiceMailDeletion,
    VoiceMailNotification,
)

__all__ = [
    "FAILURES",
    "LANGUAGES",
    "PROTOCOLS",
    "STATUSES",
    "AbsoluteValidity",
    "Address",
    "Alignment",
    "Alphabet",
    "Bits",
    "BroadcastPage",
    "BroadcastScope",
    "Coding",
    "Command",
    "Concat",
    "Content",
    "ControlParameters",
    "DeletedVoiceMail",
    "Deliver",
    "DeliverReport",
    "Element",
    "ElementSource",
    "EmailHeader",
    "EnhancedValidity",
    "Field",
    "FontSize",
    "Frame",
    "Header",
    "HeaderSource",
    "Hyperlink",
    "Indication",
    "Joined",
    "Language",
    "MessageWaiting",
    "MmsNotification",
    "National",
    "OptionalFields",
    "Outcome",
    "Outsider",
    "PduError",
    "Ports",
    "Preview",
    "Protocol",
    "ProtocolKind",
    "Reassembler",
    "RelativeValidity",
    "ReplyAddress",
    "Segmentation",
    "SerialNumber",
    "SpecialIndication",
    "Status",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "TextFormat",
    "Tpdu",
    "TpduType",
    "TypedElement",
    "UserData",
    "Ussd",
    "VCalendar",
    "VCard",
    "Validity",
    "VoiceMail",
    "VoiceMailDeletion",
    "VoiceMailNotification",
    "VoiceMailbox",
    "WapPush",
    "Wcmp",
    "as_dict",
    "content_of",
    "count",
    "decode",
    "decode_broadcast",
    "decode_ussd",
    "dissect",
    "element_name",
    "encode",
    "encode_broadcast",
    "encode_deliver",
    "encode_status_report",
    "encode_ussd",
    "frame",
    "join_pages",
    "language_identifier",
    "read_elements",
    "replaced",
    "segment",
    "typed_element",
]

_register_codec()
