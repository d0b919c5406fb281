"""What there is to call, by subject.

Made from docs/openapi.json by `python -m tests.covey_client.generate`; not to be edited.
"""

# ruff: noqa: F401, RUF100

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Literal, cast

from covey_client import models
from covey_client.calls import Call, call

Send = Callable[[Call], Any]
AsyncSend = Callable[[Call], Awaitable[Any]]


class Access:
    """Calls about access."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def audit(
        self,
        *,
        tenant: str | None = None,
        action: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PagedEntry:
        """Who changed what, the newest first."""
        return cast(
            "models.PagedEntry",
            self._send(
                call(
                    "GET",
                    "/v1/audit",
                    {},
                    {"tenant": tenant, "action": action, "limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_audit(
        self, *, tenant: str | None = None, action: str | None = None, limit: int | None = None
    ) -> Iterator[models.Entry]:
        """All rows of `audit`, page by page."""
        cursor: str | None = None
        while True:
            page = self.audit(tenant=tenant, action=action, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def me(self) -> models.Who:
        """Whose token this is, and what it may do."""
        return cast("models.Who", self._send(call("GET", "/v1/me", {}, {}, {}, None, None)))

    def list_tokens(self) -> list[models.TokenRow]:
        """All tokens, the newest first."""
        return cast("list[models.TokenRow]", self._send(call("GET", "/v1/tokens", {}, {}, {}, None, None)))

    def create_token(self, body: models.NewToken, *, idempotency_key: str | None = None) -> models.CreatedToken:
        """Make a token. Its text is in this answer and nowhere else."""
        return cast("models.CreatedToken", self._send(call("POST", "/v1/tokens", {}, {}, {}, body, idempotency_key)))

    def revoke_token(self, token_id: str) -> models.TokenRow:
        """Let a token open nothing from now on."""
        return cast(
            "models.TokenRow",
            self._send(call("DELETE", "/v1/tokens/{token_id}", {"token_id": token_id}, {}, {}, None, None)),
        )


class Accounts:
    """Calls about accounts."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list_accounts(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedAccountRow:
        """The accounts that the tenant's sources ask for, by name, each with how far it is covered."""
        return cast(
            "models.PagedAccountRow",
            self._send(call("GET", "/v1/accounts", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    def iter_list_accounts(self, *, limit: int | None = None) -> Iterator[models.AccountRow]:
        """All rows of `list_accounts`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_accounts(limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def track_accounts(
        self,
        body: models.AccountsWish,
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.ControlHttpShapesSourcesFollowed | models.FollowPrice:
        """Follow accounts: what they post, who mentions them, replies to them and quotes them."""
        return cast(
            "models.ControlHttpShapesSourcesFollowed | models.FollowPrice",
            self._send(
                call("POST", "/v1/accounts", {}, {"dry_run": dry_run, "force": force}, {}, body, idempotency_key)
            ),
        )

    def untrack_account(self, username: str) -> None:
        """Follow an account no longer. What was collected stays, and other sources that ask for it go on."""
        self._send(call("DELETE", "/v1/accounts/{username}", {"username": username}, {}, {}, None, None))


class Analytics:
    """Calls about analytics."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def authors(self, *, from_: str | None = None, to: str | None = None, most: int | None = None) -> models.Authors:
        """Who wrote most of the mentions."""
        return cast(
            "models.Authors",
            self._send(
                call("GET", "/v1/analytics/authors", {}, {"from": from_, "to": to, "most": most}, {}, None, None)
            ),
        )

    def share(
        self, *, source: list[str] | None = None, from_: str | None = None, to: str | None = None
    ) -> models.Shares:
        """Share of voice: which part of the mentions each source has, of all of the tenant or of those that are
        named."""
        return cast(
            "models.Shares",
            self._send(
                call("GET", "/v1/analytics/share", {}, {"source": source, "from": from_, "to": to}, {}, None, None)
            ),
        )

    def volume(
        self,
        *,
        by: Literal["language", "source"] | None = None,
        from_: str | None = None,
        to: str | None = None,
        most: int | None = None,
    ) -> models.Volume:
        """How many mentions there are by day, and of what."""
        return cast(
            "models.Volume",
            self._send(
                call(
                    "GET", "/v1/analytics/volume", {}, {"by": by, "from": from_, "to": to, "most": most}, {}, None, None
                )
            ),
        )


class Connect:
    """Calls about connect."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def start_connection(
        self, body: models.NewConnection | None | None = None, *, idempotency_key: str | None = None
    ) -> models.Started:
        """Where a person lets Covey into an account on X. Needs COVEY_X_CLIENT_ID and COVEY_CREDENTIAL_KEYS, and,
        where browsers are on other machines, COVEY_PUBLIC_URL."""
        return cast(
            "models.Started", self._send(call("POST", "/v1/connect/x/start", {}, {}, {}, body, idempotency_key))
        )

    def connection_status(self, connection_id: str) -> models.Connection:
        """What became of a person who was sent to X; kept for a day."""
        return cast(
            "models.Connection",
            self._send(
                call("GET", "/v1/connect/x/{connection_id}", {"connection_id": connection_id}, {}, {}, None, None)
            ),
        )

    def list_credentials(self) -> models.Credentials:
        """As whom X may be asked, and why one is left out now."""
        return cast("models.Credentials", self._send(call("GET", "/v1/credentials", {}, {}, {}, None, None)))


class Coverage:
    """Calls about coverage."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def backfill(
        self, body: models.BackfillWish, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.BackfillPrice:
        """Read what accounts and sources had in a span of time, where it was not read. Filled beside what is new."""
        return cast(
            "models.Run | models.BackfillPrice",
            self._send(call("POST", "/v1/backfill", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    def list_coverage(
        self,
        *,
        hours: float | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PagedCoverageRow:
        """How each account and each source of words is covered, and what is missing of it."""
        return cast(
            "models.PagedCoverageRow",
            self._send(
                call(
                    "GET",
                    "/v1/coverage",
                    {},
                    {"hours": hours, "until": until, "limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_list_coverage(
        self, *, hours: float | None = None, until: str | None = None, limit: int | None = None
    ) -> Iterator[models.CoverageRow]:
        """All rows of `list_coverage`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_coverage(hours=hours, until=until, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def source_coverage(
        self,
        source_id: str,
        *,
        hours: float | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PagedCoverageRow:
        """The same of one source: a row, or one for each of its accounts."""
        return cast(
            "models.PagedCoverageRow",
            self._send(
                call(
                    "GET",
                    "/v1/coverage/{source_id}",
                    {"source_id": source_id},
                    {"hours": hours, "until": until, "limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_source_coverage(
        self, source_id: str, *, hours: float | None = None, until: str | None = None, limit: int | None = None
    ) -> Iterator[models.CoverageRow]:
        """All rows of `source_coverage`, page by page."""
        cursor: str | None = None
        while True:
            page = self.source_coverage(source_id, hours=hours, until=until, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def list_gaps(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedGapRow:
        """What is missing, the newest first: why, whether it can be filled, and for about how much."""
        return cast(
            "models.PagedGapRow",
            self._send(call("GET", "/v1/gaps", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    def iter_list_gaps(self, *, limit: int | None = None) -> Iterator[models.GapRow]:
        """All rows of `list_gaps`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_gaps(limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


class Dead:
    """Calls about dead."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def letters(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        job: str | None = None,
        reason: str | None = None,
        before: str | None = None,
        replayed: bool | None = None,
    ) -> models.PagedLetter:
        """The letters that fit, the newest first."""
        return cast(
            "models.PagedLetter",
            self._send(
                call(
                    "GET",
                    "/v1/dead",
                    {},
                    {
                        "limit": limit,
                        "cursor": cursor,
                        "job": job,
                        "reason": reason,
                        "before": before,
                        "replayed": replayed,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_letters(
        self,
        *,
        limit: int | None = None,
        job: str | None = None,
        reason: str | None = None,
        before: str | None = None,
        replayed: bool | None = None,
    ) -> Iterator[models.Letter]:
        """All rows of `letters`, page by page."""
        cursor: str | None = None
        while True:
            page = self.letters(limit=limit, job=job, reason=reason, before=before, replayed=replayed, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def groups(
        self,
        *,
        limit: int | None = None,
        job: str | None = None,
        reason: str | None = None,
        before: str | None = None,
        replayed: bool | None = None,
    ) -> models.Groups:
        """The letters that fit, by job and reason, with how many there are; of the newest 100,000."""
        return cast(
            "models.Groups",
            self._send(
                call(
                    "GET",
                    "/v1/dead/groups",
                    {},
                    {"limit": limit, "job": job, "reason": reason, "before": before, "replayed": replayed},
                    {},
                    None,
                    None,
                )
            ),
        )

    def purge(
        self, body: models.ChosenToForget, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Purged:
        """Forget letters for good, 5,000 at most."""
        return cast(
            "models.Purged",
            self._send(call("POST", "/v1/dead/purge", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    def replay(
        self, body: models.Chosen, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Replayed:
        """Enqueue the jobs of letters anew, 5,000 at most. Repeating it enqueues nothing twice."""
        return cast(
            "models.Replayed",
            self._send(call("POST", "/v1/dead/replay", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    def letter(self, dead_id: str) -> models.Letter:
        """One letter."""
        return cast(
            "models.Letter", self._send(call("GET", "/v1/dead/{dead_id}", {"dead_id": dead_id}, {}, {}, None, None))
        )


class Endpoints:
    """Calls about endpoints."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list_all(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedEndpointRow:
        """The endpoints of the tenant, the newest first."""
        return cast(
            "models.PagedEndpointRow",
            self._send(call("GET", "/v1/endpoints", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    def iter_list_all(self, *, limit: int | None = None) -> Iterator[models.EndpointRow]:
        """All rows of `list_all`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_all(limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def create(self, body: models.NewEndpoint, *, idempotency_key: str | None = None) -> models.EndpointWithSecret:
        """Make an endpoint. Its secret is in this answer and nowhere else; the path of its address is never
        shown."""
        return cast(
            "models.EndpointWithSecret", self._send(call("POST", "/v1/endpoints", {}, {}, {}, body, idempotency_key))
        )

    def get(self, endpoint_id: str) -> models.EndpointDetails:
        """One: what waits for it, and how it did in the last 24 hours."""
        return cast(
            "models.EndpointDetails",
            self._send(call("GET", "/v1/endpoints/{endpoint_id}", {"endpoint_id": endpoint_id}, {}, {}, None, None)),
        )

    def edit(self, endpoint_id: str, body: models.EndpointChanges) -> models.EndpointRow:
        """Change it. What waits is tried again at once."""
        return cast(
            "models.EndpointRow",
            self._send(call("PATCH", "/v1/endpoints/{endpoint_id}", {"endpoint_id": endpoint_id}, {}, {}, body, None)),
        )

    def remove(self, endpoint_id: str) -> models.EndpointRow:
        """Forget it: nothing more is sent. Answers how it was."""
        return cast(
            "models.EndpointRow",
            self._send(call("DELETE", "/v1/endpoints/{endpoint_id}", {"endpoint_id": endpoint_id}, {}, {}, None, None)),
        )

    def deliveries(
        self, endpoint_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PagedDelivery:
        """What was tried in the last 14 days, the newest first."""
        return cast(
            "models.PagedDelivery",
            self._send(
                call(
                    "GET",
                    "/v1/endpoints/{endpoint_id}/deliveries",
                    {"endpoint_id": endpoint_id},
                    {"limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_deliveries(self, endpoint_id: str, *, limit: int | None = None) -> Iterator[models.Delivery]:
        """All rows of `deliveries`, page by page."""
        cursor: str | None = None
        while True:
            page = self.deliveries(endpoint_id, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def disable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.EndpointRow:
        """Send it nothing until it is enabled. Its place in the feed is kept for as long as the feed is: 14 days."""
        return cast(
            "models.EndpointRow",
            self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/disable",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    def enable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.EndpointRow:
        """Send to it again from where it was."""
        return cast(
            "models.EndpointRow",
            self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/enable",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    def ping(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.Ping:
        """Have it sent a message of type `ping`, once; its deliveries say what came of it."""
        return cast(
            "models.Ping",
            self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/ping",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    def replay(
        self, endpoint_id: str, body: models.Replay, *, idempotency_key: str | None = None
    ) -> models.EndpointRow:
        """Tell it again. Events have the ids they had, messages new ones; what is new waits until this is told."""
        return cast(
            "models.EndpointRow",
            self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/replay",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    body,
                    idempotency_key,
                )
            ),
        )

    def rotate(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.EndpointWithSecret:
        """Give it a new secret, which is in this answer alone. For 24 hours the one before signs too."""
        return cast(
            "models.EndpointWithSecret",
            self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/rotate",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )


class Engagement:
    """Calls about engagement."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def due(self, *, later: bool | None = None, limit: int | None = None) -> models.DueList:
        """Which posts of the tenant are read again next, the most urgent first. Where others have much that is
        due, fewer than there are may be told: 20,000 posts are looked through."""
        return cast(
            "models.DueList",
            self._send(call("GET", "/v1/engagement", {}, {"later": later, "limit": limit}, {}, None, None)),
        )

    def statistics(self, *, days: int | None = None, source: str | None = None) -> models.Stats:
        """What reading again led to by day and source; with the scope `operate` also of the whole installation,
        and how many posts are followed, due and late."""
        return cast(
            "models.Stats",
            self._send(call("GET", "/v1/engagement/stats", {}, {"days": days, "source": source}, {}, None, None)),
        )


class Feed:
    """Calls about feed."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def read(
        self,
        *,
        after: str | None = None,
        types: str | None = None,
        limit: int | None = None,
        wait: float | None = None,
        last_event_id: str | None = None,
    ) -> models.FeedPage:
        """What happened, in order: posts found, gone and edited, gaps. At least once; what comes twice has the
        same id."""
        return cast(
            "models.FeedPage",
            self._send(
                call(
                    "GET",
                    "/v1/feed",
                    {},
                    {"after": after, "types": types, "limit": limit, "wait": wait},
                    {"last-event-id": last_event_id},
                    None,
                    None,
                )
            ),
        )


class Mentions:
    """Calls about mentions."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list_mentions(
        self,
        *,
        source: str | None = None,
        status: models.MentionStatus | None = None,
        language: str | None = None,
        author: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.MentionPage:
        """What concerns the tenant's sources, the newest first. All filters that are given have to fit."""
        return cast(
            "models.MentionPage",
            self._send(
                call(
                    "GET",
                    "/v1/mentions",
                    {},
                    {
                        "source": source,
                        "status": status,
                        "language": language,
                        "author": author,
                        "from": from_,
                        "to": to,
                        "limit": limit,
                        "cursor": cursor,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_list_mentions(
        self,
        *,
        source: str | None = None,
        status: models.MentionStatus | None = None,
        language: str | None = None,
        author: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
    ) -> Iterator[models.Mention]:
        """All rows of `list_mentions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_mentions(
                source=source,
                status=status,
                language=language,
                author=author,
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
            )
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def set_statuses(
        self, body: models.Changes, *, idempotency_key: str | None = None
    ) -> list[models.ControlHttpRoutesMentionsChanged]:
        """Say how far people are with up to 500 mentions, in one entry of the audit trail. An id that is none
        changes nothing and stops nothing."""
        return cast(
            "list[models.ControlHttpRoutesMentionsChanged]",
            self._send(call("POST", "/v1/mentions/status", {}, {}, {}, body, idempotency_key)),
        )

    def get(self, mention_id: str) -> models.Mention:
        """One mention."""
        return cast(
            "models.Mention",
            self._send(call("GET", "/v1/mentions/{mention_id}", {"mention_id": mention_id}, {}, {}, None, None)),
        )

    def set_status(self, mention_id: str, body: models.Change) -> models.Mention:
        """Say how far people are with a mention."""
        return cast(
            "models.Mention",
            self._send(call("PATCH", "/v1/mentions/{mention_id}", {"mention_id": mention_id}, {}, {}, body, None)),
        )


class Money:
    """Calls about money."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def get_budget(self) -> models.Money:
        """Budgets, what was spent, what the day and the month will cost, and what the planner buys for it."""
        return cast("models.Money", self._send(call("GET", "/v1/budget", {}, {}, {}, None, None)))

    def set_budget(self, body: models.NewBudgets) -> models.Budgets:
        """Set some budgets and shares over those of the environment; every process heeds them at its next call."""
        return cast("models.Budgets", self._send(call("PUT", "/v1/budget", {}, {}, {}, body, None)))

    def unset_budget(self, name: str) -> models.Budgets:
        """Let a budget, or the share of a class of work, be that of the environment again."""
        return cast(
            "models.Budgets", self._send(call("DELETE", "/v1/budget/{name}", {"name": name}, {}, {}, None, None))
        )

    def get_spend(
        self, *, from_: str | None = None, to: str | None = None, by: models.By | None = None, tenant: str | None = None
    ) -> models.Spend:
        """What some days cost, a year at most. Without the scope `operate` it is what your tenant's work cost."""
        return cast(
            "models.Spend",
            self._send(
                call("GET", "/v1/spend", {}, {"from": from_, "to": to, "by": by, "tenant": tenant}, {}, None, None)
            ),
        )

    def unblock(self, body: models.Unblock, *, idempotency_key: str | None = None) -> models.Unblocked:
        """Lift a block of X when what X refused for is mended, instead of waiting until it is tried again."""
        return cast("models.Unblocked", self._send(call("POST", "/v1/unblock", {}, {}, {}, body, idempotency_key)))


class Operate:
    """Calls about operate."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def jobs(
        self,
        *,
        queue: str | None = None,
        state: models.QueuedState | None = None,
        subject: str | None = None,
        limit: int | None = None,
    ) -> models.Jobs:
        """Jobs that run or wait, of the first 50,000 of each queue: those that run, then the others as they are
        due."""
        return cast(
            "models.Jobs",
            self._send(
                call(
                    "GET",
                    "/v1/jobs",
                    {},
                    {"queue": queue, "state": state, "subject": subject, "limit": limit},
                    {},
                    None,
                    None,
                )
            ),
        )

    def cancel_job(self, job_id: str, *, idempotency_key: str | None = None) -> models.Cancelled:
        """Move a job that waits to the dead letters, from where it can be replayed. One that runs ends by itself."""
        return cast(
            "models.Cancelled",
            self._send(call("POST", "/v1/jobs/{job_id}/cancel", {"job_id": job_id}, {}, {}, None, idempotency_key)),
        )

    def limits(self) -> models.LimitsOutput:
        """The windows of X's rate limits, and what its refusals block. None of this limits requests to this API."""
        return cast("models.LimitsOutput", self._send(call("GET", "/v1/limits", {}, {}, {}, None, None)))

    def logs(
        self,
        *,
        service: list[str] | None = None,
        level: Literal["debug", "info", "warning", "error", "critical"] | None = None,
        since: str | None = None,
        correlation_id: str | None = None,
        limit: int | None = None,
    ) -> models.Logs:
        """The newest log entries of the processes that `covey up` runs on this machine. Containers have their own
        logs."""
        return cast(
            "models.Logs",
            self._send(
                call(
                    "GET",
                    "/v1/logs",
                    {},
                    {
                        "service": service,
                        "level": level,
                        "since": since,
                        "correlation_id": correlation_id,
                        "limit": limit,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    def queues(self) -> list[models.QueueRow]:
        """Every queue: what is due, waits and runs, how old the oldest is, who serves it, whether it is paused."""
        return cast("list[models.QueueRow]", self._send(call("GET", "/v1/queues", {}, {}, {}, None, None)))

    def pause_queue(self, queue: str, *, idempotency_key: str | None = None) -> models.ControlHttpShapesOperateChanged:
        """Begin nothing of this queue until it is resumed. What runs is finished, nothing is lost."""
        return cast(
            "models.ControlHttpShapesOperateChanged",
            self._send(call("POST", "/v1/queues/{queue}/pause", {"queue": queue}, {}, {}, None, idempotency_key)),
        )

    def resume_queue(self, queue: str, *, idempotency_key: str | None = None) -> models.ControlHttpShapesOperateChanged:
        """Go on with a queue that was paused."""
        return cast(
            "models.ControlHttpShapesOperateChanged",
            self._send(call("POST", "/v1/queues/{queue}/resume", {"queue": queue}, {}, {}, None, idempotency_key)),
        )

    def list_schedules(
        self, *, kind: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PagedScheduleRow:
        """What recurs, by id, with when it is due next."""
        return cast(
            "models.PagedScheduleRow",
            self._send(
                call("GET", "/v1/schedules", {}, {"kind": kind, "limit": limit, "cursor": cursor}, {}, None, None)
            ),
        )

    def iter_list_schedules(self, *, kind: str | None = None, limit: int | None = None) -> Iterator[models.ScheduleRow]:
        """All rows of `list_schedules`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_schedules(kind=kind, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def status(self) -> models.Status:
        """Does everything do its work, and if not, why? Counted once for all who ask, and kept for at least 5 s."""
        return cast("models.Status", self._send(call("GET", "/v1/status", {}, {}, {}, None, None)))

    def workers(self) -> list[models.WorkerRow]:
        """Every process with what its threads run, those too that went without a word within the last hour."""
        return cast("list[models.WorkerRow]", self._send(call("GET", "/v1/workers", {}, {}, {}, None, None)))


class Refreshing:
    """Calls about refreshing."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def update_engagement(
        self, body: models.UpdateWish | None = None, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.RefreshPrice:
        """Read what of the tenant's posts is most due, now and as one run. Nothing is due: a run of nothing,
        which is done. A schedule of QStash may ask for it, too, where its signing keys are set."""
        return cast(
            "models.Run | models.RefreshPrice",
            self._send(call("POST", "/v1/engagement/update", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    def refresh_posts(
        self, body: models.BatchWish, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.BatchRun | models.RefreshPrice:
        """Read the counts of many posts now, as one run. Posts that are not the tenant's are named, and left out."""
        return cast(
            "models.BatchRun | models.RefreshPrice",
            self._send(call("POST", "/v1/tweets/refresh", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    def refresh_post(
        self,
        post_id: str,
        body: models.RefreshWish | None = None,
        *,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.Run | models.RefreshPrice:
        """Read the counts of a post now, ahead of everything else. One that is being read is not asked for twice."""
        return cast(
            "models.Run | models.RefreshPrice",
            self._send(
                call(
                    "POST",
                    "/v1/tweets/{post_id}/refresh",
                    {"post_id": post_id},
                    {"dry_run": dry_run},
                    {},
                    body,
                    idempotency_key,
                )
            ),
        )


class Runs:
    """Calls about runs."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list_runs(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedRun:
        """What was asked for, the newest first. Runs are kept for 30 days."""
        return cast(
            "models.PagedRun",
            self._send(call("GET", "/v1/runs", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    def iter_list_runs(self, *, limit: int | None = None) -> Iterator[models.Run]:
        """All rows of `list_runs`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_runs(limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def get_run(self, run_id: str, *, if_none_match: str | None = None) -> models.Run:
        """One run: where it stands, how much of it is done, what it was to cost and what it cost."""
        return cast(
            "models.Run",
            self._send(
                call("GET", "/v1/runs/{run_id}", {"run_id": run_id}, {}, {"if-none-match": if_none_match}, None, None)
            ),
        )

    def cancel_run(self, run_id: str, *, idempotency_key: str | None = None) -> models.Run:
        """Ask for it no more: what waits is not done, what X is being asked ends by itself, what came of it
        stays. A run of `track` cannot be cancelled: leave the accounts out instead. One that has ended stays
        as it is."""
        return cast(
            "models.Run",
            self._send(call("POST", "/v1/runs/{run_id}/cancel", {"run_id": run_id}, {}, {}, None, idempotency_key)),
        )

    def run_results(self, run_id: str, *, limit: int | None = None, cursor: str | None = None) -> models.PagedRunResult:
        """What came of each subject, in the order in which they were asked for."""
        return cast(
            "models.PagedRunResult",
            self._send(
                call(
                    "GET",
                    "/v1/runs/{run_id}/results",
                    {"run_id": run_id},
                    {"limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_run_results(self, run_id: str, *, limit: int | None = None) -> Iterator[models.RunResult]:
        """All rows of `run_results`, page by page."""
        cursor: str | None = None
        while True:
            page = self.run_results(run_id, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


class Sources:
    """Calls about sources."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list_sources(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedSourceRow:
        """The sources by their ids, each with how far it is covered."""
        return cast(
            "models.PagedSourceRow",
            self._send(call("GET", "/v1/sources", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    def iter_list_sources(self, *, limit: int | None = None) -> Iterator[models.SourceRow]:
        """All rows of `list_sources`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_sources(limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def add_source(
        self,
        body: models.NewSource,
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.SourcesPrice:
        """Listen to a source from now on. Accounts are looked up first, where X can be asked here."""
        return cast(
            "models.SourcesPrice",
            self._send(
                call("POST", "/v1/sources", {}, {"dry_run": dry_run, "force": force}, {}, body, idempotency_key)
            ),
        )

    def apply_sources(
        self,
        body: dict[str, Any],
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        prune: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.Applied | models.SourcesPrice:
        """Make the tenant's sources what a list says, as JSON or YAML; what it does not name is left alone. All
        is checked first."""
        return cast(
            "models.Applied | models.SourcesPrice",
            self._send(
                call(
                    "POST",
                    "/v1/sources/apply",
                    {},
                    {"dry_run": dry_run, "force": force, "prune": prune},
                    {},
                    body,
                    idempotency_key,
                )
            ),
        )

    def get_source(self, source_id: str) -> models.SourceRow:
        """One source with all its fields."""
        return cast(
            "models.SourceRow",
            self._send(call("GET", "/v1/sources/{source_id}", {"source_id": source_id}, {}, {}, None, None)),
        )

    def edit_source(
        self, source_id: str, body: models.SourceForm, *, dry_run: bool | None = None, force: bool | None = None
    ) -> models.SourceChanged | models.SourcesPrice:
        """Change a source: what is given takes the place of what was, null takes a value away."""
        return cast(
            "models.SourceChanged | models.SourcesPrice",
            self._send(
                call(
                    "PATCH",
                    "/v1/sources/{source_id}",
                    {"source_id": source_id},
                    {"dry_run": dry_run, "force": force},
                    {},
                    body,
                    None,
                )
            ),
        )

    def remove_source(self, source_id: str) -> None:
        """Listen to it no longer. What was collected stays; the one that `/v1/accounts` fills is emptied."""
        self._send(call("DELETE", "/v1/sources/{source_id}", {"source_id": source_id}, {}, {}, None, None))

    def pause_source(self, source_id: str, *, idempotency_key: str | None = None) -> models.SourceChanged:
        """Read nothing for it until it is resumed. What was collected stays."""
        return cast(
            "models.SourceChanged",
            self._send(
                call("POST", "/v1/sources/{source_id}/pause", {"source_id": source_id}, {}, {}, None, idempotency_key)
            ),
        )

    def resume_source(self, source_id: str, *, idempotency_key: str | None = None) -> models.SourceChanged:
        """Read for a paused source again, from now on."""
        return cast(
            "models.SourceChanged",
            self._send(
                call("POST", "/v1/sources/{source_id}/resume", {"source_id": source_id}, {}, {}, None, idempotency_key)
            ),
        )

    def test_source(self, source_id: str, *, idempotency_key: str | None = None) -> models.SourceTest:
        """Whether X can be asked for it now: its query, the credential, the plan, what is in the way. Costs
        nothing."""
        return cast(
            "models.SourceTest",
            self._send(
                call("POST", "/v1/sources/{source_id}/test", {"source_id": source_id}, {}, {}, None, idempotency_key)
            ),
        )


class Statistics:
    """Calls about statistics."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def get_statistics(
        self, *, from_: str | None = None, to: str | None = None, days: int | None = None, tenant: str | None = None
    ) -> models.Statistics:
        """What was done, from sums that are kept; of the last seven days unless told otherwise. What searches did
        is kept for a fortnight, and is of the installation. Without the scope `operate` it is what was done
        for your tenant."""
        return cast(
            "models.Statistics",
            self._send(
                call(
                    "GET",
                    "/v1/statistics",
                    {},
                    {"from": from_, "to": to, "days": days, "tenant": tenant},
                    {},
                    None,
                    None,
                )
            ),
        )


class Sync:
    """Calls about sync."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def sync_mock_data(self, *, idempotency_key: str | None = None) -> models.Stored:
        """Store a few made-up posts, which say so, for the tenant. Refused unless COVEY_DEVELOPMENT is true."""
        return cast("models.Stored", self._send(call("POST", "/v1/sync/mock-data", {}, {}, {}, None, idempotency_key)))

    def sync_platforms(self) -> list[models.Platform]:
        """What can be listened to, and what the plan has of it."""
        return cast("list[models.Platform]", self._send(call("GET", "/v1/sync/platforms", {}, {}, {}, None, None)))

    def sync_scheduler(self) -> models.SchedulerStanding:
        """Whether somebody plans what is read, and when the tenant's searches are due."""
        return cast("models.SchedulerStanding", self._send(call("GET", "/v1/sync/scheduler", {}, {}, {}, None, None)))

    def sync_standing(self, source_id: str) -> models.SyncStanding:
        """How a source is read: since when now, when last, when next; X's limits and when they reset; what it
        brought."""
        return cast(
            "models.SyncStanding",
            self._send(call("GET", "/v1/sync/sources/{source_id}", {"source_id": source_id}, {}, {}, None, None)),
        )

    def sync_source(
        self, source_id: str, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.SyncPrice:
        """Read a source now. One that is being read at once already is refused, with that run's id as `run_id`."""
        return cast(
            "models.Run | models.SyncPrice",
            self._send(
                call(
                    "POST",
                    "/v1/sync/sources/{source_id}",
                    {"source_id": source_id},
                    {"dry_run": dry_run},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    def sync_tenant(
        self, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.SyncPrice:
        """Read all sources of the tenant now."""
        return cast(
            "models.Run | models.SyncPrice",
            self._send(call("POST", "/v1/sync/tenant", {}, {"dry_run": dry_run}, {}, None, idempotency_key)),
        )


class Tweets:
    """Calls about tweets."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def find(
        self,
        *,
        text: str | None = None,
        source: str | None = None,
        account: str | None = None,
        language: str | None = None,
        state: Literal["alive", "withheld", "deleted", "suspended", "protected"] | None = None,
        status: models.MentionStatus | None = None,
        from_: str | None = None,
        to: str | None = None,
        facets: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.Hits:
        """Search what is stored for the tenant, the newest first. All filters that are given have to fit; a page
        looks at 10,000 posts at most."""
        return cast(
            "models.Hits",
            self._send(
                call(
                    "GET",
                    "/v1/tweets",
                    {},
                    {
                        "text": text,
                        "source": source,
                        "account": account,
                        "language": language,
                        "state": state,
                        "status": status,
                        "from": from_,
                        "to": to,
                        "facets": facets,
                        "limit": limit,
                        "cursor": cursor,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_find(
        self,
        *,
        text: str | None = None,
        source: str | None = None,
        account: str | None = None,
        language: str | None = None,
        state: Literal["alive", "withheld", "deleted", "suspended", "protected"] | None = None,
        status: models.MentionStatus | None = None,
        from_: str | None = None,
        to: str | None = None,
        facets: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[models.Hit]:
        """All rows of `find`, page by page."""
        cursor: str | None = None
        while True:
            page = self.find(
                text=text,
                source=source,
                account=account,
                language=language,
                state=state,
                status=status,
                from_=from_,
                to=to,
                facets=facets,
                limit=limit,
                cursor=cursor,
            )
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def get(self, post_id: str) -> models.Post:
        """A post with its counts, every reading of them, an estimate by now, its files, its state, and when it is
        read next."""
        return cast(
            "models.Post", self._send(call("GET", "/v1/tweets/{post_id}", {"post_id": post_id}, {}, {}, None, None))
        )

    def media(self, post_id: str) -> list[models.File]:
        """The photos, videos and gifs of a post, and what became of their files."""
        return cast(
            "list[models.File]",
            self._send(call("GET", "/v1/tweets/{post_id}/media", {"post_id": post_id}, {}, {}, None, None)),
        )

    def quotes(self, post_id: str, *, limit: int | None = None, cursor: str | None = None) -> models.PagedPostRow:
        """The quotes of a post, the newest first. A page may have fewer rows than asked for and not be the last."""
        return cast(
            "models.PagedPostRow",
            self._send(
                call(
                    "GET",
                    "/v1/tweets/{post_id}/quotes",
                    {"post_id": post_id},
                    {"limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    def iter_quotes(self, post_id: str, *, limit: int | None = None) -> Iterator[models.PostRow]:
        """All rows of `quotes`, page by page."""
        cursor: str | None = None
        while True:
            page = self.quotes(post_id, limit=limit, cursor=cursor)
            yield from page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def refresh_preview(self, post_id: str) -> models.Preview:
        """When and why a post is read next, what that costs, and what it costs to read it now."""
        return cast(
            "models.Preview",
            self._send(call("GET", "/v1/tweets/{post_id}/refresh", {"post_id": post_id}, {}, {}, None, None)),
        )

    def thread(self, post_id: str, *, limit: int | None = None) -> models.Thread:
        """The conversation around a post, as a tree: each post, then what replies to it, the oldest first."""
        return cast(
            "models.Thread",
            self._send(
                call("GET", "/v1/tweets/{post_id}/thread", {"post_id": post_id}, {"limit": limit}, {}, None, None)
            ),
        )


class Api:
    """All subjects."""

    def __init__(self, send: Send) -> None:
        self.access = Access(send)
        self.accounts = Accounts(send)
        self.analytics = Analytics(send)
        self.connect = Connect(send)
        self.coverage = Coverage(send)
        self.dead = Dead(send)
        self.endpoints = Endpoints(send)
        self.engagement = Engagement(send)
        self.feed = Feed(send)
        self.mentions = Mentions(send)
        self.money = Money(send)
        self.operate = Operate(send)
        self.refreshing = Refreshing(send)
        self.runs = Runs(send)
        self.sources = Sources(send)
        self.statistics = Statistics(send)
        self.sync = Sync(send)
        self.tweets = Tweets(send)


class AsyncAccess:
    """Calls about access."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def audit(
        self,
        *,
        tenant: str | None = None,
        action: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PagedEntry:
        """Who changed what, the newest first."""
        return cast(
            "models.PagedEntry",
            await self._send(
                call(
                    "GET",
                    "/v1/audit",
                    {},
                    {"tenant": tenant, "action": action, "limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_audit(
        self, *, tenant: str | None = None, action: str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.Entry]:
        """All rows of `audit`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.audit(tenant=tenant, action=action, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def me(self) -> models.Who:
        """Whose token this is, and what it may do."""
        return cast("models.Who", await self._send(call("GET", "/v1/me", {}, {}, {}, None, None)))

    async def list_tokens(self) -> list[models.TokenRow]:
        """All tokens, the newest first."""
        return cast("list[models.TokenRow]", await self._send(call("GET", "/v1/tokens", {}, {}, {}, None, None)))

    async def create_token(self, body: models.NewToken, *, idempotency_key: str | None = None) -> models.CreatedToken:
        """Make a token. Its text is in this answer and nowhere else."""
        return cast(
            "models.CreatedToken", await self._send(call("POST", "/v1/tokens", {}, {}, {}, body, idempotency_key))
        )

    async def revoke_token(self, token_id: str) -> models.TokenRow:
        """Let a token open nothing from now on."""
        return cast(
            "models.TokenRow",
            await self._send(call("DELETE", "/v1/tokens/{token_id}", {"token_id": token_id}, {}, {}, None, None)),
        )


class AsyncAccounts:
    """Calls about accounts."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def list_accounts(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedAccountRow:
        """The accounts that the tenant's sources ask for, by name, each with how far it is covered."""
        return cast(
            "models.PagedAccountRow",
            await self._send(call("GET", "/v1/accounts", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    async def iter_list_accounts(self, *, limit: int | None = None) -> AsyncIterator[models.AccountRow]:
        """All rows of `list_accounts`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_accounts(limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def track_accounts(
        self,
        body: models.AccountsWish,
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.ControlHttpShapesSourcesFollowed | models.FollowPrice:
        """Follow accounts: what they post, who mentions them, replies to them and quotes them."""
        return cast(
            "models.ControlHttpShapesSourcesFollowed | models.FollowPrice",
            await self._send(
                call("POST", "/v1/accounts", {}, {"dry_run": dry_run, "force": force}, {}, body, idempotency_key)
            ),
        )

    async def untrack_account(self, username: str) -> None:
        """Follow an account no longer. What was collected stays, and other sources that ask for it go on."""
        await self._send(call("DELETE", "/v1/accounts/{username}", {"username": username}, {}, {}, None, None))


class AsyncAnalytics:
    """Calls about analytics."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def authors(
        self, *, from_: str | None = None, to: str | None = None, most: int | None = None
    ) -> models.Authors:
        """Who wrote most of the mentions."""
        return cast(
            "models.Authors",
            await self._send(
                call("GET", "/v1/analytics/authors", {}, {"from": from_, "to": to, "most": most}, {}, None, None)
            ),
        )

    async def share(
        self, *, source: list[str] | None = None, from_: str | None = None, to: str | None = None
    ) -> models.Shares:
        """Share of voice: which part of the mentions each source has, of all of the tenant or of those that are
        named."""
        return cast(
            "models.Shares",
            await self._send(
                call("GET", "/v1/analytics/share", {}, {"source": source, "from": from_, "to": to}, {}, None, None)
            ),
        )

    async def volume(
        self,
        *,
        by: Literal["language", "source"] | None = None,
        from_: str | None = None,
        to: str | None = None,
        most: int | None = None,
    ) -> models.Volume:
        """How many mentions there are by day, and of what."""
        return cast(
            "models.Volume",
            await self._send(
                call(
                    "GET", "/v1/analytics/volume", {}, {"by": by, "from": from_, "to": to, "most": most}, {}, None, None
                )
            ),
        )


class AsyncConnect:
    """Calls about connect."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def start_connection(
        self, body: models.NewConnection | None | None = None, *, idempotency_key: str | None = None
    ) -> models.Started:
        """Where a person lets Covey into an account on X. Needs COVEY_X_CLIENT_ID and COVEY_CREDENTIAL_KEYS, and,
        where browsers are on other machines, COVEY_PUBLIC_URL."""
        return cast(
            "models.Started", await self._send(call("POST", "/v1/connect/x/start", {}, {}, {}, body, idempotency_key))
        )

    async def connection_status(self, connection_id: str) -> models.Connection:
        """What became of a person who was sent to X; kept for a day."""
        return cast(
            "models.Connection",
            await self._send(
                call("GET", "/v1/connect/x/{connection_id}", {"connection_id": connection_id}, {}, {}, None, None)
            ),
        )

    async def list_credentials(self) -> models.Credentials:
        """As whom X may be asked, and why one is left out now."""
        return cast("models.Credentials", await self._send(call("GET", "/v1/credentials", {}, {}, {}, None, None)))


class AsyncCoverage:
    """Calls about coverage."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def backfill(
        self, body: models.BackfillWish, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.BackfillPrice:
        """Read what accounts and sources had in a span of time, where it was not read. Filled beside what is new."""
        return cast(
            "models.Run | models.BackfillPrice",
            await self._send(call("POST", "/v1/backfill", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    async def list_coverage(
        self,
        *,
        hours: float | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PagedCoverageRow:
        """How each account and each source of words is covered, and what is missing of it."""
        return cast(
            "models.PagedCoverageRow",
            await self._send(
                call(
                    "GET",
                    "/v1/coverage",
                    {},
                    {"hours": hours, "until": until, "limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_list_coverage(
        self, *, hours: float | None = None, until: str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.CoverageRow]:
        """All rows of `list_coverage`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_coverage(hours=hours, until=until, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def source_coverage(
        self,
        source_id: str,
        *,
        hours: float | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.PagedCoverageRow:
        """The same of one source: a row, or one for each of its accounts."""
        return cast(
            "models.PagedCoverageRow",
            await self._send(
                call(
                    "GET",
                    "/v1/coverage/{source_id}",
                    {"source_id": source_id},
                    {"hours": hours, "until": until, "limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_source_coverage(
        self, source_id: str, *, hours: float | None = None, until: str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.CoverageRow]:
        """All rows of `source_coverage`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.source_coverage(source_id, hours=hours, until=until, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def list_gaps(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedGapRow:
        """What is missing, the newest first: why, whether it can be filled, and for about how much."""
        return cast(
            "models.PagedGapRow",
            await self._send(call("GET", "/v1/gaps", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    async def iter_list_gaps(self, *, limit: int | None = None) -> AsyncIterator[models.GapRow]:
        """All rows of `list_gaps`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_gaps(limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return


class AsyncDead:
    """Calls about dead."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def letters(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        job: str | None = None,
        reason: str | None = None,
        before: str | None = None,
        replayed: bool | None = None,
    ) -> models.PagedLetter:
        """The letters that fit, the newest first."""
        return cast(
            "models.PagedLetter",
            await self._send(
                call(
                    "GET",
                    "/v1/dead",
                    {},
                    {
                        "limit": limit,
                        "cursor": cursor,
                        "job": job,
                        "reason": reason,
                        "before": before,
                        "replayed": replayed,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_letters(
        self,
        *,
        limit: int | None = None,
        job: str | None = None,
        reason: str | None = None,
        before: str | None = None,
        replayed: bool | None = None,
    ) -> AsyncIterator[models.Letter]:
        """All rows of `letters`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.letters(
                limit=limit, job=job, reason=reason, before=before, replayed=replayed, cursor=cursor
            )
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def groups(
        self,
        *,
        limit: int | None = None,
        job: str | None = None,
        reason: str | None = None,
        before: str | None = None,
        replayed: bool | None = None,
    ) -> models.Groups:
        """The letters that fit, by job and reason, with how many there are; of the newest 100,000."""
        return cast(
            "models.Groups",
            await self._send(
                call(
                    "GET",
                    "/v1/dead/groups",
                    {},
                    {"limit": limit, "job": job, "reason": reason, "before": before, "replayed": replayed},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def purge(
        self, body: models.ChosenToForget, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Purged:
        """Forget letters for good, 5,000 at most."""
        return cast(
            "models.Purged",
            await self._send(call("POST", "/v1/dead/purge", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    async def replay(
        self, body: models.Chosen, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Replayed:
        """Enqueue the jobs of letters anew, 5,000 at most. Repeating it enqueues nothing twice."""
        return cast(
            "models.Replayed",
            await self._send(call("POST", "/v1/dead/replay", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    async def letter(self, dead_id: str) -> models.Letter:
        """One letter."""
        return cast(
            "models.Letter",
            await self._send(call("GET", "/v1/dead/{dead_id}", {"dead_id": dead_id}, {}, {}, None, None)),
        )


class AsyncEndpoints:
    """Calls about endpoints."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def list_all(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedEndpointRow:
        """The endpoints of the tenant, the newest first."""
        return cast(
            "models.PagedEndpointRow",
            await self._send(call("GET", "/v1/endpoints", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    async def iter_list_all(self, *, limit: int | None = None) -> AsyncIterator[models.EndpointRow]:
        """All rows of `list_all`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_all(limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def create(
        self, body: models.NewEndpoint, *, idempotency_key: str | None = None
    ) -> models.EndpointWithSecret:
        """Make an endpoint. Its secret is in this answer and nowhere else; the path of its address is never
        shown."""
        return cast(
            "models.EndpointWithSecret",
            await self._send(call("POST", "/v1/endpoints", {}, {}, {}, body, idempotency_key)),
        )

    async def get(self, endpoint_id: str) -> models.EndpointDetails:
        """One: what waits for it, and how it did in the last 24 hours."""
        return cast(
            "models.EndpointDetails",
            await self._send(
                call("GET", "/v1/endpoints/{endpoint_id}", {"endpoint_id": endpoint_id}, {}, {}, None, None)
            ),
        )

    async def edit(self, endpoint_id: str, body: models.EndpointChanges) -> models.EndpointRow:
        """Change it. What waits is tried again at once."""
        return cast(
            "models.EndpointRow",
            await self._send(
                call("PATCH", "/v1/endpoints/{endpoint_id}", {"endpoint_id": endpoint_id}, {}, {}, body, None)
            ),
        )

    async def remove(self, endpoint_id: str) -> models.EndpointRow:
        """Forget it: nothing more is sent. Answers how it was."""
        return cast(
            "models.EndpointRow",
            await self._send(
                call("DELETE", "/v1/endpoints/{endpoint_id}", {"endpoint_id": endpoint_id}, {}, {}, None, None)
            ),
        )

    async def deliveries(
        self, endpoint_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PagedDelivery:
        """What was tried in the last 14 days, the newest first."""
        return cast(
            "models.PagedDelivery",
            await self._send(
                call(
                    "GET",
                    "/v1/endpoints/{endpoint_id}/deliveries",
                    {"endpoint_id": endpoint_id},
                    {"limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_deliveries(self, endpoint_id: str, *, limit: int | None = None) -> AsyncIterator[models.Delivery]:
        """All rows of `deliveries`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.deliveries(endpoint_id, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def disable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.EndpointRow:
        """Send it nothing until it is enabled. Its place in the feed is kept for as long as the feed is: 14 days."""
        return cast(
            "models.EndpointRow",
            await self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/disable",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    async def enable(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.EndpointRow:
        """Send to it again from where it was."""
        return cast(
            "models.EndpointRow",
            await self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/enable",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    async def ping(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.Ping:
        """Have it sent a message of type `ping`, once; its deliveries say what came of it."""
        return cast(
            "models.Ping",
            await self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/ping",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    async def replay(
        self, endpoint_id: str, body: models.Replay, *, idempotency_key: str | None = None
    ) -> models.EndpointRow:
        """Tell it again. Events have the ids they had, messages new ones; what is new waits until this is told."""
        return cast(
            "models.EndpointRow",
            await self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/replay",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    body,
                    idempotency_key,
                )
            ),
        )

    async def rotate(self, endpoint_id: str, *, idempotency_key: str | None = None) -> models.EndpointWithSecret:
        """Give it a new secret, which is in this answer alone. For 24 hours the one before signs too."""
        return cast(
            "models.EndpointWithSecret",
            await self._send(
                call(
                    "POST",
                    "/v1/endpoints/{endpoint_id}/rotate",
                    {"endpoint_id": endpoint_id},
                    {},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )


class AsyncEngagement:
    """Calls about engagement."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def due(self, *, later: bool | None = None, limit: int | None = None) -> models.DueList:
        """Which posts of the tenant are read again next, the most urgent first. Where others have much that is
        due, fewer than there are may be told: 20,000 posts are looked through."""
        return cast(
            "models.DueList",
            await self._send(call("GET", "/v1/engagement", {}, {"later": later, "limit": limit}, {}, None, None)),
        )

    async def statistics(self, *, days: int | None = None, source: str | None = None) -> models.Stats:
        """What reading again led to by day and source; with the scope `operate` also of the whole installation,
        and how many posts are followed, due and late."""
        return cast(
            "models.Stats",
            await self._send(call("GET", "/v1/engagement/stats", {}, {"days": days, "source": source}, {}, None, None)),
        )


class AsyncFeed:
    """Calls about feed."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def read(
        self,
        *,
        after: str | None = None,
        types: str | None = None,
        limit: int | None = None,
        wait: float | None = None,
        last_event_id: str | None = None,
    ) -> models.FeedPage:
        """What happened, in order: posts found, gone and edited, gaps. At least once; what comes twice has the
        same id."""
        return cast(
            "models.FeedPage",
            await self._send(
                call(
                    "GET",
                    "/v1/feed",
                    {},
                    {"after": after, "types": types, "limit": limit, "wait": wait},
                    {"last-event-id": last_event_id},
                    None,
                    None,
                )
            ),
        )


class AsyncMentions:
    """Calls about mentions."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def list_mentions(
        self,
        *,
        source: str | None = None,
        status: models.MentionStatus | None = None,
        language: str | None = None,
        author: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.MentionPage:
        """What concerns the tenant's sources, the newest first. All filters that are given have to fit."""
        return cast(
            "models.MentionPage",
            await self._send(
                call(
                    "GET",
                    "/v1/mentions",
                    {},
                    {
                        "source": source,
                        "status": status,
                        "language": language,
                        "author": author,
                        "from": from_,
                        "to": to,
                        "limit": limit,
                        "cursor": cursor,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_list_mentions(
        self,
        *,
        source: str | None = None,
        status: models.MentionStatus | None = None,
        language: str | None = None,
        author: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.Mention]:
        """All rows of `list_mentions`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_mentions(
                source=source,
                status=status,
                language=language,
                author=author,
                from_=from_,
                to=to,
                limit=limit,
                cursor=cursor,
            )
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def set_statuses(
        self, body: models.Changes, *, idempotency_key: str | None = None
    ) -> list[models.ControlHttpRoutesMentionsChanged]:
        """Say how far people are with up to 500 mentions, in one entry of the audit trail. An id that is none
        changes nothing and stops nothing."""
        return cast(
            "list[models.ControlHttpRoutesMentionsChanged]",
            await self._send(call("POST", "/v1/mentions/status", {}, {}, {}, body, idempotency_key)),
        )

    async def get(self, mention_id: str) -> models.Mention:
        """One mention."""
        return cast(
            "models.Mention",
            await self._send(call("GET", "/v1/mentions/{mention_id}", {"mention_id": mention_id}, {}, {}, None, None)),
        )

    async def set_status(self, mention_id: str, body: models.Change) -> models.Mention:
        """Say how far people are with a mention."""
        return cast(
            "models.Mention",
            await self._send(
                call("PATCH", "/v1/mentions/{mention_id}", {"mention_id": mention_id}, {}, {}, body, None)
            ),
        )


class AsyncMoney:
    """Calls about money."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def get_budget(self) -> models.Money:
        """Budgets, what was spent, what the day and the month will cost, and what the planner buys for it."""
        return cast("models.Money", await self._send(call("GET", "/v1/budget", {}, {}, {}, None, None)))

    async def set_budget(self, body: models.NewBudgets) -> models.Budgets:
        """Set some budgets and shares over those of the environment; every process heeds them at its next call."""
        return cast("models.Budgets", await self._send(call("PUT", "/v1/budget", {}, {}, {}, body, None)))

    async def unset_budget(self, name: str) -> models.Budgets:
        """Let a budget, or the share of a class of work, be that of the environment again."""
        return cast(
            "models.Budgets", await self._send(call("DELETE", "/v1/budget/{name}", {"name": name}, {}, {}, None, None))
        )

    async def get_spend(
        self, *, from_: str | None = None, to: str | None = None, by: models.By | None = None, tenant: str | None = None
    ) -> models.Spend:
        """What some days cost, a year at most. Without the scope `operate` it is what your tenant's work cost."""
        return cast(
            "models.Spend",
            await self._send(
                call("GET", "/v1/spend", {}, {"from": from_, "to": to, "by": by, "tenant": tenant}, {}, None, None)
            ),
        )

    async def unblock(self, body: models.Unblock, *, idempotency_key: str | None = None) -> models.Unblocked:
        """Lift a block of X when what X refused for is mended, instead of waiting until it is tried again."""
        return cast(
            "models.Unblocked", await self._send(call("POST", "/v1/unblock", {}, {}, {}, body, idempotency_key))
        )


class AsyncOperate:
    """Calls about operate."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def jobs(
        self,
        *,
        queue: str | None = None,
        state: models.QueuedState | None = None,
        subject: str | None = None,
        limit: int | None = None,
    ) -> models.Jobs:
        """Jobs that run or wait, of the first 50,000 of each queue: those that run, then the others as they are
        due."""
        return cast(
            "models.Jobs",
            await self._send(
                call(
                    "GET",
                    "/v1/jobs",
                    {},
                    {"queue": queue, "state": state, "subject": subject, "limit": limit},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def cancel_job(self, job_id: str, *, idempotency_key: str | None = None) -> models.Cancelled:
        """Move a job that waits to the dead letters, from where it can be replayed. One that runs ends by itself."""
        return cast(
            "models.Cancelled",
            await self._send(
                call("POST", "/v1/jobs/{job_id}/cancel", {"job_id": job_id}, {}, {}, None, idempotency_key)
            ),
        )

    async def limits(self) -> models.LimitsOutput:
        """The windows of X's rate limits, and what its refusals block. None of this limits requests to this API."""
        return cast("models.LimitsOutput", await self._send(call("GET", "/v1/limits", {}, {}, {}, None, None)))

    async def logs(
        self,
        *,
        service: list[str] | None = None,
        level: Literal["debug", "info", "warning", "error", "critical"] | None = None,
        since: str | None = None,
        correlation_id: str | None = None,
        limit: int | None = None,
    ) -> models.Logs:
        """The newest log entries of the processes that `covey up` runs on this machine. Containers have their own
        logs."""
        return cast(
            "models.Logs",
            await self._send(
                call(
                    "GET",
                    "/v1/logs",
                    {},
                    {
                        "service": service,
                        "level": level,
                        "since": since,
                        "correlation_id": correlation_id,
                        "limit": limit,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    async def queues(self) -> list[models.QueueRow]:
        """Every queue: what is due, waits and runs, how old the oldest is, who serves it, whether it is paused."""
        return cast("list[models.QueueRow]", await self._send(call("GET", "/v1/queues", {}, {}, {}, None, None)))

    async def pause_queue(
        self, queue: str, *, idempotency_key: str | None = None
    ) -> models.ControlHttpShapesOperateChanged:
        """Begin nothing of this queue until it is resumed. What runs is finished, nothing is lost."""
        return cast(
            "models.ControlHttpShapesOperateChanged",
            await self._send(call("POST", "/v1/queues/{queue}/pause", {"queue": queue}, {}, {}, None, idempotency_key)),
        )

    async def resume_queue(
        self, queue: str, *, idempotency_key: str | None = None
    ) -> models.ControlHttpShapesOperateChanged:
        """Go on with a queue that was paused."""
        return cast(
            "models.ControlHttpShapesOperateChanged",
            await self._send(
                call("POST", "/v1/queues/{queue}/resume", {"queue": queue}, {}, {}, None, idempotency_key)
            ),
        )

    async def list_schedules(
        self, *, kind: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> models.PagedScheduleRow:
        """What recurs, by id, with when it is due next."""
        return cast(
            "models.PagedScheduleRow",
            await self._send(
                call("GET", "/v1/schedules", {}, {"kind": kind, "limit": limit, "cursor": cursor}, {}, None, None)
            ),
        )

    async def iter_list_schedules(
        self, *, kind: str | None = None, limit: int | None = None
    ) -> AsyncIterator[models.ScheduleRow]:
        """All rows of `list_schedules`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_schedules(kind=kind, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def status(self) -> models.Status:
        """Does everything do its work, and if not, why? Counted once for all who ask, and kept for at least 5 s."""
        return cast("models.Status", await self._send(call("GET", "/v1/status", {}, {}, {}, None, None)))

    async def workers(self) -> list[models.WorkerRow]:
        """Every process with what its threads run, those too that went without a word within the last hour."""
        return cast("list[models.WorkerRow]", await self._send(call("GET", "/v1/workers", {}, {}, {}, None, None)))


class AsyncRefreshing:
    """Calls about refreshing."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def update_engagement(
        self, body: models.UpdateWish | None = None, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.RefreshPrice:
        """Read what of the tenant's posts is most due, now and as one run. Nothing is due: a run of nothing,
        which is done. A schedule of QStash may ask for it, too, where its signing keys are set."""
        return cast(
            "models.Run | models.RefreshPrice",
            await self._send(
                call("POST", "/v1/engagement/update", {}, {"dry_run": dry_run}, {}, body, idempotency_key)
            ),
        )

    async def refresh_posts(
        self, body: models.BatchWish, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.BatchRun | models.RefreshPrice:
        """Read the counts of many posts now, as one run. Posts that are not the tenant's are named, and left out."""
        return cast(
            "models.BatchRun | models.RefreshPrice",
            await self._send(call("POST", "/v1/tweets/refresh", {}, {"dry_run": dry_run}, {}, body, idempotency_key)),
        )

    async def refresh_post(
        self,
        post_id: str,
        body: models.RefreshWish | None = None,
        *,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.Run | models.RefreshPrice:
        """Read the counts of a post now, ahead of everything else. One that is being read is not asked for twice."""
        return cast(
            "models.Run | models.RefreshPrice",
            await self._send(
                call(
                    "POST",
                    "/v1/tweets/{post_id}/refresh",
                    {"post_id": post_id},
                    {"dry_run": dry_run},
                    {},
                    body,
                    idempotency_key,
                )
            ),
        )


class AsyncRuns:
    """Calls about runs."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def list_runs(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedRun:
        """What was asked for, the newest first. Runs are kept for 30 days."""
        return cast(
            "models.PagedRun",
            await self._send(call("GET", "/v1/runs", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    async def iter_list_runs(self, *, limit: int | None = None) -> AsyncIterator[models.Run]:
        """All rows of `list_runs`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_runs(limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def get_run(self, run_id: str, *, if_none_match: str | None = None) -> models.Run:
        """One run: where it stands, how much of it is done, what it was to cost and what it cost."""
        return cast(
            "models.Run",
            await self._send(
                call("GET", "/v1/runs/{run_id}", {"run_id": run_id}, {}, {"if-none-match": if_none_match}, None, None)
            ),
        )

    async def cancel_run(self, run_id: str, *, idempotency_key: str | None = None) -> models.Run:
        """Ask for it no more: what waits is not done, what X is being asked ends by itself, what came of it
        stays. A run of `track` cannot be cancelled: leave the accounts out instead. One that has ended stays
        as it is."""
        return cast(
            "models.Run",
            await self._send(
                call("POST", "/v1/runs/{run_id}/cancel", {"run_id": run_id}, {}, {}, None, idempotency_key)
            ),
        )

    async def run_results(
        self, run_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> models.PagedRunResult:
        """What came of each subject, in the order in which they were asked for."""
        return cast(
            "models.PagedRunResult",
            await self._send(
                call(
                    "GET",
                    "/v1/runs/{run_id}/results",
                    {"run_id": run_id},
                    {"limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_run_results(self, run_id: str, *, limit: int | None = None) -> AsyncIterator[models.RunResult]:
        """All rows of `run_results`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.run_results(run_id, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return


class AsyncSources:
    """Calls about sources."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def list_sources(self, *, limit: int | None = None, cursor: str | None = None) -> models.PagedSourceRow:
        """The sources by their ids, each with how far it is covered."""
        return cast(
            "models.PagedSourceRow",
            await self._send(call("GET", "/v1/sources", {}, {"limit": limit, "cursor": cursor}, {}, None, None)),
        )

    async def iter_list_sources(self, *, limit: int | None = None) -> AsyncIterator[models.SourceRow]:
        """All rows of `list_sources`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_sources(limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def add_source(
        self,
        body: models.NewSource,
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.SourcesPrice:
        """Listen to a source from now on. Accounts are looked up first, where X can be asked here."""
        return cast(
            "models.SourcesPrice",
            await self._send(
                call("POST", "/v1/sources", {}, {"dry_run": dry_run, "force": force}, {}, body, idempotency_key)
            ),
        )

    async def apply_sources(
        self,
        body: dict[str, Any],
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        prune: bool | None = None,
        idempotency_key: str | None = None,
    ) -> models.Applied | models.SourcesPrice:
        """Make the tenant's sources what a list says, as JSON or YAML; what it does not name is left alone. All
        is checked first."""
        return cast(
            "models.Applied | models.SourcesPrice",
            await self._send(
                call(
                    "POST",
                    "/v1/sources/apply",
                    {},
                    {"dry_run": dry_run, "force": force, "prune": prune},
                    {},
                    body,
                    idempotency_key,
                )
            ),
        )

    async def get_source(self, source_id: str) -> models.SourceRow:
        """One source with all its fields."""
        return cast(
            "models.SourceRow",
            await self._send(call("GET", "/v1/sources/{source_id}", {"source_id": source_id}, {}, {}, None, None)),
        )

    async def edit_source(
        self, source_id: str, body: models.SourceForm, *, dry_run: bool | None = None, force: bool | None = None
    ) -> models.SourceChanged | models.SourcesPrice:
        """Change a source: what is given takes the place of what was, null takes a value away."""
        return cast(
            "models.SourceChanged | models.SourcesPrice",
            await self._send(
                call(
                    "PATCH",
                    "/v1/sources/{source_id}",
                    {"source_id": source_id},
                    {"dry_run": dry_run, "force": force},
                    {},
                    body,
                    None,
                )
            ),
        )

    async def remove_source(self, source_id: str) -> None:
        """Listen to it no longer. What was collected stays; the one that `/v1/accounts` fills is emptied."""
        await self._send(call("DELETE", "/v1/sources/{source_id}", {"source_id": source_id}, {}, {}, None, None))

    async def pause_source(self, source_id: str, *, idempotency_key: str | None = None) -> models.SourceChanged:
        """Read nothing for it until it is resumed. What was collected stays."""
        return cast(
            "models.SourceChanged",
            await self._send(
                call("POST", "/v1/sources/{source_id}/pause", {"source_id": source_id}, {}, {}, None, idempotency_key)
            ),
        )

    async def resume_source(self, source_id: str, *, idempotency_key: str | None = None) -> models.SourceChanged:
        """Read for a paused source again, from now on."""
        return cast(
            "models.SourceChanged",
            await self._send(
                call("POST", "/v1/sources/{source_id}/resume", {"source_id": source_id}, {}, {}, None, idempotency_key)
            ),
        )

    async def test_source(self, source_id: str, *, idempotency_key: str | None = None) -> models.SourceTest:
        """Whether X can be asked for it now: its query, the credential, the plan, what is in the way. Costs
        nothing."""
        return cast(
            "models.SourceTest",
            await self._send(
                call("POST", "/v1/sources/{source_id}/test", {"source_id": source_id}, {}, {}, None, idempotency_key)
            ),
        )


class AsyncStatistics:
    """Calls about statistics."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def get_statistics(
        self, *, from_: str | None = None, to: str | None = None, days: int | None = None, tenant: str | None = None
    ) -> models.Statistics:
        """What was done, from sums that are kept; of the last seven days unless told otherwise. What searches did
        is kept for a fortnight, and is of the installation. Without the scope `operate` it is what was done
        for your tenant."""
        return cast(
            "models.Statistics",
            await self._send(
                call(
                    "GET",
                    "/v1/statistics",
                    {},
                    {"from": from_, "to": to, "days": days, "tenant": tenant},
                    {},
                    None,
                    None,
                )
            ),
        )


class AsyncSync:
    """Calls about sync."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def sync_mock_data(self, *, idempotency_key: str | None = None) -> models.Stored:
        """Store a few made-up posts, which say so, for the tenant. Refused unless COVEY_DEVELOPMENT is true."""
        return cast(
            "models.Stored", await self._send(call("POST", "/v1/sync/mock-data", {}, {}, {}, None, idempotency_key))
        )

    async def sync_platforms(self) -> list[models.Platform]:
        """What can be listened to, and what the plan has of it."""
        return cast(
            "list[models.Platform]", await self._send(call("GET", "/v1/sync/platforms", {}, {}, {}, None, None))
        )

    async def sync_scheduler(self) -> models.SchedulerStanding:
        """Whether somebody plans what is read, and when the tenant's searches are due."""
        return cast(
            "models.SchedulerStanding", await self._send(call("GET", "/v1/sync/scheduler", {}, {}, {}, None, None))
        )

    async def sync_standing(self, source_id: str) -> models.SyncStanding:
        """How a source is read: since when now, when last, when next; X's limits and when they reset; what it
        brought."""
        return cast(
            "models.SyncStanding",
            await self._send(call("GET", "/v1/sync/sources/{source_id}", {"source_id": source_id}, {}, {}, None, None)),
        )

    async def sync_source(
        self, source_id: str, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.SyncPrice:
        """Read a source now. One that is being read at once already is refused, with that run's id as `run_id`."""
        return cast(
            "models.Run | models.SyncPrice",
            await self._send(
                call(
                    "POST",
                    "/v1/sync/sources/{source_id}",
                    {"source_id": source_id},
                    {"dry_run": dry_run},
                    {},
                    None,
                    idempotency_key,
                )
            ),
        )

    async def sync_tenant(
        self, *, dry_run: bool | None = None, idempotency_key: str | None = None
    ) -> models.Run | models.SyncPrice:
        """Read all sources of the tenant now."""
        return cast(
            "models.Run | models.SyncPrice",
            await self._send(call("POST", "/v1/sync/tenant", {}, {"dry_run": dry_run}, {}, None, idempotency_key)),
        )


class AsyncTweets:
    """Calls about tweets."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def find(
        self,
        *,
        text: str | None = None,
        source: str | None = None,
        account: str | None = None,
        language: str | None = None,
        state: Literal["alive", "withheld", "deleted", "suspended", "protected"] | None = None,
        status: models.MentionStatus | None = None,
        from_: str | None = None,
        to: str | None = None,
        facets: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.Hits:
        """Search what is stored for the tenant, the newest first. All filters that are given have to fit; a page
        looks at 10,000 posts at most."""
        return cast(
            "models.Hits",
            await self._send(
                call(
                    "GET",
                    "/v1/tweets",
                    {},
                    {
                        "text": text,
                        "source": source,
                        "account": account,
                        "language": language,
                        "state": state,
                        "status": status,
                        "from": from_,
                        "to": to,
                        "facets": facets,
                        "limit": limit,
                        "cursor": cursor,
                    },
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_find(
        self,
        *,
        text: str | None = None,
        source: str | None = None,
        account: str | None = None,
        language: str | None = None,
        state: Literal["alive", "withheld", "deleted", "suspended", "protected"] | None = None,
        status: models.MentionStatus | None = None,
        from_: str | None = None,
        to: str | None = None,
        facets: bool | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[models.Hit]:
        """All rows of `find`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.find(
                text=text,
                source=source,
                account=account,
                language=language,
                state=state,
                status=status,
                from_=from_,
                to=to,
                facets=facets,
                limit=limit,
                cursor=cursor,
            )
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def get(self, post_id: str) -> models.Post:
        """A post with its counts, every reading of them, an estimate by now, its files, its state, and when it is
        read next."""
        return cast(
            "models.Post",
            await self._send(call("GET", "/v1/tweets/{post_id}", {"post_id": post_id}, {}, {}, None, None)),
        )

    async def media(self, post_id: str) -> list[models.File]:
        """The photos, videos and gifs of a post, and what became of their files."""
        return cast(
            "list[models.File]",
            await self._send(call("GET", "/v1/tweets/{post_id}/media", {"post_id": post_id}, {}, {}, None, None)),
        )

    async def quotes(self, post_id: str, *, limit: int | None = None, cursor: str | None = None) -> models.PagedPostRow:
        """The quotes of a post, the newest first. A page may have fewer rows than asked for and not be the last."""
        return cast(
            "models.PagedPostRow",
            await self._send(
                call(
                    "GET",
                    "/v1/tweets/{post_id}/quotes",
                    {"post_id": post_id},
                    {"limit": limit, "cursor": cursor},
                    {},
                    None,
                    None,
                )
            ),
        )

    async def iter_quotes(self, post_id: str, *, limit: int | None = None) -> AsyncIterator[models.PostRow]:
        """All rows of `quotes`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.quotes(post_id, limit=limit, cursor=cursor)
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def refresh_preview(self, post_id: str) -> models.Preview:
        """When and why a post is read next, what that costs, and what it costs to read it now."""
        return cast(
            "models.Preview",
            await self._send(call("GET", "/v1/tweets/{post_id}/refresh", {"post_id": post_id}, {}, {}, None, None)),
        )

    async def thread(self, post_id: str, *, limit: int | None = None) -> models.Thread:
        """The conversation around a post, as a tree: each post, then what replies to it, the oldest first."""
        return cast(
            "models.Thread",
            await self._send(
                call("GET", "/v1/tweets/{post_id}/thread", {"post_id": post_id}, {"limit": limit}, {}, None, None)
            ),
        )


class AsyncApi:
    """All subjects."""

    def __init__(self, send: AsyncSend) -> None:
        self.access = AsyncAccess(send)
        self.accounts = AsyncAccounts(send)
        self.analytics = AsyncAnalytics(send)
        self.connect = AsyncConnect(send)
        self.coverage = AsyncCoverage(send)
        self.dead = AsyncDead(send)
        self.endpoints = AsyncEndpoints(send)
        self.engagement = AsyncEngagement(send)
        self.feed = AsyncFeed(send)
        self.mentions = AsyncMentions(send)
        self.money = AsyncMoney(send)
        self.operate = AsyncOperate(send)
        self.refreshing = AsyncRefreshing(send)
        self.runs = AsyncRuns(send)
        self.sources = AsyncSources(send)
        self.statistics = AsyncStatistics(send)
        self.sync = AsyncSync(send)
        self.tweets = AsyncTweets(send)
