"""`covey queues`, `jobs`, `workers`, `pause`, `resume`, `cancel`: what is worked on, and how a person steers it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from control.cli.app import Json, app, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.jobs import ALL_QUEUES
from shared.domain.spans import span

NONE = "none"
Queues = Annotated[list[str], typer.Argument(metavar="QUEUE...", help=f"{', '.join(ALL_QUEUES)}, or all.")]


@app.command()
def queues(as_json: Json = False) -> None:
    """Show each queue: what is ready, waits and runs, how old the oldest is, how fast it goes, whether it is paused.

    ready: due now. delayed: due later, or waiting for the limiter. rate: jobs that ended within the last minute.
    """
    from control import work

    rows = work.queues(services_here())
    if as_json:
        return print_json(rows)
    columns = ("queue", "ready", "delayed", "running", "dead", "oldest", "rate", "threads", "paused")
    cells = [
        (
            row["queue"],
            *(str(row[name]) for name in ("ready", "delayed", "in_flight", "dead")),
            span(row["oldest_ready_seconds"]) if row["ready"] else "-",
            f"{row['ended_a_minute']}/min",
            str(row["threads"] or NONE),
            _paused(row),
        )
        for row in rows
    ]
    out.print(Rows(columns, cells, whole=columns[:-1], styles={NONE: "red"}))
    return None


@app.command(name="jobs")
def list_jobs(
    queue: Annotated[str | None, typer.Option(help="Only this queue.")] = None,
    state: Annotated[str | None, typer.Option(help="Only ready, delayed, gated or running ones.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only what holds this: @handle, post, file, run, id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List jobs that run or wait: what each is about, for how long, and why it waits.

    gated: the limiter lets none of its kind through before then. covey dead list has those that were given up.
    """
    from control import work
    from control.work import JobFilter

    rows = work.jobs(services_here(), JobFilter(queue=queue, state=state, subject=subject), limit=limit)
    if as_json:
        return print_json(rows)
    if not rows:
        out.print("No job fits.")
        return None
    cells = [
        (
            row["id"],
            row["queue"],
            row["job"] or "?",
            row["state"],
            row["subject"],
            span(row["for_seconds"]) if row["for_seconds"] else "-",
            f"{row['due_at']:%H:%M:%S}" if row["waits_seconds"] else "-",
            row["reason"] or "for a thread" if row["state"] != "running" else "",
        )
        for row in rows
    ]
    out.print(Rows(("id", "queue", "job", "state", "about", "for", "until", "why it waits"), cells, whole=("id",)))
    if len(rows) == limit:
        out.print(f"The first {limit}; see --limit, --queue, --state and --subject.")
    return None


@app.command()
def workers(as_json: Json = False) -> None:
    """List the processes of the flock: where each runs, what its threads do and for how long.

    gone: without a sign of life for 20 s, and it did not end as it should; forgotten after an hour.
    """
    from control import work

    rows = work.workers(services_here(redis=False))
    if as_json:
        return print_json(rows)
    if not rows:
        out.print("No process runs. Start some: covey up, or docker compose up --detach")
        return None
    cells = [
        (
            row["id"],
            f"{row['kind']}{' (leads)' if row['leads'] else ''}",
            row["state"],
            row["version"],
            span((row["beat_at"] - row["started_at"]).total_seconds()),
            f"{row['busy']} of {row['threads']}" if row["threads"] else "-",
            _doing(row),
        )
        for row in rows
    ]
    columns = ("process", "kind", "state", "version", "up", "busy", "works on")
    out.print(Rows(columns, cells, whole=("process",), styles={"gone": "red"}))
    return None


@app.command()
def pause(names: Queues, as_json: Json = False) -> None:
    """Begin nothing of these queues until they are resumed. What runs is finished, nothing is lost, nothing is planned.

    covey pause all stops every call of X and every download; metrics, alerts and budgets go on.
    """
    from control import operating
    from control.trail import at_terminal

    paused = operating.pause(services_here(redis=False), at_terminal(), names)
    if as_json:
        return print_json({"paused": paused})
    out.print(f"Paused: {', '.join(paused)}. Workers heed it within seconds." if paused else "Paused already.")
    return None


@app.command()
def resume(names: Queues, as_json: Json = False) -> None:
    """Go on with queues that were paused. Searches begin where they stopped."""
    from control import operating
    from control.trail import at_terminal

    resumed = operating.resume(services_here(redis=False), at_terminal(), names)
    if as_json:
        return print_json({"resumed": resumed})
    out.print(f"Resumed: {', '.join(resumed)}." if resumed else "Not paused.")
    return None


@app.command()
def cancel(
    name: Annotated[str, typer.Argument(metavar="RUN|JOB", help="An id of covey jobs, or of a run of covey refresh.")],
    as_json: Json = False,
) -> None:
    """Cancel a job that waits, or an ad-hoc run. Cancelled jobs are dead letters: covey dead replay brings them back.

    A search or a reading of quotes is closed with its page, and begins anew at its next time. What runs goes on.
    """
    from control import operating
    from control.trail import at_terminal

    done = operating.cancel(services_here(), at_terminal(), name)
    if as_json:
        return print_json(done)
    out.print(f"Cancelled: {len(done['cancelled'])} jobs that waited.")
    if done["running"]:
        out.print(f"{len(done['running'])} are being worked on and end by themselves.")
    return None


def _paused(row: dict[str, Any]) -> str:
    since: datetime | None = row["paused_since"]
    if not row["paused"]:
        return ""
    return f"since {since:%m-%d %H:%M}" if since else "by COVEY_COLLECT"


def _doing(row: dict[str, Any]) -> str:
    """What a process works on, a line a job; or what it waits for."""
    if row["state"] == "gone":
        return f"silent since {row['beat_at']:%H:%M:%S} UTC"
    if row["waits_for"]:
        return f"waits: {row['waits_for']}"
    return "\n".join(f"{job['job']}: {job['subject']}, {span(job['seconds'])}" for job in row["running"])
