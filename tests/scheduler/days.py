"""Posts that were read yesterday, and the plan of the present day."""

from __future__ import annotations

from datetime import timedelta

from scheduler.planner import PLAN
from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.days import midnight
from shared.domain.jobs import Job
from shared.domain.models import Post
from shared.services.bootstrap import Services
from tests.scheduler.slots import plan
from tests.workers.world import HANDLERS

HOUR = timedelta(hours=1)


def read_yesterday(services: Services, likes: list[int], *, hours_ago: float = 30.0) -> list[int]:
    """Posts of the same age, with as many likes, read twelve hours after they were made; answers their ids."""
    now = services.clock.now()
    made = now - timedelta(hours=hours_ago)
    posts = [
        Post(
            id=snowflake.first_id_at(made) + number,
            author_id=7,
            text="",
            created_at=made,
            metrics=PostMetrics(like_count=count),
        )
        for number, count in enumerate(likes)
    ]
    at = min(made + 12 * HOUR, midnight(now) - HOUR)
    services.stores.engagement.begin(posts, now=now, at=at, policy=services.refresh_policy)
    return [post.id for post in posts]


def carry_out(services: Services) -> list[Job]:
    """Every job of the plan, until there is none; answers them."""
    done: list[Job] = []
    while jobs := plan(services, PLAN):
        for job, _ in jobs:
            HANDLERS[type(job)](services, job)
            done.append(job)
    return done
