"""Where a post or an account is in the pipeline, and why it goes no further. Reads only, and prints nothing.

A trace is a list of steps: {step, at, text}; `at` is when it happened or will, None where that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from control import work
from control.planned import why_next
from control.roster import handles
from control.work import JobFilter
from shared.domain import snowflake
from shared.domain.coverage.streams import Stream
from shared.domain.engagement.refresh import Engagement
from shared.domain.errors import InputError
from shared.domain.jobs import Queue
from shared.domain.spans import span
from shared.services.bootstrap import Services
from shared.stores.database import Document, ServerClock

Step = dict[str, Any]
# The sweep that found a post got on within this of it.
MOMENT: Final = timedelta(minutes=1)
SWEEPS: Final = 3


def trace_post(services: Services, post_id: int) -> list[Step]:
    """All that is known of a post: found, kept or set aside, gone, read again, its files, letters, jobs, gaps."""
    document = services.stores.posts.get(post_id)
    made_at = snowflake.created_at(post_id)
    steps = [_step("made", made_at, "as its id says")]
    if document is None:
        steps += _not_stored(services, post_id, made_at)
    else:
        steps += _stored(services, post_id, document)
        steps += _engagement(services, post_id)
        steps += _files(services, document)
    return steps + _letters(services, str(post_id)) + _jobs(services, str(post_id), Queue.INTERACTIVE, Queue.ENGAGEMENT)


def trace_handle(services: Services, username: str) -> list[Step]:
    """All that is known of a followed account: since when, how far covered, its search, its newest post, its jobs."""
    row = next((one for one in handles(services.stores) if one["username"].lower() == username.lower()), None)
    if row is None:
        raise InputError(f"@{username} is not followed and never was; covey track {username}")
    steps = [_step("followed", row["since"], "from then on" if row["active"] else "no longer")]
    if row["problem"]:
        steps.append(_step("problem", row["state_since"], row["problem"]))
    if row["user_id"] is None:
        steps.append(_step("account", None, "its id is not known yet: X is asked with the next look-up"))
    else:
        newest = services.stores.posts.newest_at(int(row["user_id"]))
        told = "the newest that is stored" if newest else "none is stored"
        steps.append(_step("posts", newest, f"of account {row['user_id']}: {told}"))
    for stream in _streams_of(services, username):
        steps += _stream(services, stream)
    return steps + _letters(services, username, row["user_id"] or "") + _jobs(services, f"@{username}", *_SEARCHES)


_SEARCHES: Final = (Queue.INTERACTIVE, Queue.SEARCH, Queue.BACKFILL)


def _step(step: str, at: datetime | None, text: str) -> Step:
    return {"step": step, "at": at, "text": text}


def _stored(services: Services, post_id: int, document: Document) -> Iterator[Step]:
    found_at: datetime = document["first_seen_at"]
    yield _step(
        "stored", found_at, f"found by {document.get('found_by', '?')}, author {document.get('author_id', '?')}"
    )
    sweeps = services.stores.sweeps.that_passed(post_id, after=found_at - MOMENT, before=found_at + MOMENT)
    for sweep in sweeps[-SWEEPS:]:
        if (sweep.newest_id or 0) >= post_id and (sweep.oldest_id or post_id) <= post_id:
            yield _step(
                "sweep", sweep.started_at, f"{sweep.id} passed it: {sweep.posts_seen} posts, {sweep.posts_new} new"
            )
    if after := document.get("superseded_by"):
        yield _step("edited", None, f"post {after} took its place")
    if gone := document.get("gone"):
        by = f", learned by {gone['by']}" if "by" in gone else ""
        yield _step("gone", gone["at"], f"X says: {gone.get('said', gone['reason'])}{by}")
        if at := gone.get("purged_at"):
            yield _step("purged", at, "what was written is gone here too; its id, times and counts stay")
        elif at := gone.get("purge_at"):
            yield _step("purge", at, "what was written goes then, unless X shows it again")


def _not_stored(services: Services, post_id: int, made_at: datetime) -> Iterator[Step]:
    """Why it may be missing: set aside, in a gap, before all searches, not covered yet; or never shown to a search."""
    yield _step("not stored", None, "no answer of X had it")
    for one in services.stores.set_aside.of(str(post_id)):
        yield _step(
            "set aside", one["seen_at"], f"{one['kind']} could not be kept: {one['reason']} ({one['endpoint']})"
        )
    streams = services.stores.streams.active()
    in_gaps = services.stores.gaps.around(made_at)
    for gap in in_gaps:
        whose = ", ".join(f"@{name}" for name in gap.members[:3])
        yield _step("gap", gap.to_at, f"the search of {whose}: {gap.from_at:%Y-%m-%d %H:%M:%S} to then, {gap.reason}")
    covering = services.stores.intervals.around(made_at)
    behind = [stream for stream in streams if stream.covered_through < made_at]
    if not streams:
        yield _step("coverage", None, "no account is followed")
    elif behind:
        lag = min(stream.covered_through for stream in behind)
        yield _step("coverage", lag, f"{len(behind)} of {len(streams)} searches have read only up to then")
    elif not covering:
        first = min(stream.began_at for stream in streams)
        yield _step(
            "coverage", first, "it was made before the first search began; covey track --since reaches back 7 days"
        )
    elif not in_gaps:
        whole = (
            f"{len(covering)} searches have read that time whole: it concerns no followed account, or X did not show"
        )
        yield _step("coverage", None, f"{whole} it (deleted or hidden before it was searched, or indexed late)")


def _engagement(services: Services, post_id: int) -> Iterator[Step]:
    state = services.stores.engagement.get(post_id)
    if state is None:
        yield _step("engagement", None, "not followed")
        return
    if state.read_at:
        counts = state.metrics
        known = {name: getattr(counts, name) for name in ("like_count", "repost_count", "reply_count", "quote_count")}
        told = ", ".join(
            f"{value} {name.removesuffix('_count')}s" for name, value in known.items() if value is not None
        )
        yield _step(
            "read", state.read_at, f"{told or 'no counts'}; tier {state.tier}, {state.velocity:.0f} acts an hour"
        )
    yield _next(services, state)


def _next(services: Services, state: Engagement) -> Step:
    """When it is read next, and why then."""
    due, why = why_next(services, state)
    now = ServerClock(services.stores.db).now()
    if due is None or due > now:
        return _step("next reading", due, why)
    late = f"overdue by {span((now - due).total_seconds())}: "
    if Queue.ENGAGEMENT in services.pausing.paused():
        return _step("next reading", due, f"{late}the queue engagement is paused")
    return _step("next reading", due, f"{late}it waits for its turn; covey budget and covey queues show what holds it")


def _files(services: Services, document: Document) -> Iterator[Step]:
    for key in (document.get("attachments") or {}).get("media_keys", ()):
        found = services.stores.media.get(key)
        if found is None:
            yield _step("file", None, f"{key}: X did not describe it")
            continue
        _, download = found
        status, tries, error = download.get("status", "?"), download.get("attempts", 0), download.get("error")
        told = download.get("stored_path") or f"{tries} tries{f', {error}' if error else ''}"
        yield _step("file", download.get("last_attempt_at"), f"{key}: {status}, {told}")


def _letters(services: Services, *words: str) -> list[Step]:
    return [
        _step("dead letter", one["died_at"], f"{one['job']}: {one['reason']}; covey dead show {one['_id']}")
        for one in services.stores.dead_letters.about(*words)
    ]


def _jobs(services: Services, subject: str, *queues: str) -> list[Step]:
    found = [row for queue in queues for row in work.jobs(services, JobFilter(queue=queue, subject=subject), limit=3)]
    return [
        _step("job", row["due_at"], f"{row['job']} {row['state']} in {row['queue']}{_why(row['reason'])}")
        for row in found
    ]


def _why(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _streams_of(services: Services, username: str) -> list[Stream]:
    return [stream for stream in services.stores.streams.active() if username.lower() in stream.members]


def _stream(services: Services, stream: Stream) -> Iterator[Step]:
    yield _step("search", stream.began_at, f"{_named(stream)} began; {stream.sweeps_completed} sweeps")
    yield _step("covered", stream.covered_through, "everything up to then is stored, but for the gaps")
    for gap in services.stores.gaps.missing(streams=[stream.id])[-SWEEPS:]:
        yield _step("gap", gap.to_at, f"{gap.from_at:%Y-%m-%d %H:%M:%S} to then, {gap.reason}")
    for sweep in services.stores.sweeps.newest_of(stream.id):
        yield _step("last sweep", sweep.started_at, f"{sweep.status}, page {sweep.page}, {sweep.posts_seen} posts")


def _named(stream: Stream) -> str:
    names = ", ".join(f"@{name}" for name in stream.members[:3])
    return f"the search of {names}{f' and {len(stream.members) - 3} more' if len(stream.members) > 3 else ''}"
