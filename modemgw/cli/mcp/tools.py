"""The tools, each a call or two of the HTTP API with the caller's own key.

So whatever holds for the key (scopes, kinds, pools, limits) and for everybody (STOP, hours, caps)
holds here, and there is no other way out. What is refused is told in words that leave a model no
reason to try again in others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from heapq import merge
from itertools import islice
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from modemgw import __version__
from modemgw.cli.client import Client, RefusedError
from modemgw.cli.errors import CommandError

MOST_MESSAGES: Final = 100
TOOL_HEADER: Final = "Modemgw-Tool"  # by it the daemon's audit knows what a model did

INSTRUCTIONS: Final = (
    "Texts (SMS) over a call centre's own SIM cards. Before you text somebody, read the "
    "conversation. A text that is refused must not be tried again in other words, from another "
    "line or as another kind: the answer says why, and who can change it. Somebody who has opted "
    "out (STOP) is not texted, whatever anybody asks. A text that was taken is sent once; repeat a "
    "call only with the same request_id."
)

_FINAL: Final = frozenset(
    {"opted-out", "held", "denied", "consent-required", "destination", "service-number"}
)

Number = Annotated[str, Field(description="E.164, such as +15550001001.", max_length=64)]
Kind = Annotated[
    Literal["conversational", "transactional", "marketing"],
    Field(description="What the text is. Advertising is marketing, whatever else it says."),
]
Text = Annotated[str, Field(min_length=1, max_length=4_000, description="The text itself.")]
Pool = Annotated[str | None, Field(description="A pool of lines.", max_length=64)]

_READS: Final = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_SENDS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)


class Desk:
    """The tools of one server. `key_of` says whose key a call goes with."""

    def __init__(self, url: str, key_of: Callable[[Context], str]) -> None:
        self._url, self._key_of = url, key_of

    def server(self) -> MCPServer:
        """A server that offers them."""
        server = MCPServer("modemgw", version=__version__, instructions=INSTRUCTIONS)
        for tool, hints in (
            (self.send_text, _SENDS),
            (self.read_conversation, _READS),
            (self.preview_text, _READS),
            (self.may_i_text, _READS),
            (self.text_status, _READS),
            (self.list_lines, _READS),
        ):
            server.tool(annotations=hints)(tool)
        return server

    async def send_text(
        self,
        context: Context,
        to: Number,
        text: Text,
        kind: Kind = "conversational",
        from_line: Annotated[
            str | None, Field(description="Number or id of a line; default: the one they know.")
        ] = None,
        pool: Pool = None,
        request_id: Annotated[
            str | None,
            Field(
                description="Yours, new for each text; the same again never sends twice.",
                pattern=r"^[!-~]{1,255}$",
            ),
        ] = None,
    ) -> dict[str, Any]:
        """Send one text to one person. Answers with the message, which waits its turn."""
        body = {"to": to, "text": text, "kind": kind}
        body |= {"from": from_line} if from_line else {}
        body |= {"pool": pool} if pool else {}
        once = {"Idempotency-Key": request_id} if request_id else {}
        return await self._call(context, "send_text", "POST", "/v1/messages", body, once)

    async def read_conversation(
        self,
        context: Context,
        number: Number,
        limit: Annotated[int, Field(ge=1, le=MOST_MESSAGES)] = 20,
    ) -> dict[str, Any]:
        """Read what was texted with one person, the newest first, and whether they opted out."""
        pages = [
            await self._get(
                context, "read_conversation", "/v1/messages", limit=limit, **{who: number}
            )
            for who in ("to", "from")
        ]
        newest = merge(*(page["items"] for page in pages), key=_created_at, reverse=True)
        opted_out = await self._find(context, "read_conversation", f"/v1/optouts/{_path(number)}")
        return {
            "number": number,
            "opted_out": opted_out is not None,
            "messages": [_line_of(message) for message in islice(newest, limit)],
        }

    async def preview_text(
        self,
        context: Context,
        to: Number,
        text: Text,
        kind: Kind = "conversational",
        pool: Pool = None,
    ) -> dict[str, Any]:
        """See what a text would be, without sending it: parts, alphabet, line, time, objections."""
        body = {"to": to, "text": text, "kind": kind} | ({"pool": pool} if pool else {})
        return await self._call(context, "preview_text", "POST", "/v1/messages/preview", body)

    async def may_i_text(
        self, context: Context, to: Number, kind: Kind = "conversational", pool: Pool = None
    ) -> dict[str, Any]:
        """Ask whether a person may be texted now, later, or not, and by which rule."""
        body = {"to": to, "kind": kind} | ({"pool": pool} if pool else {})
        return await self._call(context, "may_i_text", "POST", "/v1/check", body)

    async def text_status(
        self, context: Context, message_id: Annotated[str, Field(pattern=r"^msg_[0-9a-f]{32}$")]
    ) -> dict[str, Any]:
        """See what became of a text that was sent."""
        return await self._get(context, "text_status", f"/v1/messages/{message_id}")

    async def list_lines(self, context: Context) -> dict[str, Any]:
        """List the lines (SIM cards): numbers, names, pools, whether they can send."""
        return await self._get(context, "list_lines", "/v1/lines")

    # -- the daemon -----------------------------------------------------------------------------

    async def _get(self, context: Context, tool: str, path: str, **query: object) -> dict[str, Any]:
        return await self._call(
            context, tool, "GET", f"{path}?{urlencode(query)}" if query else path
        )

    async def _find(self, context: Context, tool: str, path: str) -> dict[str, Any] | None:
        """What is there; None where there is nothing."""
        try:
            return await self._call(context, tool, "GET", path)
        except _MissingError:
            return None

    async def _call(
        self,
        context: Context,
        tool: str,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One request. Raises ToolError with what a model has to know."""
        client = Client(self._url, self._key_of(context))
        named = {TOOL_HEADER: tool, **(headers or {})}
        try:
            answer = await asyncio.to_thread(partial(client.call, method, path, body, named))
        except RefusedError as refused:
            raise _in_words(refused) from None
        except CommandError as error:
            raise ToolError(f"The gateway cannot be reached: {error}") from None
        except ValueError:  # its words would tell the key
            words = "The key has a character that no header can carry; its owner can mend that."
            raise ToolError(words) from None
        found: dict[str, Any] = answer
        return found


class _MissingError(ToolError):
    """There is no such thing."""


def _in_words(refused: RefusedError) -> ToolError:
    kind = str(refused.problem.get("type", "")).rpartition("/")[2]
    if refused.status == 404:
        return _MissingError(str(refused))
    if kind in _FINAL:
        return ToolError(
            f"Refused for good ({kind}): {refused}. Do not try again, nor in another way."
        )
    return ToolError(f"Refused ({kind or refused.status}): {refused}")


def _path(number: str) -> str:
    return quote(number, safe="")


def _created_at(message: Mapping[str, Any]) -> str:
    return str(message["created_at"])


def _line_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a model needs of a message."""
    names = ("id", "direction", "status", "from", "to", "text", "created_at", "keyword", "error")
    return {name: message[name] for name in names if message.get(name) is not None}
