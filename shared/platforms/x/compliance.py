"""Compliance jobs of X: to begin one, to list those of a kind, to look at one; and what a line of a result says.

Pure: building a call sends nothing. X publishes no price for them. Invariant: a line is read by itself, and one that
cannot be read is an OddLine, never an error.
"""

from __future__ import annotations

import json
from typing import Any

from shared.domain.compliance import Action, ComplianceJob, ComplianceLine, JobStatus, Kind, OddLine
from shared.domain.errors import InputError, NoAnswer
from shared.domain.jobs import GREATEST_ID
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x import endpoints
from shared.platforms.x import objects as parse
from shared.platforms.x.body import identifier, objects, text
from shared.platforms.x.call import Call

MAX_NAME = 64  # characters (spec 2.167, CreateComplianceJobsRequest)
_SHOWN = 80


def create_job(*, kind: Kind, name: str) -> Call[ComplianceJob]:
    """Begin a job. X refuses it while another one of the kind runs. Raises InputError for a name that is too long."""
    if not 1 <= len(name) <= MAX_NAME:
        raise InputError(f"compliance/jobs: a name has 1..{MAX_NAME} characters, not {len(name)}")
    endpoint = endpoints.COMPLIANCE_JOBS
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {},
        parse=lambda body, rate: parse_job(endpoint.key, body, rate),
        body={"type": kind.value, "name": name},
    )


def list_jobs(*, kind: Kind) -> Call[tuple[ComplianceJob, ...]]:
    """The jobs of a kind that X still knows."""
    endpoint = endpoints.COMPLIANCE_JOBS
    return Call(
        endpoint=endpoint,
        path=endpoint.path,
        parameters=lambda dialect: {"type": kind.value},
        parse=lambda body, rate: parse_jobs(endpoint.key, body, rate),
    )


def look_at_job(*, job_id: int) -> Call[ComplianceJob]:
    """One job. NotFound is raised for one that X does not know (any more)."""
    endpoint = endpoints.COMPLIANCE_JOB
    return Call(
        endpoint=endpoint,
        path=endpoint.path.format(id=job_id),
        parameters=lambda dialect: {},
        parse=lambda body, rate: parse_job(endpoint.key, body, rate),
    )


def parse_job(endpoint: str, body: Any, rate: RateHeaders) -> ComplianceJob:
    """The job of an answer. Raises NoAnswer."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        raise NoAnswer(endpoint, "the body has no job")
    return _job(endpoint, data)


def parse_jobs(endpoint: str, body: Any, rate: RateHeaders) -> tuple[ComplianceJob, ...]:
    """The jobs of a list; none is no 'data'. Raises NoAnswer."""
    if not isinstance(body, dict) or ("data" not in body and "meta" not in body):
        raise NoAnswer(endpoint, "the body has neither 'data' nor 'meta'")
    return tuple(_job(endpoint, raw) for raw in objects(endpoint, body, "data"))


def parse_line(number: int, line: bytes) -> ComplianceLine | OddLine:
    """What line `number` of a result says: an id of 1..19 digits, an action, a reason."""
    try:
        raw = json.loads(line)
        found = identifier(raw["id"])
        action, reason = Action(raw.get("action", Action.DELETE)), text(raw.get("reason"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _odd(number, line)
    if found is None or found > GREATEST_ID or (action is Action.DELETE and not reason):
        return _odd(number, line)
    return ComplianceLine(found, action, reason or action.value, parse.time(raw.get("redacted_at")))


def _job(endpoint: str, raw: JsonObject) -> ComplianceJob:
    job_id, uploads, downloads = identifier(raw.get("id")), text(raw.get("upload_url")), text(raw.get("download_url"))
    try:
        kind, status = Kind(raw.get("type", "")), JobStatus(raw.get("status", ""))
    except ValueError as error:
        raise NoAnswer(endpoint, "a job has an unknown type or status") from error
    if job_id is None or not uploads or not downloads:
        raise NoAnswer(endpoint, "a job has no id or lacks an address")
    return ComplianceJob(
        id=job_id,
        kind=kind,
        status=status,
        name=text(raw.get("name")),
        upload_url=uploads,
        download_url=downloads,
        created_at=parse.time(raw.get("created_at")),
    )


def _odd(number: int, line: bytes) -> OddLine:
    return OddLine(number, line[:_SHOWN].decode("utf-8", "backslashreplace"))
