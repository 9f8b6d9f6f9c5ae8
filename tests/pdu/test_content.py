"""What comes to an application's ports: pushes, MMS notifications, cards and dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.mms import read_notification

from .vectors import load_lines

WILD = {v["id"]: v for v in load_lines("pdu-decode.jsonl")}
PUSH = pdu.Ports(2948, 9200)

# As a modem's maker keeps them in the tests of a telephone, from three Polish operators.
T_MOBILE = (
    "C50603BEAF848C829831383261316237323931643835663230644070322E6D6D73632E742D6D6F62696C652E706C008D"
    "918A808E0285C288048102A8BE83687474703A2F2F31302E3234322E3234332E34303A393830302F6D6D313F69643D32"
    "323038313531383261316237323831393236663035626200"
    "8918802B34383530353035303530352F545950453D504C4D4E009600"
)
ORANGE_WITHOUT_SENDER = (
    "000607BEAF848DDBB4818C8298416263646566676869008D9286818A808E0285AE88048102A8BF83687474703A2F2F67"
    "656F6D323A383030322F6D6D73632F633F41626364656667686900"
)


def _data(*names: str) -> tuple[pdu.Ports, bytes]:
    """The ports and the joined data of the parts of a message among the vectors."""
    parts = [pdu.decode(WILD[name]["pdu"], sca=WILD[name]["sca_included"]) for name in names]
    data = b""
    for part in parts:
        assert isinstance(part, pdu.Deliver)
        data += part.user_data.data or b""
        ports = part.ports
    assert ports is not None
    return ports, data


def _content_or_error(ports: pdu.Ports, data: bytes | str) -> pdu.Content | pdu.PduError | None:
    try:
        return pdu.content_of(ports, data)
    except pdu.PduError as error:
        return error


@pytest.mark.parametrize(
    ("names", "notification"),
    [
        (
            ["pmarti-python-messaging-002", "pmarti-python-messaging-003"],
            pdu.MmsNotification(
                transaction_id="NOK5CiKcoTMYSG4MBSwAAsKv14FUHAAAAAAAA",
                url="http://promms/servlets/NOK5CiKcoTMYSG4MBSwAAsKv14FUHAAAAAAAA",
                version="1.0",
                sender="+447785342749",
                sender_type="PLMN",
                message_class="personal",
                size_octets=29696,
                expires_in_s=72000,
            ),
        ),
        (
            ["android-telephony-005", "android-telephony-006"],
            pdu.MmsNotification(
                transaction_id="RNE9U0Jmq5QAABflAAAAMwAAB6QAAAAA",
                url="http://66.102.171.150/RNE9U0Jmq5QAABflAAAAMwAAB6QAAAAA",
                version="1.0",
                sender="+15122977683",
                sender_type="PLMN",
                message_class="personal",
                size_octets=11153,
                expires_in_s=431999,
            ),
        ),
        (
            ["ofono-016"],
            pdu.MmsNotification(
                transaction_id="OgQKKB",
                url="http://eps3.de/O/Z9IZO",
                version="1.0",
                sender="Erotik",
                subject="Pin-Ups",
                message_class="personal",
                size_octets=16384,
                expires_in_s=259200,
            ),
        ),
        (
            ["gammu-007"],
            pdu.MmsNotification(
                transaction_id="81460494@mms1",
                url="http://mts/?id=81460494",
                version="1.2",
                sender="+33333493211",
                sender_type="PLMN",
                subject="",
                message_class="personal",
                size_octets=96857,
                expires_in_s=259200,
            ),
        ),
    ],
)
def test_a_notification_from_the_wild_says_who_and_where(
    names: list[str], notification: pdu.MmsNotification
) -> None:
    """Real ones, of one part and of two, whole."""
    assert pdu.content_of(*_data(*names)) == notification


@pytest.mark.parametrize(
    ("data", "url", "sender"),
    [
        (T_MOBILE, "http://10.242.243.40:9800/mm1?id=220815182a1b7281926f05bb", "+48505050505"),
        (ORANGE_WITHOUT_SENDER, "http://geom2:8002/mmsc/c?Abcdefghi", None),
    ],
)
def test_a_notification_of_other_operators_is_read(data: str, url: str, sender: str | None) -> None:
    """Short content types, fields in another order, and one without sender."""
    notification = pdu.content_of(PUSH, bytes.fromhex(data))
    assert isinstance(notification, pdu.MmsNotification)
    assert (notification.url, notification.sender) == (url, sender)


def test_a_notification_that_was_cut_is_refused_with_its_place() -> None:
    """Wherever it was cut; only behind a field could it seem whole, and then it lacks its URL."""
    whole = bytes.fromhex(ORANGE_WITHOUT_SENDER)
    for end in range(len(whole)):
        read = _content_or_error(PUSH, whole[:end])
        assert not isinstance(read, pdu.MmsNotification)
        if isinstance(read, pdu.PduError):
            assert read.at is not None
            assert read.field


LAST_DAY = datetime(2023, 9, 12, 6, 6, 56, tzinfo=UTC)
MUST = b"\x8c\x82\x98id\0\x83u\0"


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        (b"\x8d\x93", "version", "1.3"),
        (b"\x89\x01\x81", "sender", None),
        (b"\x89\x06\x80a@b.\0", "sender", "a@b."),
        (b"\x89\x07\x80\x05\xea\xc3\xa9x\0", "sender", "éx"),
        (b"\x8a\x81", "message_class", "advertisement"),
        (b"\x8a\x83", "message_class", "auto"),
        (b"\x8a\x84", "message_class", "0x04"),
        (b"\x8agame\0", "message_class", "game"),
        (b"\x8e\x03\x01\x00\x00", "size_octets", 65536),
        (b"\x88\x06\x80\x04\x65\x00\x00\x00", "expires_at", LAST_DAY),
        (b"\x88\x1f\x04\x81\x02\x0e\x10", "expires_in_s", 3600),
        (b"\x96\x7fhi\0", "subject", "hi"),
        (b"\x96\xc3\xa9\0", "subject", "é"),
        (b"\x96\xe9\0", "subject", "é"),
        (b"\x96\x04\x84\xe9x\0", "subject", "éx"),
        (b"\x96\x05\x83a\xe9x\0", "subject", "a\ufffdx"),
        (b"\x96\x06\x02\x04\xe2\xd0\xd1\0", "subject", "ÐÑ"),
        (b"\x96\x05\x02\x03\xe8\0A", "subject", "A"),
        (b"\x96\x07\x02\x03\xf7\xff\xfeA\0", "subject", "A"),
        (b"\x96\x08\x02\x03\xf7\xfe\xff\0A\0", "subject", "A"),
        (b"\x96\x08\x02\x03\xf6A\0\0\0\0", "subject", "A"),
        (b"\x96\x05\x80\x7f\xffx\0", "subject", "ÿx"),
        (b"\x96\x04\x81\xc3\xa9\0", "subject", "é"),
        (b"\x98other\0", "transaction_id", "other"),
        (b"X-Mine\0yes\0", "url", "u"),
        (b"X-Mine\0\x81", "url", "u"),
        (b"\x86\x81\x8f\x80\x9c\x02\x01\x01", "url", "u"),
    ],
)
def test_every_form_of_a_field_is_read(field: bytes, name: str, value: object) -> None:
    """Character sets, absolute and relative times, words and numbers, fields of others."""
    assert getattr(read_notification(MUST + field), name) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x8c\x80\x98id\0\x83u\0",
        b"\x8c\x82\x98id\0",
        b"\x8c\x82\x83u\0",
        b"\x8c\x82\x98\0\x83u\0",
        b"\x8c\x82\x98id\0\x83\0",
        MUST + b"\x98without end",
        MUST + b"\x8e\x00",
        MUST + b"\x8e\x1f\x01",
        MUST + b"\x88\x08\x80\x06\xff\xff\xff\xff\xff\xff",
        MUST + b"\x89\x80",
        MUST + b"\x89\x1f\xff\xff\xff\xff\xff\x01",
        MUST + b"\x9c\x05\x01",
        MUST + b"\x89\x00",
    ],
)
def test_a_damaged_notification_is_refused(body: bytes) -> None:
    """No type, no place to fetch from, lengths that lie, numbers without an end."""
    with pytest.raises(pdu.PduError) as caught:
        read_notification(body)
    assert caught.value.field == "m-notification-ind"


def test_a_push_of_another_kind_keeps_its_body() -> None:
    """A service indication, with parameters in its content type and headers of other pages."""
    push = pdu.content_of(*_data("pmarti-python-messaging-033", "pmarti-python-messaging-034"))
    assert isinstance(push, pdu.WapPush)
    assert (push.transaction_id, push.media_type) == (1, "application/vnd.wap.sic")
    assert b"Zum kostenlosen Portal" in push.body


@pytest.mark.parametrize(
    ("headers", "media_type", "application"),
    [
        ("B0", "application/vnd.wap.slc", None),
        ("FF", "0x7F", None),
        ("02013E", "application/vnd.wap.mms-message", None),
        ("0302AFFE", "0xAFFE", None),
        ("612F6200", "a/b", None),
        ("04612F6200", "a/b", None),
        ("05612F620081AF84", "a/b", 4),
        ("BEAF0104", "application/vnd.wap.mms-message", 4),
        ("BEAF782D6100", "application/vnd.wap.mms-message", "x-a"),
        ("BE01AF84", "application/vnd.wap.mms-message", 4),
        ("BE7F02AF84", "application/vnd.wap.mms-message", 4),
        ("BE58006100AF84", "application/vnd.wap.mms-message", 4),
        ("BEB481800161AF84", "application/vnd.wap.mms-message", 4),
    ],
)
def test_the_headers_of_a_push_are_read_or_passed_over(
    headers: str, media_type: str, application: int | str | None
) -> None:
    """Every form of content type, and every form of header in front of the one we want."""
    octets = bytes.fromhex(headers)
    data = b"\x2a\x06" + bytes((len(octets),)) + octets + b"body"
    assert pdu.content_of(PUSH, data) == pdu.WapPush(0x2A, media_type, application, b"body")


@pytest.mark.parametrize(
    "data", ["", "01", "0107", "01060100", "010605BE", "0106FFFFFFFFFF01", "010600"]
)
def test_what_is_no_push_is_refused(data: str) -> None:
    """Cut, of another type, or with headers that run past its end."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.content_of(PUSH, bytes.fromhex(data))
    assert caught.value.field == "WAP push"


