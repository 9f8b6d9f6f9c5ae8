"""Keys: make, list, read, change, rotate, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.api.jsonbody import read_json, validate
from modemgw.api.key_shapes import Key, KeyChange, KeyPage, KeyRotation, MadeKey, NewKey, shown
from modemgw.api.problems import FieldError, invalid, problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NoQuery, PageQuery
from modemgw.gateway.requests import RefusalError
from modemgw.store import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modemgw.api.auth import Auth
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

TAG = "keys"
MOST_KEYS = 10_000
_NEVER_NULL = ("name", "kinds")


class Keys:
    """The resource `/v1/keys`."""

    def __init__(self, gateway: Gateway, auth: Auth, settings: ApiSettings) -> None:
        self._gateway, self._auth, self._settings = gateway, auth, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/keys",
                self.create,
                Scope.ADMIN,
                "Make a key",
                Answer(201, MadeKey, description="It is good now. `key` is not shown again."),
                TAG,
                body=NewKey,
                problems=("invalid", "unknown-pool", "limit-reached"),
                examples={
                    "a CRM": {"name": "crm", "scopes": ["send", "read"], "per_minute": 60},
                    "a shop": {"name": "shop", "scopes": ["send"], "kinds": ["transactional"]},
                },
            ),
            Route(
                "GET",
                "/v1/keys",
                self.list_page,
                Scope.ADMIN,
                "List the keys, oldest first",
                Answer(200, KeyPage),
                TAG,
                query=PageQuery,
                problems=("invalid",),
            ),
            Route(
                "GET",
                "/v1/keys/{id}",
                self.read,
                Scope.ADMIN,
                "Read a key",
                Answer(200, Key),
                TAG,
                query=NoQuery,
                problems=("not-found",),
            ),
            Route(
                "PATCH",
                "/v1/keys/{id}",
                self.change,
                Scope.ADMIN,
                "Set name, kinds, pools, limits or end of a key",
                Answer(200, Key),
                TAG,
                description="Scopes are not changed: make another key.",
                body=KeyChange,
                problems=("invalid", "not-found", "unknown-pool", "key-revoked"),
                examples={"a limit": {"per_minute": 30}, "none": {"per_minute": None}},
            ),
            Route(
                "POST",
                "/v1/keys/{id}/rotate",
                self.rotate,
                Scope.ADMIN,
                "Give a key a new secret",
                Answer(200, MadeKey, description="`key` is good now, and not shown again."),
                TAG,
                description="The secret before it stays good for `grace` seconds; one of an "
                "earlier rotation ends at once. Id, limits and Idempotency-Keys stay.",
                body=KeyRotation,
                body_required=False,
                problems=("invalid", "not-found", "key-revoked"),
                examples={"an hour": {"grace": 3600}, "it leaked": {"grace": 0}},
            ),
            Route(
                "DELETE",
                "/v1/keys/{id}",
                self.revoke,
                Scope.ADMIN,
                "Revoke a key",
                Answer(204, description="It is refused from now on, by other hosts in a second."),
                TAG,
                description="It stays in the list. Again: nothing happens.",
                problems=("not-found",),
            ),
        )

    async def create(self, request: web.Request) -> web.Response:
        """Make one."""
        body = validate(NewKey, await self._body(request))
        values = body.model_dump()
        values["name"] = body.name.strip()
        self._check(values)
        now = self._gateway.clock()

        def operation(tx: Transaction) -> tuple[str, Record]:
            if keys.count(tx.connection) >= MOST_KEYS:
                raise RefusalError("limit-reached", f"there are {MOST_KEYS} keys")
            secret = keys.create(tx.connection, now=now, **values)
            return secret, keys.of_secret(tx.connection, secret)

        secret, row = await self._gateway.writer.run(operation)
        made = {**shown(row, now), "key": secret}
        return answer(made, 201, Location=f"/v1/keys/{row.id}")

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of keys."""
        query = read_query(request, PageQuery)
        after = decode_cursor(query.cursor, r"key_[0-9a-f]{32}")
        rows = await self._gateway.reader.run(
            lambda c: keys.page(c, after=after, limit=query.limit + 1)
        )
        some, now = rows[: query.limit], self._gateway.clock()
        more = encode_cursor(some[-1].id) if len(rows) > query.limit else None
        return page([shown(row, now) for row in some], more)

    async def read(self, request: web.Request) -> web.Response:
        """One key."""
        read_query(request, NoQuery)
        key_id = request.match_info["id"]
        row = await self._gateway.reader.run(lambda c: keys.get(c, key_id))
        if row is None:
            raise problem_error("not-found", "there is no key with this id")
        return answer(shown(row, self._gateway.clock()))

    async def change(self, request: web.Request) -> web.Response:
        """Set what is named."""
        body = validate(KeyChange, await self._body(request))
        values = body.model_dump(exclude_unset=True)
        if isinstance(values.get("name"), str):
            values["name"] = values["name"].strip()
        nulls = [name for name in _NEVER_NULL if name in values and values[name] is None]
        if nulls:
            raise invalid(*(FieldError(name, "this cannot be taken away") for name in nulls))
        key_id = request.match_info["id"]

        def operation(tx: Transaction) -> Record:
            row = _living(tx, key_id)
            now = {name: getattr(row, name) for name in ("scopes", *KeyChange.model_fields)}
            self._check({**now, **values}, values)
            if values:
                keys.change(tx.connection, key_id, **values)
            return _living(tx, key_id)

        row = await self._gateway.writer.run(operation)
        self._auth.forget(key_id)
        return answer(shown(row, self._gateway.clock()))

    async def rotate(self, request: web.Request) -> web.Response:
        """A new secret for one."""
        raw = await self._body(request)
        grace_s = validate(KeyRotation, {} if raw is None else raw).grace
        key_id, now = request.match_info["id"], self._gateway.clock()

        def operation(tx: Transaction) -> tuple[str, Record]:
            _living(tx, key_id)
            secret = keys.rotate(tx.connection, key_id, grace_s=grace_s, now=now)
            assert secret is not None
            return secret, _living(tx, key_id)

        secret, row = await self._gateway.writer.run(operation)
        self._auth.forget(key_id)
        return answer({**shown(row, now), "key": secret})

    async def revoke(self, request: web.Request) -> web.Response:
        """End one."""
        key_id, now = request.match_info["id"], self._gateway.clock()

        def operation(tx: Transaction) -> None:
            if keys.get(tx.connection, key_id) is None:
                raise RefusalError("not-found", "there is no key with this id")
            keys.revoke_one(tx.connection, key_id, now)

        await self._gateway.writer.run(operation)
        self._auth.forget(key_id)
        return web.Response(status=204)

    def _check(self, key: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> None:
        """Whether a key makes sense as it would be, of which `given` is new.

        Raises ProblemError (`invalid`), RefusalError (`unknown-pool`).
        """
        if key["default_kind"] is not None and key["default_kind"] not in key["kinds"]:
            raise invalid(FieldError("default_kind", "this is none of `kinds`"))
        if key["pools"] is not None and "admin" in key["scopes"]:
            raise invalid(FieldError("pools", "a key with the scope admin is not bound to pools"))
        self._check_pools((key if given is None else given).get("pools") or ())

    def _check_pools(self, pools: Sequence[str]) -> None:
        there = self._gateway.settings.pools
        unknown = next((name for name in pools if name not in there), None)
        if unknown is not None:
            known = ", ".join(sorted(there)) or "none is configured"
            words = f"there is no pool {unknown!r}; there are: {known}"
            raise RefusalError("unknown-pool", words, field="pools")

    async def _body(self, request: web.Request) -> Any:
        settings = self._settings
        return await read_json(
            request, limit=settings.body_limit, timeout_s=settings.body_timeout_s
        )


def _living(tx: Transaction, key_id: str) -> Record:
    row = keys.get(tx.connection, key_id)
    if row is None:
        raise RefusalError("not-found", "there is no key with this id")
    if row.revoked_at is not None:
        raise RefusalError("key-revoked", "this key was revoked; make another")
    return row
