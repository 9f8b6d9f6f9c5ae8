"""TP-PID, TP-ST and TP-FCS: every octet means something, and what the standard says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modemgw import pdu
from modemgw.pdu.protocol import ProtocolKind

CAUSES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "pdu-causes.json").read_text(encoding="ascii")
)


@pytest.mark.parametrize(
    ("pid", "protocol"),
    [
        (0x00, pdu.Protocol(ProtocolKind.PLAIN)),
        (0x01, pdu.Protocol(ProtocolKind.SM_AL, 1)),
        (0x1F, pdu.Protocol(ProtocolKind.SM_AL, 31)),
        (
            0x20,
            pdu.Protocol(ProtocolKind.TELEMATIC, 0, "device by the service centre or the address"),
        ),
        (0x22, pdu.Protocol(ProtocolKind.TELEMATIC, 2, "group 3 fax")),
        (0x2E, pdu.Protocol(ProtocolKind.TELEMATIC, 14, "reserved")),
        (0x32, pdu.Protocol(ProtocolKind.TELEMATIC, 18, "internet e-mail")),
        (0x3F, pdu.Protocol(ProtocolKind.TELEMATIC, 31, "mobile station")),
        (0x40, pdu.Protocol(ProtocolKind.SILENT)),
        (0x41, pdu.Protocol(ProtocolKind.REPLACE, 1)),
        (0x47, pdu.Protocol(ProtocolKind.REPLACE, 7)),
        (0x48, pdu.Protocol(ProtocolKind.DEVICE_TRIGGER)),
        (0x49, pdu.Protocol(ProtocolKind.RESERVED)),
        (0x5E, pdu.Protocol(ProtocolKind.ENHANCED)),
        (0x5F, pdu.Protocol(ProtocolKind.RETURN_CALL)),
        (0x7C, pdu.Protocol(ProtocolKind.ANSI_136)),
        (0x7D, pdu.Protocol(ProtocolKind.ME_DOWNLOAD)),
        (0x7E, pdu.Protocol(ProtocolKind.ME_DEPERSONALIZATION)),
        (0x7F, pdu.Protocol(ProtocolKind.SIM_DOWNLOAD)),
        (0x80, pdu.Protocol(ProtocolKind.RESERVED)),
        (0xC0, pdu.Protocol(ProtocolKind.SERVICE_CENTRE, 0)),
        (0xFF, pdu.Protocol(ProtocolKind.SERVICE_CENTRE, 63)),
    ],
)
def test_a_protocol_identifier_means_what_the_standard_says(
    pid: int, protocol: pdu.Protocol
) -> None:
    """The edges of each group, and what stands alone."""
    assert pdu.PROTOCOLS[pid] == protocol


def test_there_is_an_entry_for_every_octet() -> None:
    """No index can fail."""
    assert len(pdu.PROTOCOLS) == len(pdu.STATUSES) == len(pdu.FAILURES) == 256


OUTCOMES = {
    "delivered": pdu.Outcome.COMPLETED,
    "delivered_unconfirmed": pdu.Outcome.COMPLETED,
    "replaced": pdu.Outcome.COMPLETED,
    "trying": pdu.Outcome.TRYING,
    "permanent": pdu.Outcome.PERMANENT,
    "transient": pdu.Outcome.GIVEN_UP,
    "unknown": pdu.Outcome.RESERVED,
}


def test_every_status_has_the_outcome_that_other_implementations_give_it() -> None:
    """All 256, and words of its own exactly where the standard assigns a meaning."""
    assert len(CAUSES["tp_st"]) == 256
    for cause in CAUSES["tp_st"]:
        status = pdu.STATUSES[cause["value"]]
        assert status.outcome is OUTCOMES[cause["outcome"]]
        assert (status.words == "reserved") == cause["meaning"].startswith("reserved")
        specific = cause["meaning"] == "specific to the SMSC"
        assert (status.words == "specific to the service centre") == specific


def test_only_a_text_that_is_still_tried_gets_another_report() -> None:
    """All other outcomes are final."""
    assert [outcome for outcome in pdu.Outcome if not outcome.final] == [pdu.Outcome.TRYING]


def test_every_failure_cause_that_is_assigned_has_words() -> None:
    """All that other implementations know, the applications' range, and nothing else."""
    known = {cause["code"] for cause in CAUSES["tp_fcs"]} | set(range(0xE0, 0xFF))
    assert {fcs for fcs, words in enumerate(pdu.FAILURES) if words != "reserved"} == known
    assert pdu.FAILURES[0xD0] == "SIM message storage full"
    assert pdu.FAILURES[0xFF] == "unspecified error"
