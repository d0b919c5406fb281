"""`audit_source`: what X counts of one source beside what is stored, once a night."""

from __future__ import annotations

from shared.domain.errors import Permanent
from shared.domain.jobs import AuditSource
from shared.runtime.log import get_logger
from shared.services.auditing import nightly
from shared.services.bootstrap import Services
from shared.spending.attribution import gathered

log = get_logger(__name__)


def audit_source(services: Services, job: AuditSource) -> None:
    """Ask X, keep what came of it, and warn of posts that nothing explains. What is over is not asked for again."""
    audits = services.stores.audits
    subject = audits.wanted(job.audit_id)
    if subject is None:
        return
    try:
        with gathered() as calls:
            found = nightly(services, subject, now=services.clock.now())
    except Permanent as error:
        audits.give_up(job.audit_id, reason=str(error), now=services.clock.now())
        raise
    spent = sum(call.micro_usd for call in calls)
    audits.done(job.audit_id, found, micro_usd=spent, now=services.clock.now())
    if found is not None:
        tell = log.warning if found.unexplained else log.info
        tell("posts counted by X and stored", audit=job.audit_id, counted=found.counted, missing=found.unexplained)
