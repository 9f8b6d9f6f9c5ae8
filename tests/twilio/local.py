"""Twilio's own client for Python, unmodified but for the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient

if TYPE_CHECKING:
    from twilio.http.response import Response


class Local(TwilioHttpClient):  # type: ignore[misc]  # its package has no types
    """Sends requests where it is told; it remembers what was answered."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = urlsplit(base)
        self.answers: list[str] = []

    def request(self, method: str, url: str, *args: Any, **named: Any) -> Response:
        """One request."""
        there = urlsplit(url)
        here = urlunsplit((self._base.scheme, self._base.netloc, there.path, there.query, ""))
        response = super().request(method, here, *args, **named)
        self.answers.append(response.text)
        return response
