"""The media types that have a number in WSP (WAP-230-WSP §A, table 40, and OMA's additions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.wsp import SHORT, read_integer, read_text, read_value

if TYPE_CHECKING:
    from modemgw.pdu.cursor import Cursor

MMS_MESSAGE: Final = "application/vnd.wap.mms-message"

_WELL_KNOWN: Final = (
    *("*/*", "text/*", "text/html", "text/plain", "text/x-hdml", "text/x-ttml"),
    *("text/x-vCalendar", "text/x-vCard", "text/vnd.wap.wml", "text/vnd.wap.wmlscript"),
    *("text/vnd.wap.wta-event", "multipart/*", "multipart/mixed", "multipart/form-data"),
    *("multipart/byteranges", "multipart/alternative", "application/*", "application/java-vm"),
    *("application/x-www-form-urlencoded", "application/x-hdmlc", "application/vnd.wap.wmlc"),
    *("application/vnd.wap.wmlscriptc", "application/vnd.wap.wta-eventc"),
    *("application/vnd.wap.uaprof", "application/vnd.wap.wtls-ca-certificate"),
    *("application/vnd.wap.wtls-user-certificate", "application/x-x509-ca-cert"),
    *("application/x-x509-user-cert", "image/*", "image/gif", "image/jpeg", "image/tiff"),
    *("image/png", "image/vnd.wap.wbmp", "application/vnd.wap.multipart.*"),
    *("application/vnd.wap.multipart.mixed", "application/vnd.wap.multipart.form-data"),
    *("application/vnd.wap.multipart.byteranges", "application/vnd.wap.multipart.alternative"),
    *("application/xml", "text/xml", "application/vnd.wap.wbxml"),
    *("application/x-x968-cross-cert", "application/x-x968-ca-cert"),
    *("application/x-x968-user-cert", "text/vnd.wap.si", "application/vnd.wap.sic"),
    *("text/vnd.wap.sl", "application/vnd.wap.slc", "text/vnd.wap.co"),
    *("application/vnd.wap.coc", "application/vnd.wap.multipart.related"),
    *("application/vnd.wap.sia", "text/vnd.wap.connectivity-xml"),
    *("application/vnd.wap.connectivity-wbxml", "application/pkcs7-mime"),
    *("application/vnd.wap.hashed-certificate", "application/vnd.wap.signed-certificate"),
    *("application/vnd.wap.cert-response", "application/xhtml+xml", "application/wml+xml"),
    *("text/css", MMS_MESSAGE, "application/vnd.wap.rollover-certificate"),
    *("application/vnd.wap.locc+wbxml", "application/vnd.wap.loc+xml"),
    *("application/vnd.syncml.dm+wbxml", "application/vnd.syncml.dm+xml"),
    *("application/vnd.syncml.notification", "application/vnd.wap.xhtml+xml"),
    *("application/vnd.wv.csp.cir", "application/vnd.oma.dd+xml"),
    *("application/vnd.oma.drm.message", "application/vnd.oma.drm.content"),
    *("application/vnd.oma.drm.rights+xml", "application/vnd.oma.drm.rights+wbxml"),
)


def read_media_type(cursor: Cursor) -> str:
    """A content type without its parameters (§8.4.2.24): a number, a text, or either with more."""
    first = cursor.peek()
    if first & SHORT:
        return _name(cursor.octet() & 0x7F)
    if first >= 0x20:
        return read_text(cursor)
    general = read_value(cursor)
    if general.peek() & SHORT or general.peek() < 0x20:
        return _name(read_integer(general))
    return read_text(general)


def _name(number: int) -> str:
    """An unassigned number is named by itself."""
    return _WELL_KNOWN[number] if number < len(_WELL_KNOWN) else f"0x{number:02X}"
