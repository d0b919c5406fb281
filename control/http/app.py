"""The application: its routes, what stands before them, and its description.

app = build(services)         an ASGI application; `control/http/__main__.py` serves it
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from control import commands
from control.http import problems
from control.http.common_answer import CommonAnswer
from control.http.entrance import ANSWER_SECONDS, Entrance
from control.http.own_limit import OwnLimit
from control.http.problems import ProblemBody
from control.http.routes import (
    access,
    accounts,
    analytics,
    connect,
    coverage,
    dead,
    endpoints,
    engagement,
    feed,
    health,
    mentions,
    money,
    operate,
    refreshing,
    runs,
    sources,
    statistics,
    sync,
    tweets,
)
from shared.domain.access import MEANINGS
from shared.redis.connection import connect as redis_at
from shared.runtime.version import VERSION
from shared.services.bootstrap import Services, redis_url

# A new subject is a module in `routes/` with a `router`, and a name here.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    access.router,
    feed.router,
    tweets.router,
    operate.router,
    runs.router,
    refreshing.router,
    mentions.router,
    engagement.router,
    analytics.router,
    money.router,
    dead.router,
    statistics.router,
    connect.router,
    sources.router,
    accounts.router,
    endpoints.router,
    sync.router,
    coverage.router,
)
DESCRIPTION: Final = """Steers Covey and reads what it collected. Ids are strings; times are RFC 3339 in UTC; money is
in US dollars. Lists are paged by `next_cursor`. Errors are `application/problem+json` (RFC 9457). A POST with an
`Idempotency-Key` is carried out once. Scopes of a token:

"""


def build(services: Services, *, answer_seconds: float = ANSWER_SECONDS) -> ASGIApp:
    """The application on some services. answer_seconds: how long MongoDB has for all that a request asks of it."""
    app = described()
    app.openapi()  # now, and not while the first request waits
    app.state.services = services
    app.state.status = CommonAnswer(lambda: commands.status(services))
    limit = OwnLimit(
        redis_at(redis_url(services.settings)), services.clock, limit=services.settings.control_requests_a_minute
    )
    return Entrance(app, services, limit, answer_seconds=answer_seconds)


def described() -> FastAPI:
    """The routes and their description, without anything behind them."""
    app = FastAPI(
        title="Covey",
        version=VERSION,
        openapi_url="/openapi.json",
        docs_url=None,  # FastAPI's pages load their scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = _openapi  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    """`subject_function`: stays when a path gets another form."""
    subject = route.tags[0] if route.tags else "process"
    return f"{subject}_{route.name}"


@cache
def _openapi() -> dict[str, Any]:
    """What the routes are, which is the same in every application: to find out takes a second."""
    scopes = "\n".join(f"- `{scope}`: {meaning}" for scope, meaning in MEANINGS.items())
    app = described()
    found = get_openapi(
        title=app.title, version="1", description=DESCRIPTION + scopes, routes=app.routes, openapi_version="3.1.0"
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schema.pop("$defs", {})
    schemas["Problem"] = schema
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return found
