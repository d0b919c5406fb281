"""Whether the process lives, whether it can do its work, and its metrics. Nobody need show a token."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from control.http.access import The
from control.http.problems import Kind, Problem, documented
from shared.services.readiness import unready

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """status: ok."""

    status: str


@router.get("/healthz")
def live() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", responses=documented(503))
def ready(services: The) -> Health:
    """MongoDB and Redis answer too."""
    reasons = unready(services, asks_x=False)
    if reasons:
        raise Problem(Kind.UNAVAILABLE, "; ".join(reasons), headers={"Retry-After": "5"}, retry_after=5)
    return Health(status="ok")


@router.get("/metrics", response_class=Response, include_in_schema=False)
def metrics() -> Any:
    """For Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
