"""Sources: what the tenant listens to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from control import source_tests, tenant_sources
from control import sources as reading
from control.http.access import Caller, From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.shapes.runs import priced
from control.http.shapes.sources import (
    Applied,
    NewSource,
    SourceChanged,
    SourceForm,
    SourceList,
    SourceRow,
    SourcesPrice,
    SourceTest,
)
from control.sources import Done
from control.sources_file import Entry, parse
from shared.domain.access import Scope
from shared.services.bootstrap import Services

router = APIRouter(prefix="/v1", tags=["sources"])

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)  # sources are in the order of their ids alone
YAML: Final = "application/yaml"
Id = Annotated[str, Path(max_length=64, description="The id of a source.")]
DryRun = Annotated[bool, Query(description="Say what would change and cost, and do nothing.")]
Force = Annotated[bool, Query(description="Follow names too that X does not know.")]
_PRICE: Final[dict[int | str, dict[str, Any]]] = {
    status.HTTP_200_OK: {"model": SourcesPrice, "description": "With `dry_run`."}
}


# As `covey sources list --yaml` prints it; of YAML all scalars are text.
LISTS: Final = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"sources": {"type": "array", "items": {"$ref": "#/components/schemas/NewSource"}}},
                "required": ["sources"],
                "additionalProperties": False,
            }
        },
        YAML: {"schema": {"description": "The same, as `covey sources list --yaml` prints it."}},
    },
}


def changes(*problems: int) -> dict[str, Any]:
    """What a route says that changes sources."""
    return needs(Scope.TRACK, 400, *problems)


@router.get("/sources", **needs(Scope.READ))
def list_sources(
    request: Request, response: Response, services: The, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Paged[SourceRow]:
    """The sources by their ids, each with how far it is covered."""
    start = key_of(cursor)
    found = services.stores.sources.of_tenant(caller.tenant, start=start and start[1], limit=limit + 1)
    rows = [shown(one) for one in reading.rows(services, found)]
    return Paged[SourceRow](**paged(request, response, rows, limit, lambda one: (_FIRST, one.id)))


_create = changes(409)


@router.post(
    "/sources",
    status_code=status.HTTP_201_CREATED,
    response_model=SourceChanged,
    **{**_create, "responses": {**_create["responses"], **_PRICE}},
)
def add_source(
    response: Response, services: The, origin: From, wish: NewSource, dry_run: DryRun = False, force: Force = False
) -> SourceChanged | Response:
    """Listen to a source from now on. Accounts are looked up first, where X can be asked here."""
    entry = tenant_sources.entry_of(services, wish.model_dump(exclude_unset=True, exclude_none=True))
    if dry_run:
        wanted = tenant_sources.wanted(services, origin, [entry])
        return priced(SourcesPrice(**tenant_sources.price(services, wanted)))
    done = tenant_sources.add(services, origin, entry, force=force)
    response.headers["Location"] = f"/v1/sources/{done.source.id}"
    return told(services, done)


@router.get("/sources/{source_id}", **needs(Scope.READ, 404))
def get_source(services: The, caller: Caller, source_id: Id) -> SourceRow:
    """One source with all its fields."""
    return shown(reading.row(services, tenant_sources.get(services, caller.tenant, source_id)))


@router.patch("/sources/{source_id}", **changes(404, 409))
def edit_source(
    services: The,
    caller: Caller,
    origin: From,
    source_id: Id,
    wish: SourceForm,
    dry_run: DryRun = False,
    force: Force = False,
) -> SourceChanged | SourcesPrice:
    """Change a source: what is given takes the place of what was, null takes a value away."""
    before = tenant_sources.get(services, caller.tenant, source_id)
    entry = tenant_sources.changed(services, before, wish.model_dump(exclude_unset=True))
    wanted = tenant_sources.wanted(services, origin, [entry])
    if dry_run:
        return SourcesPrice(**tenant_sources.price(services, wanted))
    done = tenant_sources.carry_out(services, origin, wanted, force=force)
    return told(services, done[0] if done else Done(before))


@router.delete("/sources/{source_id}", status_code=status.HTTP_204_NO_CONTENT, **needs(Scope.TRACK, 404))
def remove_source(services: The, origin: From, source_id: Id) -> None:
    """Listen to it no longer. What was collected stays; the one that `/v1/accounts` fills is emptied."""
    tenant_sources.act(services, origin, source_id, "remove")


@router.post("/sources/{source_id}/pause", **changes(404))
def pause_source(services: The, origin: From, source_id: Id) -> SourceChanged:
    """Read nothing for it until it is resumed. What was collected stays."""
    return told(services, tenant_sources.act(services, origin, source_id, "pause"))


@router.post("/sources/{source_id}/resume", **changes(404))
def resume_source(services: The, origin: From, source_id: Id) -> SourceChanged:
    """Read for a paused source again, from now on."""
    return told(services, tenant_sources.act(services, origin, source_id, "resume"))


@router.post("/sources/{source_id}/test", **needs(Scope.READ, 400, 404))
def test_source(services: The, caller: Caller, source_id: Id) -> SourceTest:
    """Whether X can be asked for it now: its query, the credential, the plan, what is in the way. Costs nothing."""
    source = tenant_sources.get(services, caller.tenant, source_id)
    return SourceTest(**source_tests.tested(services, source))


async def _entries(request: Request) -> list[Entry]:
    """The sources of a body, JSON or YAML. Raises InputError with lines, or RequestValidationError with pointers."""
    body = await request.body()
    services: Services = request.app.state.services
    if "yaml" in request.headers.get("content-type", ""):
        return parse(body.decode("utf-8", "replace"), "body", now=services.clock.now())
    try:
        wish = SourceList.model_validate_json(body)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from None
    fields = [one.model_dump(exclude_unset=True, exclude_none=True) for one in wish.sources]
    return [tenant_sources.entry_of(services, one) for one in fields]


_apply = changes(409)


@router.post(
    "/sources/apply",
    dependencies=_apply["dependencies"],
    responses=_apply["responses"],
    openapi_extra={**_apply["openapi_extra"], "requestBody": LISTS},
)
def apply_sources(
    services: The,
    origin: From,
    entries: Annotated[list[Entry], Depends(_entries)],
    dry_run: DryRun = False,
    force: Force = False,
    prune: Annotated[bool, Query(description="Remove sources that are not named.")] = False,
) -> Applied | SourcesPrice:
    """Make the tenant's sources what a list says, as JSON or YAML; what it does not name is left alone. All is checked
    first.
    """
    wanted = tenant_sources.wanted(services, origin, entries, prune=prune)
    if dry_run:
        return SourcesPrice(**tenant_sources.price(services, wanted))
    done = tenant_sources.carry_out(services, origin, wanted, force=force)
    run_ids = [one.run_id for one in done if one.run_id is not None]
    return Applied(changes=[tenant_sources.row(one) for one in wanted], run_ids=run_ids)


def shown(row: Mapping[str, Any]) -> SourceRow:
    """A source as it is told: of its searches the number, for they may hold what others listen to."""
    return SourceRow(**{**row, "searches": len(row["streams"])})


def told(services: Services, done: Done) -> SourceChanged:
    """A source after a change."""
    row = reading.row(services, done.source)
    return SourceChanged(**shown(row).model_dump(), run_id=done.run_id)
