"""What a compliance round asks of X and applies to what is stored; the order of its steps is the handler's.

X publishes no price for a job, so none of this is paid. Invariant: a line is believed about an id of the batch alone,
and as of when the ids were sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from shared.domain.compliance import Action, ComplianceJob, ComplianceLine, Kind, OddLine
from shared.domain.compliance_rounds import Round, job_name, job_of
from shared.domain.errors import InvalidRequest
from shared.domain.models import WorkClass
from shared.domain.states import of_line
from shared.platforms.x.compliance import create_job, list_jobs, look_at_job
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores

log = get_logger(__name__)
_CHUNK, _IDS_AT_ONCE = 500, 5_000
_ODD_SHOWN = 3


def job_for(services: Services, one: Round) -> ComplianceJob | None:
    """X's job for the present batch: the one there is, or a new one. None: another job of the kind runs; wait.

    Raises as the gateway does; NotFound for a job that X has forgotten.
    """
    assert one.batch is not None
    if one.batch.job_id is not None:
        return services.x.planned(WorkClass.BACKFILL, look_at_job(job_id=one.batch.job_id))
    jobs = services.x.planned(WorkClass.BACKFILL, list_jobs(kind=one.kind))
    if (found := job_of(one, jobs)) is not None:
        return found
    if any(job.status.is_running for job in jobs):
        return None
    try:
        return services.x.planned(WorkClass.BACKFILL, create_job(kind=one.kind, name=job_name(one)))
    except InvalidRequest as error:  # as where another program began one since the list was read
        log.warning("X begins no compliance job now", round=one.id, reason=str(error))
        return None


def send_ids(services: Services, one: Round, job: ComplianceJob) -> None:
    """Send the ids of the batch, as they are read. Raises NotFound where X takes them no more."""
    assert one.batch is not None
    services.x.files.upload(job, _ids(services.stores, one.kind, one.after_id, one.batch.last_id))


def _ids(stores: Stores, kind: Kind, after_id: str, last_id: str) -> Iterator[int]:
    """The ids of a batch, read a part at a time. Raises StoreUnavailable."""
    while some := stores.compliance.ids(kind, after_id, last_id, limit=_IDS_AT_ONCE):
        yield from map(int, some)
        after_id = some[-1]


def apply_result(services: Services, one: Round, job: ComplianceJob) -> Counter[str]:
    """Apply X's words, chunk by chunk, and look again at what it calls gone no more; answers counts by reason.

    Raises NotFound where the result is there no more. Applying it twice changes nothing.
    """
    assert one.batch is not None
    assert one.batch.sent_at is not None
    lines = services.x.files.download(job)
    told, counts = set[int](), Counter[str]()
    while chunk := list(islice(lines, _CHUNK)):
        mine = list(_believed(one, chunk, counts))
        told.update(line.id for line in mine)
        counts["news"] += _heed(services, one.kind, mine, at=one.batch.sent_at)
    if one.kind is Kind.POSTS:
        counts["may_be_back"] += _look_again(services, one, told, at=one.batch.sent_at)
    return counts


def _believed(one: Round, chunk: list[ComplianceLine | OddLine], counts: Counter[str]) -> Iterator[ComplianceLine]:
    """The lines about ids of the batch; the others are counted, and the first of them told."""
    assert one.batch is not None
    for line in chunk:
        if isinstance(line, ComplianceLine) and one.after_id < str(line.id) <= one.batch.last_id:
            counts[f"said_{line.reason}" if line.reason.isidentifier() and len(line.reason) < 40 else "said_other"] += 1
            yield line
            continue
        counts["odd"] += 1
        if counts["odd"] <= _ODD_SHOWN:
            about = line.id if isinstance(line, ComplianceLine) else f"line {line.number}: {line.begins}"
            log.warning("line of a compliance result not heeded", round=one.id, about=about)


def _heed(services: Services, kind: Kind, lines: list[ComplianceLine], *, at: datetime) -> int:
    now, stores = services.clock.now(), services.stores
    purge_after = timedelta(seconds=services.settings.purge_after_seconds)
    words = {line.id: of_line(line, at=at) for line in lines if line.action is Action.DELETE}
    if kind is Kind.USERS:
        stores.accounts.look_now(words, now=now)  # the look tells those who follow it; only followed ones are looked at
        return stores.fates.bury_users(words, now=now, purge_after=purge_after)
    scrubbed = [line.id for line in lines if line.action is Action.SCRUB_GEO]
    if scrubbed:
        stores.fates.scrub_places(scrubbed)
    return stores.fates.bury(words, now=now, purge_after=purge_after)


def _look_again(services: Services, one: Round, told: set[int], *, at: datetime) -> int:
    """Posts of the batch that count as gone, and X does not call so, may be back: they are read."""
    assert one.batch is not None
    stores, after_id, back = services.stores, one.after_id, 0
    while gone := _gone(stores, after_id, one.batch.last_id):
        silent = [post_id for post_id in gone if post_id not in told]
        back += stores.fates.look_again(silent, at=at, now=services.clock.now())
        after_id = str(gone[-1])
    return back


def _gone(stores: Stores, after_id: str, last_id: str) -> list[int]:
    return stores.compliance.gone(after_id, last_id, limit=_CHUNK)
