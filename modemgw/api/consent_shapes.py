"""What is asked of opt-outs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modemgw.api.schemas import Body

OptOutScope = Annotated[str, Field(pattern=r"^(all|(pool|brand):[\w.-]{1,64})$")]


class OptOutRequest(Body):
    """What somebody refuses, and why that is known, for the audit."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    scope: OptOutScope = Field(
        "all", description="Whose texts: `all`, `pool:NAME` or `brand:NAME`; of every kind."
    )


class OptOutQuery(Body):
    """Which opt-out of a number."""

    scope: OptOutScope | None = Field(None, description="Default: the widest.")


class OptInQuery(Body):
    """Why somebody is opted in again, for the audit."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None,
        description="The new consent, and where it is documented. Without one the audit says that "
        "there was none.",
    )
    scope: OptOutScope | None = Field(
        None, description="Which opt-out is lifted. Default: all of the number."
    )
