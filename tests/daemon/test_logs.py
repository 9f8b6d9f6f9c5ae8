"""Logs: one form for all, and nobody's number in them."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from modemgw import logs


@pytest.mark.parametrize("number", ["+447911123456", "15551234567", "447911123456"])
def test_a_number_in_any_field_is_masked(number: str) -> None:
    """Its middle is hidden wherever it stands, in words too."""
    event = logs.mask(None, "info", {"event": f"cannot text {number}: refused", "to": number})
    assert number not in str(event)
    assert number[3:9] not in str(event)


def test_what_is_no_number_stays_readable() -> None:
    """Identifiers, addresses, times and IMEIs are what technicians look for."""
    kept = {
        "message": "msg_01a2053b7f35700088c8d0e11ba7e455",
        "listen": "http://127.0.0.1:54321",
        "imei": "356938030000005",
        "ms": 1234567890,
    }
    assert logs.mask(None, "info", dict(kept)) == kept


def test_the_standard_library_s_logging_comes_in_the_same_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning of any module is one JSON object, masked."""
    before = logging.getLogger().handlers[:]
    try:
        logs.set_up("info", "json")
        logging.getLogger("modemgw.modem").warning("call from %s", "+447911123456")
        structlog.get_logger("modemgw.gateway").info("plain")
    finally:
        logging.getLogger().handlers[:] = before
        structlog.reset_defaults()
    rows = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [row["level"] for row in rows] == ["warning", "info"]
    assert "7911123" not in rows[0]["event"]
