"""Owns the compliance jobs of one simulator: ids are uploaded, and what became of those that are gone is downloaded.

It must not speak HTTP. Invariant: at most one job of each type has not ended; a result has no line of what can be seen.

    created --upload--> in_progress --after `compliance_seconds`--> complete --after RESULT_MS--> expired
       '------------------------- no upload within UPLOAD_MS ----------------------------------------^

Memory: the newest `KEPT` jobs, each with its ids until it is complete and its lines from then on.
"""

import json
from dataclasses import dataclass, field
from hashlib import sha256

from simulator.calls import JsonObject
from simulator.clock import iso_ms
from simulator.config import HOUR_MS
from simulator.snowflake import Mint, created_at_ms
from simulator.world import World

TYPES = ("tweets", "users")
UPLOAD_MS, RESULT_MS = HOUR_MS // 4, 7 * 24 * HOUR_MS
KEPT = 50


@dataclass
class Job:
    """One job; times in ms. `secret` makes its two addresses hard to guess; `failed` when no id could be read."""

    id: int
    type: str
    name: str | None
    created_ms: int
    done_ms: int | None = None
    failed: bool = False
    ids: list[int] = field(default_factory=list)
    result: bytes | None = None

    @property
    def secret(self) -> str:
        """What is in its addresses beside its id."""
        return sha256(f"compliance/{self.id}/{self.created_ms}".encode()).hexdigest()[:24]

    def status(self, now_ms: int) -> str:
        """What X calls its state."""
        if self.failed:
            return "failed"
        if self.done_ms is None:
            return "created" if now_ms < self.created_ms + UPLOAD_MS else "expired"
        if now_ms < self.done_ms:
            return "in_progress"
        return "complete" if now_ms < self.created_ms + RESULT_MS else "expired"

    def as_json(self, base_url: str, now_ms: int) -> JsonObject:
        """Return it as X shows it."""
        named = {} if self.name is None else {"name": self.name}
        return {
            "id": str(self.id),
            "type": self.type,
            **named,
            "created_at": iso_ms(self.created_ms),
            "status": self.status(now_ms),
            "upload_url": f"{base_url}/compliance/upload/{self.id}/{self.secret}",
            "upload_expires_at": iso_ms(self.created_ms + UPLOAD_MS),
            "download_url": f"{base_url}/compliance/download/{self.id}/{self.secret}",
            "download_expires_at": iso_ms(self.created_ms + RESULT_MS),
        }


class Busy(Exception):
    """A job of the type has not ended."""


class ComplianceJobs:
    """The jobs of one world."""

    def __init__(self, world: World, seconds: float) -> None:
        """Jobs are complete `seconds` after their upload."""
        self._world, self._took_ms, self._mint = world, round(seconds * 1000), Mint()
        self._jobs: dict[int, Job] = {}

    def create(self, kind: str, name: str | None, now_ms: int) -> Job:
        """Begin a job; raise `Busy` while one of its type has not ended."""
        if any(job.type == kind and job.status(now_ms) in {"created", "in_progress"} for job in self._jobs.values()):
            raise Busy
        job = Job(self._mint.next(now_ms), kind, name, now_ms)
        self._jobs[job.id] = job
        for old in list(self._jobs)[:-KEPT]:
            del self._jobs[old]
        return job

    def find(self, job_id: int) -> Job | None:
        """Return a job, or None."""
        return self._jobs.get(job_id)

    def listed(self, kind: str, status: str | None, now_ms: int) -> list[Job]:
        """Return the jobs of a type, the newest first."""
        found = [job for job in self._jobs.values() if job.type == kind and status in {None, job.status(now_ms)}]
        return found[::-1]

    def upload(self, job: Job, body: bytes, now_ms: int) -> None:
        """Take the ids of a job, one a line; a line that is none ends it as failed."""
        words = body.decode("ascii", "replace").split()
        job.failed = not words or not all(word.isdigit() and len(word) <= 19 for word in words)
        job.ids = [] if job.failed else list(dict.fromkeys(map(int, words)))
        job.done_ms = now_ms + self._took_ms

    def result(self, job: Job) -> bytes:
        """Return the lines of a job that is complete, as they were when they were first asked for."""
        if job.result is None:
            of_one = self._of_post if job.type == "tweets" else self._of_user
            found = [line for one in job.ids if (line := of_one(one)) is not None]
            job.result, job.ids = b"".join(json.dumps(line).encode() + b"\n" for line in found), []
        return job.result

    def _of_post(self, post_id: int) -> JsonObject | None:
        post = self._world.index.by_id.get(post_id)
        if post is None:  # what the world has forgotten is there all the same; everything else never was
            return None if post_id < self._world.forgotten_before_id else _line(post_id, "deleted", self._world.now_ms)
        at_ms = post.hidden_at_ms if post.deleted_at_ms is None else post.deleted_at_ms
        return None if at_ms is None else _line(post_id, post.state, at_ms)

    def _of_user(self, user_id: int) -> JsonObject | None:
        account = self._world.accounts.by_id.get(user_id)
        if account is None:
            return _line(user_id, "deleted", self._world.now_ms)
        at_ms = account.suspended_at_ms or account.protected_at_ms
        return None if at_ms is None else _line(user_id, account.state, at_ms)


def _line(one: int, reason: str, at_ms: int) -> JsonObject:
    """Return one line of a result, as X writes it."""
    return {
        "id": str(one),
        "action": "delete",
        "created_at": iso_ms(created_at_ms(one)),
        "redacted_at": iso_ms(at_ms),
        "reason": reason,
    }
