"""docs/pdu.md tells the truth about the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modemgw import pdu

from .peers import Peer, gsmmodem_new, pdudecoder, python_messaging

DOCS = Path(__file__).parents[2] / "docs" / "pdu.md"
TEXT = DOCS.read_text(encoding="utf-8")
PEERS = (gsmmodem_new.PEER, python_messaging.PEER, pdudecoder.PEER)


def _section(title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    marks = title.split(" ", 1)[0]
    behind = TEXT.split(f"\n{title}\n", 1)[1]
    return re.split(rf"\n#{{1,{len(marks)}}} ", behind, maxsplit=1)[0]


def test_every_file_of_the_codec_is_in_the_map_and_no_other() -> None:
    """Whoever looks for a clause finds the file, and whoever finds a file knows its clause."""
    named = set(re.findall(r"`(\w+\.py)`", _section("## The map")))
    files = {path.name for path in Path(pdu.__path__[0]).glob("*.py")}
    assert named == files - {"__init__.py"}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_the_list_of_a_peers_faults_is_the_one_that_is_tested(peer: Peer) -> None:
    """Every fault that a test shows is listed with its clause, and no other."""
    decoding = _section(f"### {peer.name}").split("When it writes:")[0]
    rows = re.findall(r"^\| (\S+ §\S+) \| (.+) \|$", decoding, re.MULTILINE)
    assert sorted(rows) == sorted((fault.clause, fault.words) for fault in peer.faults)
