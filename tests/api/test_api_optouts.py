"""Opt-outs of several scopes over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.consent.scopes import OptOutRules
from tests.api.house import open_house

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_number_may_have_opt_outs_of_several_scopes(tmp_path: Path) -> None:
    """The widest is shown unless one is asked for; each is lifted by itself."""
    path, scope = "/v1/optouts/%2B15550001001", "pool:søg-1"
    told = {"optouts": OptOutRules(pools=frozenset({"søg-1"}))}
    async with open_house(tmp_path, gateway_settings=told) as house:
        narrow = (await house.call("PUT", path, {"scope": scope})).json
        assert (narrow["scope"], narrow["leaves"]) == (scope, [])
        assert (await house.call("PUT", path, {})).json["scope"] == "all"
        listed = []
        cursor = ""
        for _ in range(2):
            reply = (await house.call("GET", f"/v1/optouts?limit=1{cursor}")).json
            listed += [item["scope"] for item in reply["items"]]
            cursor = f"&cursor={reply['next']}"
        assert listed == ["all", scope]
        assert (await house.call("GET", path)).json["scope"] == "all"
        assert (await house.call("GET", f"{path}?scope={scope}")).json == narrow
        for each, status in (("all", 204), ("all", 404), (scope, 204)):
            done = await house.call("DELETE", f"{path}?reason=form%207&scope={each}")
            assert done.status == status, each
        for each, kind in (("pool:nobody", "unknown-scope"), ("every", "invalid")):
            refused = await house.call("PUT", path, {"scope": each})
            assert (refused.status, refused.kind, refused.fields) == (422, kind, {"scope"})
