"""ETags: an answer that is as the client has it is not sent again."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, TypeVar

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)
NOT_MODIFIED = 304
IfNoneMatch = Annotated[
    str | None, Header(max_length=500, description="`ETag` of an answer before: 304 where it is the same.")
]
# For a route's `responses`.
DOCUMENTED: dict[int | str, dict[str, Any]] = {NOT_MODIFIED: {"description": "As `If-None-Match` has it."}}


def tagged(request: Request, body: BaseModel) -> Response:
    """The answer with its ETag, or 304 where the client has it."""
    content = body.model_dump_json().encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    shown = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in shown or "*" in shown:
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    return Response(content, media_type=JSONResponse.media_type, headers={"ETag": tag})
