"""What is compared with X's count each night, and which of it is still to be. Raises as the stores do."""

from __future__ import annotations

from datetime import datetime

from shared.domain.jobs import AuditSource
from shared.platforms.x.endpoints import COUNTS_RECENT
from shared.services.auditing import worth_auditing
from shared.services.bootstrap import Services


def audit_jobs(services: Services, now: datetime) -> list[AuditSource]:
    """Choose what is worth it, once a UTC day, and send for all that is not compared yet."""
    may_ask = any(one.kind in COUNTS_RECENT.credentials for one in services.credentials.usable())
    if not services.settings.audit_daily_usd or not may_ask:
        return []
    audits, today = services.stores.audits, now.date()
    if not audits.has(today):
        audits.choose(today, worth_auditing(services), now=now)
    return [AuditSource(audit_id=one) for one in audits.waiting(today)]
