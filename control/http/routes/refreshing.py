"""Reading posts again: one, many, or what is most due."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query, Response, status
from pydantic import BaseModel, Field

from control import run_rows, updating
from control.http.access import Caller, From, The, needs
from control.http.problems import Kind, Problem
from control.http.shapes.runs import BatchRun, RefreshPrice, Refused, Run, accepted, priced
from control.refresh_request import MOST_POSTS
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["refreshing"])

PostId = Annotated[str, Path(pattern=r"^[0-9]{1,20}$", description="The id of a post, as text.")]
DryRun = Annotated[bool, Query(description="Say what it would cost, and do nothing.")]
NOT_OURS: Final = "it was not collected for this tenant"


class RefreshWish(BaseModel):
    """force: also what X told a moment ago, which is told as it is stored otherwise."""

    model_config = {"extra": "forbid"}

    force: bool = False


class BatchWish(RefreshWish):
    """Which posts, each once."""

    ids: list[Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]] = Field(min_length=1, max_length=MOST_POSTS)


class UpdateWish(BaseModel):
    """How many posts, at most. force: also those that are not due yet, and what X told a moment ago."""

    model_config = {"extra": "forbid"}

    limit: int = Field(1_000, ge=1, le=MOST_POSTS)
    force: bool = False


_ONE, _UPDATE = RefreshWish(), UpdateWish()


def begins(*problems: int, scope: Scope = Scope.RUNS, price: type[BaseModel] | None = None) -> dict[str, Any]:
    """What a route that begins a run says: who may, and what it answers. price: of a dry run."""
    said = needs(scope, 400, *problems)
    told = {} if price is None else {status.HTTP_200_OK: {"model": price, "description": "With `dry_run`."}}
    return {**said, "responses": {**said["responses"], **told}, "status_code": status.HTTP_202_ACCEPTED}


@router.post("/tweets/{post_id}/refresh", response_model=Run, **begins(404, price=RefreshPrice))
def refresh_post(
    response: Response,
    services: The,
    caller: Caller,
    origin: From,
    post_id: PostId,
    wish: Annotated[RefreshWish, Body()] = _ONE,
    dry_run: DryRun = False,
) -> Run | Response:
    """Read the counts of a post now, ahead of everything else. One that is being read is not asked for twice."""
    if not services.stores.mentions.among(caller.tenant, [post_id]):
        raise Problem(Kind.NOT_FOUND, f"there is no post {post_id}")
    if dry_run:
        return priced(RefreshPrice(**updating.price(services, [int(post_id)], force=wish.force)))
    run_id = updating.refresh(services, origin, [int(post_id)], force=wish.force, action="post.refresh", target=post_id)
    return accepted(response, run_rows.row(services, caller.tenant, run_id))


@router.post("/tweets/refresh", response_model=BatchRun, **begins(404, price=RefreshPrice))
def refresh_posts(
    response: Response, services: The, caller: Caller, origin: From, wish: BatchWish, dry_run: DryRun = False
) -> BatchRun | Response:
    """Read the counts of many posts now, as one run. Posts that are not the tenant's are named, and left out."""
    ids = list(dict.fromkeys(wish.ids))
    own = services.stores.mentions.among(caller.tenant, ids)
    refused = [Refused(id=one, reason=NOT_OURS) for one in ids if one not in own]
    wanted = [int(one) for one in ids if one in own]
    if not wanted:
        raise Problem(Kind.NOT_FOUND, "there is none of these posts")
    if dry_run:
        return priced(RefreshPrice(**updating.price(services, wanted, force=wish.force), refused=refused))
    target = f"{len(wanted)} posts"
    run_id = updating.refresh(services, origin, wanted, force=wish.force, action="post.refresh", target=target)
    run = accepted(response, run_rows.row(services, caller.tenant, run_id))
    return BatchRun(**run.model_dump(), refused=refused)


@router.post("/engagement/update", response_model=Run, **begins(price=RefreshPrice))
def update_engagement(
    response: Response,
    services: The,
    caller: Caller,
    origin: From,
    wish: Annotated[UpdateWish, Body()] = _UPDATE,
    dry_run: DryRun = False,
) -> Run | Response:
    """Read what of the tenant's posts is most due, now and as one run. Nothing is due: a run of nothing, which is done.

    A schedule of QStash may ask for it, too, where its signing keys are set.
    """
    if dry_run:
        wanted = updating.due(services, caller.tenant, limit=wish.limit, force=wish.force)
        return priced(RefreshPrice(**updating.price(services, wanted, force=wish.force)))
    run_id = updating.update(services, origin, limit=wish.limit, force=wish.force)
    return accepted(response, run_rows.row(services, caller.tenant, run_id))
