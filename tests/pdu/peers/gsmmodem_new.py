"""python-gsmmodem-new 0.13, as witness for decoding."""

from __future__ import annotations

from datetime import datetime

from gsmmodem import pdu as peer

from modemgw.pdu import Alphabet, Deliver, StatusReport, Submit, TpduType
from modemgw.pdu.alphabet import septets_of

from . import (
    RAISES,
    Case,
    Example,
    Fault,
    Fields,
    Peer,
    deliver,
    has_no_digits,
    has_octets_behind,
    has_unknown_escape,
    is_reserved_type,
    submit,
)
from .shared import (
    BREAKS_PAIRS,
    KNOWS_NO_NATIONAL_TABLE,
    OBEYS_IDLE_CONCAT,
    READS_A_DIGIT_TOO_MANY,
    READS_THE_LAST_CENTURY,
    SHOWS_COMPRESSED_DATA,
    SHOWS_SYMBOLS_AS_HEX,
)


def read(case: Case) -> Fields:
    """What its `decodeSmsPdu` says."""
    said = peer.decodeSmsPdu(case.hex)
    fields: Fields = {"sca": said["smsc"], "address": said["number"]}
    names = {
        "protocol_id": "pid",
        "reference": "mr",
        "status": "st",
        "time": "scts",
        "discharge": "discharge",
    }
    fields |= {ours: said[theirs] for theirs, ours in names.items() if theirs in said}
    if "text" in said:
        fields["text"] = _text_or_data(case, said["text"])
        elements = said.get("udh", ())
        fields["concat"] = fields["ports"] = None
        for element in elements:
            if isinstance(element, peer.Concatenation):
                fields["concat"] = (element.reference, element.parts, element.number)
            if isinstance(element, peer.PortAddress):
                fields["ports"] = (element.destination, element.source)
    if "validity" in said:
        held = said["validity"]
        fields["vp"] = held if isinstance(held, datetime) else held.total_seconds() // 60
    return fields


def _text_or_data(case: Case, text: str) -> str | bytes:
    """What it takes for data is a text of code points 0 to 255."""
    is_data = case.dcs & 0xC0 == 0 and case.dcs & 0x04
    return text.encode("latin-1") if is_data else text


def _gsm_7_has(case: Case, character: str) -> bool:
    """In the text or in an alphanumeric address."""
    address = case.address
    return (case.alphabet is Alphabet.GSM7 and character in case.text) or (
        address is not None and address.ton == 5 and character in address.number
    )


def _has_section_sign(case: Case) -> bool:
    return _gsm_7_has(case, "§")


def _has_form_feed(case: Case) -> bool:
    return _gsm_7_has(case, "\f")


def _ends_in_at_sign(case: Case) -> bool:
    return case.septets.endswith(b"\0") and len(case.grid) % 8 == 0


def _has_set_spare_bits(case: Case) -> bool:
    return (
        case.user_data is not None
        and len(case.grid) % 8 == 7
        and case.user_data.octets[-1] >> 1 != 0
    )


def _has_no_fill_bits(case: Case) -> bool:
    return case.header.length > 0 and case.header.length % 7 == 0 and case.alphabet is Alphabet.GSM7


def _has_only_a_header(case: Case) -> bool:
    return (
        case.user_data is not None
        and case.alphabet is Alphabet.GSM7
        and case.header.length > 0
        and len(case.user_data.octets) == case.header.length
    )


def _alphabet_in_other_group(case: Case) -> bool:
    return case.dcs & 0xC0 != 0 and case.alphabet is not Alphabet.GSM7


def _reserved_alphabet(case: Case) -> bool:
    return case.dcs & 0xCC == 0x0C


def _service_centre_without_digits(case: Case) -> bool:
    return case.octets[0] == 1


def _enhanced_validity(case: Case) -> bool:
    return isinstance(case.tpdu, Submit) and case.tpdu.first & 0x18 == 0x08


def _impossible_time(case: Case) -> bool:
    tpdu = case.tpdu
    if isinstance(tpdu, StatusReport):
        return None in (tpdu.scts, tpdu.discharge)
    return isinstance(tpdu, Deliver) and tpdu.scts is None


def _eight_septets_ending_in_at_sign(case: Case) -> bool:
    address = case.address
    if address is None or address.ton != 5:
        return False
    septets = septets_of(address.number) or b""
    return len(septets) == 8 and septets.endswith(b"\0")


