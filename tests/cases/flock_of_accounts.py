"""Accounts of a scripted X that are renamed, suspended, protected and gone, and what Covey follows of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shared.domain.jobs import LookAtAccounts, ResolveHandles
from shared.services.bootstrap import Services
from tests.workers.world import Asked, ScriptedX
from workers.handlers.accounts import look_at_accounts, resolve_handles

PROBLEMS = "https://api.x.com/2/problems/"


class Accounts:
    """id -> what X says of it: a name, or a reason why there is none. Answers look-ups by id and by name."""

    def __init__(self, x: ScriptedX) -> None:
        self.names: dict[int, str] = {}
        self.missing: dict[int, str] = {}
        self.protected: set[int] = set()
        self.status = 200
        x.script = self.answer

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """What X answers."""
        if self.status != 200:
            return self.status, {"title": "Error", "status": self.status}
        by_id = "ids" in asked.params
        wanted = (asked.params["ids"] if by_id else asked.params["usernames"]).split(",")
        data, errors = [], []
        for word in wanted:
            user_id = self._id_of(word, by_id=by_id)
            if user_id is not None and user_id not in self.missing:
                user = {"id": str(user_id), "username": self.names[user_id], "name": "N"}
                data.append(user | {"protected": user_id in self.protected})
            else:
                errors.append(_problem(word, self.missing.get(user_id or 0, "not-found"), by_id=by_id))
        return 200, ({"data": data} if data else {}) | ({"errors": errors} if errors else {})

    def _id_of(self, word: str, *, by_id: bool) -> int | None:
        if by_id:
            return int(word) if int(word) in self.names else None
        return next((id_ for id_, name in self.names.items() if name.lower() == word.lower()), None)


def _problem(word: str, reason: str, *, by_id: bool) -> dict[str, Any]:
    subject = {"value": word, "resource_id": word, "parameter": "ids" if by_id else "usernames"}
    if reason == "suspended":
        words = {
            "title": "Forbidden",
            "detail": f"User has been suspended: [{word}].",
            "type": PROBLEMS + "resource-not-found",
        }
    elif reason == "not-found":
        words = {"title": "Not Found Error", "detail": "Could not find", "type": PROBLEMS + "resource-not-found"}
    else:
        words = {"title": "Error", "type": PROBLEMS + reason}
    return {**subject, "resource_type": "user", **words}


def follow(services: Services, *names: str, since: datetime | None = None) -> None:
    """Follow accounts, learn their ids, and bring the queries in step, as commands, workers and scheduler do."""

    now = services.clock.now()
    services.following.follow(names, since=since or now - timedelta(minutes=10), now=now)
    resolve_handles(services, ResolveHandles(usernames=names))
    keep(services)


def look(services: Services) -> None:
    """Look at every followed account, and bring the streams in step."""
    ids = services.stores.handles.active_user_ids()
    look_at_accounts(services, LookAtAccounts(claim_id="look", user_ids=tuple(map(str, ids))))
    keep(services)


def keep(services: Services) -> None:
    """What the scheduler does between its rounds."""
    now = services.clock.now()
    services.following.keep_in_step(before=now + timedelta(seconds=1), now=now)


def queries(services: Services) -> str:
    """All that X is searched for."""
    return " | ".join(stream.query for stream in services.stores.streams.active())


def followed(services: Services) -> dict[str, str | None]:
    """The names that are followed, with the ids of their accounts."""
    return {one["_id"]: one["user_id"] for one in services.stores.handles.all(active_only=True)}