def test_an_mms_message_that_is_no_notification_stays_a_push() -> None:
    """A delivery report, for instance."""
    push = pdu.content_of(PUSH, b"\x01\x06\x01\xbe\x8c\x86")
    assert push == pdu.WapPush(1, "application/vnd.wap.mms-message", None, b"\x8c\x86")


CARD = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jané\r\nEND:VCARD\r\n"


@pytest.mark.parametrize("port", [226, 9204, 9206])
@pytest.mark.parametrize("data", [CARD, CARD.encode(), CARD.encode("iso-8859-1")])
def test_a_card_is_text_whatever_it_came_as(port: int, data: bytes | str) -> None:
    """Its old port, its port, its secure port; text, UTF-8, Latin-1."""
    assert pdu.content_of(pdu.Ports(port, 0), data) == pdu.VCard(CARD)


def test_a_calendar_in_three_parts_is_one() -> None:
    """The parts joined."""
    names = ["ports16-concat-003", "ports16-concat-004", "ports16-concat-005"]
    calendar = pdu.content_of(*_data(*names))
    assert isinstance(calendar, pdu.VCalendar)
    assert calendar.text.endswith("END:VCALENDAR\r\n")


def test_other_ports_and_no_data_are_nothing_to_us() -> None:
    """None, and no error."""
    assert pdu.content_of(None, b"x") is None
    assert pdu.content_of(PUSH, None) is None
    assert pdu.content_of(pdu.Ports(5060, 5060), b"x") is None


def test_what_does_not_belong_to_its_port_is_refused() -> None:
    """Text for a push, something else for a card."""
    with pytest.raises(pdu.PduError):
        pdu.content_of(PUSH, "text")
    with pytest.raises(pdu.PduError):
        pdu.content_of(pdu.Ports(9205, 0), CARD)


@given(
    st.sampled_from([2948, 2949, 226, 228, 9204, 9205, 1]),
    st.one_of(
        st.binary(),
        st.text(),
        st.builds(lambda tail: b"\x01\x06" + tail, st.binary()),
        st.builds(lambda tail: b"\x01\x06\x01\xbe" + MUST + tail, st.binary()),
    ),
)
def test_any_data_is_content_or_refused_by_the_one_error(port: int, data: bytes | str) -> None:
    """Never another exception, whatever a stranger sends."""
    result = _content_or_error(pdu.Ports(port, 0), data)
    if isinstance(result, pdu.PduError):
        assert result.field
