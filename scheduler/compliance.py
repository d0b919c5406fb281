"""When compliance rounds begin, and which are gone on with. Raises as the stores do."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.compliance import Kind
from shared.domain.compliance_rounds import is_due
from shared.domain.jobs import ComplianceRound
from shared.platforms.x.endpoints import COMPLIANCE_JOBS
from shared.services.bootstrap import Services


def compliance_jobs(services: Services, now: datetime) -> list[ComplianceRound]:
    """Begin the rounds that are due, and send for all that are open, where X may be asked for them."""
    every = timedelta(seconds=services.settings.compliance_every_seconds)
    may_ask = any(one.kind in COMPLIANCE_JOBS.credentials for one in services.credentials.usable())
    if not every or not may_ask or not services.plan.may_have(COMPLIANCE_JOBS.key):
        return []
    rounds = services.stores.compliance
    for kind in Kind:
        if is_due(rounds.last_started_at(kind), every=every, now=now) and rounds.end_of_batch(kind, "", limit=1):
            rounds.begin(kind, now=now)
    return [ComplianceRound(round_id=one) for one in rounds.open()]
