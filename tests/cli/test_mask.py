"""What a technician's screen does not show."""

from __future__ import annotations

from modemgw.cli import mask


def test_numbers_and_texts_are_hidden_at_any_depth() -> None:
    """Status, ids and short codes stay readable."""
    event = {
        "type": "message.received",
        "data": {"from": "+15550001003", "to": "72345", "text": "secret", "parts": 2},
        "list": [{"number": "+15550001003"}, 7],
    }
    assert mask.document(event) == {
        "type": "message.received",
        "data": {"from": "+155…03", "to": "72345", "text": "[6 characters]", "parts": 2},
        "list": [{"number": "+155…03"}, 7],
    }
