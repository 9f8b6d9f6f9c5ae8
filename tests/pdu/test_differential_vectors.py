"""Three other codecs read what we read; every difference is a fault of theirs that has a clause."""

from __future__ import annotations

import pytest

from modemgw import pdu

from .peers import Case, Fault, Peer, gsmmodem_new, pdudecoder, python_messaging
from .vectors import load_lines

PEERS = (gsmmodem_new.PEER, python_messaging.PEER, pdudecoder.PEER)
FAULTS = [
    pytest.param(peer, fault, id=f"{peer.name}: {fault.words} ({fault.clause})")
    for peer in PEERS
    for fault in peer.faults
]
CASES = [
    Case(
        vector["pdu"],
        pdu.decode(vector["pdu"], to_network=vector["direction"] == "mo"),
    )
    for vector in load_lines("pdu-decode.jsonl")
    if vector["sca_included"] and not vector.get("malformed")
]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_difference_over_the_vectors_is_a_known_fault(peer: Peer) -> None:
    """Field by field, over all well-formed PDUs of the types that the peer claims to read."""
    unexplained = {
        case.hex: problem
        for case in CASES
        if peer.claims(case)
        if (problem := peer.unexplained(case))
    }
    assert unexplained == {}


@pytest.mark.parametrize(("peer", "fault"), FAULTS)
def test_each_fault_has_an_example(peer: Peer, fault: Fault) -> None:
    """A minimal PDU, what it says, and what the peer makes of it."""
    example = fault.example
    case = example.case
    assert fault.strikes(case)
    assert example.field in fault.fields
    assert peer.differences(case)[example.field] == (example.right, example.wrong)
