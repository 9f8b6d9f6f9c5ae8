"""The page `/docs` in a real browser: it is read and tried there, and asks nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.browser import PROGRAM, browsing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.house import House

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="this test drives a browser (chromium)")
SEND = "document.getElementById('post_messages')"


@needs_browser
async def test_a_person_reads_an_operation_and_tries_it_with_a_key(
    house: House, tmp_path: Path
) -> None:
    """The text that the page sends is there afterwards; no request leaves for elsewhere."""
    async with browsing(tmp_path / "browser", f"{house.base}/docs") as tab:
        await tab.until(f"!!{SEND}")
        shown = await tab.run(f"{SEND}.textContent")
        assert "/v1/messages" in shown
        assert "The recipient has opted out" in shown  # an error with its example
        assert "msg_0198f6c2a1b27c3d8e4f5a6b7c8d9e0f" in shown  # the good answer with its example
        count = await tab.run("document.querySelectorAll('main section').length")
        assert count == len(house.api.routes)

        await tab.run(f"{SEND}.querySelector('button').click()")
        assert "401" in await tab.until(_answered("401"))
        await tab.run(f"document.getElementById('key').value = '{house.keys['all']}'")
        await tab.run(f"{SEND}.querySelector('button').click()")
        assert '"status": "queued"' in await tab.until(_answered("201"))

        assert len((await house.call("GET", "/v1/messages")).json["items"]) == 1
        assert [url for url in tab.requests if not url.startswith(f"{house.base}/")] == []
        assert [words for words in tab.complaints if "401" not in words] == []


def _answered(status: str) -> str:
    """What stands below the button, once the answer has come whole."""
    output = f"{SEND}.querySelector('button').nextElementSibling.textContent"
    return f"{output}.startsWith('{status}') && {output}.trimEnd().endsWith('}}') && {output}"
