"""`send_alert`: one post that runs away, told by a webhook.

    {"type": "engagement.surge", "timestamp": "2026-11-28T12:00:00+00:00",
     "data": {"post_id", "url", "author": {"id", "username"}, "velocity", "usual", "why", "counts", "sources"}}

Its id (`webhook-id`) is that of the surge, the same for every try: who has seen it knows it. What nobody wants any more
(410) ends the sending to that address for a day, after which one is tried.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from shared.domain.errors import CoveyError, InputError
from shared.domain.jobs import SendAlert
from shared.domain.outcomes import MAX_ATTEMPTS
from shared.http.webhooks import WebhookGone, WebhookRefused, WebhookSender, WebhookUnavailable
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.surges import Told

log = get_logger(__name__)
TYPE = "engagement.surge"
OUTCOMES = ("delivered", "retry", "refused", "dropped", "disabled", "postponed")
DISABLED_FOR = timedelta(days=1)
_DISABLED = "alert_webhook_disabled"
_ENDED = (Told.DELIVERED, Told.DROPPED, Told.TOLD)


def send_alert(services: Services, job: SendAlert) -> None:
    """Send it, unless it was sent, the hours are quiet, or the post is gone. Raises as the sender and the stores do."""
    surges, now = services.stores.surges, services.clock.now()
    surge = surges.get(job.subject)
    if surge is None or surge["status"] in _ENDED:
        return
    if services.settings.quiet and (ends_at := services.settings.quiet.until(now)):
        surges.postpone(job.subject, send_at=ends_at)
        return _count("postponed")
    webhook = services.webhook
    if webhook is None or _is_disabled(services, webhook, now):
        return _settle(services, job, Told.DISABLED)
    body = _body(services, surge)
    if body is None:
        return _settle(services, job, Told.DROPPED)
    return _send(services, job, webhook, body)


def _send(services: Services, job: SendAlert, webhook: WebhookSender, body: str) -> None:
    """Try once. What is given up says so in its document, so that only a person sends it again."""
    tries = services.stores.surges.tried(job.subject)
    try:
        webhook.send(body, message_id=job.subject, at=services.clock.now())
    except WebhookGone as error:
        _disable(services, webhook, error)
        _settle(services, job, Told.DISABLED)
    except (WebhookRefused, InputError):
        _settle(services, job, Told.REFUSED)
        raise
    except WebhookUnavailable:
        if tries >= MAX_ATTEMPTS:
            _settle(services, job, Told.REFUSED)
        else:
            _count("retry")
        raise
    else:
        _settle(services, job, Told.DELIVERED)


def _body(services: Services, surge: dict[str, Any]) -> str | None:
    """What is sent; None where the post is gone, or was erased: then nobody is pointed to it."""
    post = services.stores.posts.get(int(surge["post_id"]))
    if post is None or "gone" in post:
        return None
    author_id = surge["author_id"]
    username = services.stores.users.names([int(author_id)]).get(int(author_id)) if author_id else None
    data = {
        "post_id": surge["post_id"],
        "url": f"https://x.com/{username or 'i/web'}/status/{surge['post_id']}",
        "author": {"id": author_id, "username": username},
        "velocity": surge["velocity"],
        "usual": surge["usual"],
        "why": surge["why"],
        "counts": surge["metrics"],
        "sources": surge["sources"],
    }
    return json.dumps({"type": TYPE, "timestamp": surge["at"].isoformat(), "data": data}, separators=(",", ":"))


def _settle(services: Services, job: SendAlert, told: Told) -> None:
    services.stores.surges.settle(job.subject, told, now=services.clock.now())
    _count(told.value)


def _count(outcome: str) -> None:
    metrics.WEBHOOKS.labels(outcome).inc()


def _is_disabled(services: Services, webhook: WebhookSender, now: datetime) -> bool:
    disabled = services.stores.state.get(_DISABLED)
    is_it = disabled is not None and disabled["address"] == _digest(webhook)
    return is_it and bool(now < disabled["at"] + DISABLED_FOR)


def _disable(services: Services, webhook: WebhookSender, error: CoveyError) -> None:
    services.stores.state.set(_DISABLED, {"address": _digest(webhook), "at": services.clock.now()})
    log.error("webhook disabled for a day", reason=str(error))


def _digest(webhook: WebhookSender) -> str:
    """Tells addresses apart without keeping one."""
    return hashlib.sha256(webhook.address.encode()).hexdigest()
