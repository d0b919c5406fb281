"""What a job is about, in a few words that a person can search for. Pure.

Owns the words for every kind of job. Never raises for arguments that are none: a message may be anybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from shared.domain.jobs import (
    ALL_JOBS,
    Canary,
    DeliverFeed,
    DownloadMedia,
    Job,
    LookAtAccounts,
    LookUpAuthors,
    PingEndpoint,
    QuotePage,
    RefreshEngagement,
    RemoveMedia,
    ResolveHandles,
    SearchPage,
    SendAlert,
)

_JOBS: Final = {job.name: job for job in ALL_JOBS}
_NAMED: Final = 3
UNREADABLE: Final = "?"


def job_of(name: str, arguments: Sequence[Any]) -> Job | None:
    """The job that a message carries, None where this version does not know it."""
    job_type = _JOBS.get(name)
    if job_type is None or len(arguments) != 1:
        return None
    try:
        return job_type.model_validate(arguments[0])
    except ValidationError:
        return None


def subject_of(name: str, arguments: Sequence[Any]) -> str:
    """What the job is about: ids and names, at most a line; `?` where it cannot be read."""
    match job_of(name, arguments):
        case SearchPage(sweep_id=sweep, page=page):
            return f"stream {stream_of(sweep)}, page {page}"
        case QuotePage(sweep_id=sweep, page=page):
            first, _, more = sweep.rpartition(":")[2].partition("+")
            return f"quotes of post {first}{f' and {more} more' if more else ''}, page {page}"
        case RefreshEngagement(post_ids=ids, run_id=run):
            return f"{_some('post', ids)}{f' (run {run})' if run else ''}"
        case DownloadMedia(media_key=key):
            return f"file {key}"
        case RemoveMedia(media=keys):
            return _some("file", keys)
        case ResolveHandles(usernames=names):
            return _some("handle", [f"@{name}" for name in names])
        case LookUpAuthors(user_ids=ids) | LookAtAccounts(user_ids=ids):
            return _some("account", ids)
        case SendAlert(post_id=post, day=day):
            return f"alert on post {post}, {day}"
        case DeliverFeed(endpoint_id=endpoint):
            return f"webhook endpoint {endpoint}"
        case PingEndpoint(endpoint_id=endpoint):
            return f"ping of webhook endpoint {endpoint}"
        case Canary(queue=queue):
            return f"sign of life of {queue}"
        case None:
            return UNREADABLE
        case job:
            return job.subject


def stream_of(sweep_id: str) -> str:
    """The stream of a search sweep: the sweep's id is that of its slot, `search:STREAM@DUE_MS`."""
    return sweep_id.partition(":")[2].rpartition("@")[0] or sweep_id


def _some(what: str, names: Sequence[str]) -> str:
    named = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{what}{'s' if len(names) > 1 else ''} {named}{f' and {more} more' if more > 0 else ''}"
