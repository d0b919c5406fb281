"""Owns the calls about compliance jobs, and the two addresses that files go to and come from.

It must not know what became of a post. Invariant: an upload and a download need the address that a job was shown with,
and no credential.
"""

import json
import re

from simulator import problems
from simulator.calls import Answer, JsonObject, json_answer
from simulator.compliance import TYPES, Busy, ComplianceJobs, Job
from simulator.endpoints.context import Context
from simulator.problems import Invalid, InvalidRequest

FILE_PREFIX = "/compliance/"
_FILE = re.compile(r"/compliance/(upload|download)/([0-9]{1,19})/([0-9a-f]{24})\Z")
_STATUSES = ("created", "in_progress", "failed", "complete")


def compliance_jobs(context: Context) -> Answer:
    """`GET` lists the jobs of a type, `POST` begins one."""
    return _create(context) if context.call.method == "POST" else _list(context)


def job_by_id(context: Context) -> Answer:
    """`GET /2/compliance/jobs/:id`: one job."""
    found = context.compliance.find(context.path_id)
    return problems.not_found() if found is None else json_answer(200, {"data": _shown(context, found)})


def file_answer(jobs: ComplianceJobs, method: str, path: str, body: bytes, now_ms: int) -> Answer:
    """Answer a request to an address of a job: `PUT` of ids as text, `GET` of the lines."""
    found = _FILE.match(path)
    job = jobs.find(int(found[2])) if found else None
    if found is None or job is None or found[3] != job.secret:
        return Answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>", {"content-type": "application/xml"})
    if method == "PUT" and found[1] == "upload" and job.status(now_ms) == "created":
        jobs.upload(job, body, now_ms)
        return Answer(200, b"", {"content-type": "text/html"})
    if method == "GET" and found[1] == "download" and job.status(now_ms) == "complete":
        return Answer(200, jobs.result(job), {"content-type": "text/plain"})
    return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>", {"content-type": "application/xml"})


def _list(context: Context) -> Answer:
    kind = context.params.choice("type", TYPES, "")
    if not kind:
        raise InvalidRequest(Invalid("The `type` query parameter can not be empty", {"type": []}))
    status = context.params.choice("status", _STATUSES, "") or None
    shown = [_shown(context, job) for job in context.compliance.listed(kind, status, context.call.at_ms)]
    return json_answer(200, ({"data": shown} if shown else {}) | {"meta": {"result_count": len(shown)}})


def _create(context: Context) -> Answer:
    kind, name = _order(context.call.body)
    try:
        job = context.compliance.create(kind, name, context.call.at_ms)
    except Busy:
        return problems.blank(409, "Conflict")
    return json_answer(200, {"data": _shown(context, job)})


def _order(body: bytes) -> tuple[str, str | None]:
    """The type and the name in the body of a `POST`."""
    try:
        order = json.loads(body)
    except ValueError as error:
        raise InvalidRequest(Invalid("The body is not JSON")) from error
    if not isinstance(order, dict) or order.get("type") not in TYPES or set(order) - {"type", "name", "resumable"}:
        raise InvalidRequest(Invalid(f"$.type: is not one of {list(TYPES)}, or a field is unknown"))
    name = order.get("name")
    if name is not None and not (isinstance(name, str) and len(name) <= 64):
        raise InvalidRequest(Invalid("$.name: must be at most 64 characters long"))
    if order.get("resumable"):
        raise InvalidRequest(Invalid("$.resumable: this simulator has plain uploads only"))
    return str(order["type"]), name


def _shown(context: Context, job: Job) -> JsonObject:
    asked = context.params.choices("compliance_job.fields", _FIELDS)
    whole = job.as_json(context.call.base_url, context.call.at_ms)
    return {name: value for name, value in whole.items() if not asked or name in asked | {"id"}}


_FIELDS = frozenset(
    [
        "created_at",
        "download_expires_at",
        "download_url",
        "id",
        "name",
        "resumable",
        "status",
        "type",
        "upload_expires_at",
        "upload_url",
    ]
)
