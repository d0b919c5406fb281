"""`compliance_round`: one look at a round that is open, as far as X lets it come; the schedule looks again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from shared.domain.compliance import JobStatus
from shared.domain.compliance_rounds import Round
from shared.domain.errors import Forbidden, NotFound
from shared.domain.jobs import ComplianceRound
from shared.runtime.log import get_logger
from shared.services import compliance
from shared.services.bootstrap import Services

log = get_logger(__name__)


def compliance_round(services: Services, job: ComplianceRound) -> None:
    """Go on with the round until it has to wait for X, or is done. Whatever a crash has cut is done again."""
    while (one := services.stores.compliance.get(job.round_id)) is not None and one.ended_at is None:
        try:
            if not _step(services, one):
                return
        except Forbidden as error:
            log.warning("X refuses compliance jobs; posts are asked about by looking at them", reason=str(error))
            return


def _step(services: Services, one: Round) -> bool:
    """Do what is next; whether there is more to do at once."""
    rounds = services.stores.compliance
    if one.batch is None:
        found = rounds.end_of_batch(one.kind, one.after_id, limit=services.settings.compliance_ids)
        if found is None:
            return _moved(services, replace(one, ended_at=services.clock.now()))
        return _moved(services, one.begin_batch(*found))
    try:
        return _with_job(services, one)
    except NotFound as error:
        log.warning("compliance job came to nothing", round=one.id, batch=one.batch.number, reason=str(error))
        return _moved(services, one.try_again(), Counter(failed_jobs=1))


def _with_job(services: Services, one: Round) -> bool:
    """Begin the job, send the ids, wait, or apply the result. Raises NotFound where the job is of no use any more."""
    assert one.batch is not None
    job = compliance.job_for(services, one)
    if job is None:
        return False
    if one.batch.job_id is None:  # written before the ids are sent: what X shows from now on is newer than its result
        return _moved(services, one.begun(job.id, services.clock.now()))
    match job.status:
        case JobStatus.CREATED:
            compliance.send_ids(services, one, job)
            return False
        case JobStatus.IN_PROGRESS:
            return False
        case JobStatus.COMPLETE:
            counts = compliance.apply_result(services, one, job)
            counts["ids"] += one.batch.ids
            log.info("compliance batch applied", round=one.id, batch=one.batch.number, **counts)
            return _moved(services, one.end_batch(), counts)
    raise NotFound("compliance/job", f"X calls it {job.status.value}")


def _moved(services: Services, after: Round, counts: Counter[str] | None = None) -> bool:
    """Write the round; False where another worker has moved it meanwhile."""
    return services.stores.compliance.move(after, counts=counts)