FAULTS = (
    Fault(
        "§ is read as `",
        "23.038 §6.2.1",
        _has_section_sign,
        Example(deliver("01 5F"), "text", "§", "`"),
        ("text", "address"),
    ),
    Fault(
        "a form feed is lost",
        "23.038 §6.2.1.1",
        _has_form_feed,
        Example(deliver("02 1B05"), "text", "\f", ""),
        ("text", "address"),
    ),
    Fault(
        "an escape takes an unknown code with it",
        "23.038 §6.2.1.1",
        has_unknown_escape,
        Example(deliver("02 9B20"), "text", "A", ""),
    ),
    Fault(
        "a final @ at a full group of eight septets is lost",
        "23.038 §6.1.2.1.1",
        _ends_in_at_sign,
        Example(deliver("08 E170381C0E8701"), "text", "aaaaaaa@", "aaaaaaa"),
    ),
    Fault(
        "spare bits that are set are read as a character",
        "23.038 §6.1.2.1.1",
        _has_set_spare_bits,
        Example(deliver("07 E170381C0E871B"), "text", "aaaaaaa", "aaaaaaa\r"),
    ),
    Fault(
        "the first character behind a header without fill bits is lost: every 16-bit reference",
        "23.040 §9.2.3.24",
        _has_no_fill_bits,
        Example(deliver("09 06080412340201 31", first=0x44), "text", "1", ""),
    ),
    Fault(
        "a header without text raises StopIteration",
        "23.040 §9.2.3.24",
        _has_only_a_header,
        Example(deliver("07 050003010201", first=0x44), RAISES, None, "StopIteration"),
        (RAISES,),
    ),
    Fault(
        "octets behind the TPDU are read as text where there is a header, or data",
        "23.040 §9.2.3.16",
        has_octets_behind,
        Example(deliver("01 41 FFFF", dcs=0x04), "text", b"A", b"A\xff\xff"),
    ),
    Fault(
        "the alphabet is known in two of the coding groups only",
        "23.038 §4",
        _alphabet_in_other_group,
        Example(deliver("01 41", dcs=0xF5), "text", b"A", "A"),
        ("text", RAISES),
    ),
    Fault(
        "the reserved alphabet is read as data",
        "23.038 §4",
        _reserved_alphabet,
        Example(deliver("02 C101", dcs=0x0C), "text", "A¥", b"\xc1\x01"),
    ),
    SHOWS_COMPRESSED_DATA,
    BREAKS_PAIRS,
    KNOWS_NO_NATIONAL_TABLE,
    Fault(
        "the reserved message type is refused",
        "23.040 §9.2.3.1",
        is_reserved_type,
        Example(deliver("01 41", first=0x07), RAISES, None, "EncodingError"),
        (RAISES,),
    ),
    Fault(
        "an enhanced validity period is read as text",
        "23.040 §9.2.3.12.3",
        _enhanced_validity,
        Example(
            submit("01 41", first=0x09, vp="01A70000000000"), "text", "A", "'", to_network=True
        ),
    ),
    SHOWS_SYMBOLS_AS_HEX,
    READS_A_DIGIT_TOO_MANY,
    Fault(
        "an address without digits is taken for one octet, so that all that follows is misread",
        "23.040 §9.1.2.5",
        has_no_digits,
        Example(submit("01 41", address="0081"), "pid", 0, 0x81, to_network=True),
        (RAISES, "address", "pid", "text", "vp", "scts", "discharge", "st", "concat", "ports"),
    ),
    Fault(
        "a service centre that is a type without digits swallows the PDU",
        "24.011 §8.2.5.1",
        _service_centre_without_digits,
        Example("0191" + deliver("01 41")[2:], RAISES, None, "StopIteration"),
        (RAISES,),
    ),
    Fault(
        "an alphanumeric address of eight septets loses a final @",
        "23.040 §9.1.2.5",
        _eight_septets_ending_in_at_sign,
        Example(deliver("01 41", address="0ED041E19058341E01"), "address", "ABCDEFG@", "ABCDEFG"),
        ("address",),
    ),
    OBEYS_IDLE_CONCAT,
    READS_THE_LAST_CENTURY,
    Fault(
        "a text whose time stamp is impossible is lost",
        "23.040 §9.2.3.11",
        _impossible_time,
        Example(deliver("01 41", scts="00000000000000"), RAISES, None, "ValueError"),
        (RAISES,),
    ),
)

PEER = Peer(
    "python-gsmmodem-new",
    frozenset({TpduType.DELIVER, TpduType.SUBMIT, TpduType.STATUS_REPORT}),
    read,
    FAULTS,
)
