"""Webhooks while those who send them are killed, and those who take them are away (W1)."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from control import endpoints
from control.trail import at_terminal
from shared.credentials.vault import new_key
from shared.domain.jobs import Queue
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock
from tests.faults.finding import Finding
from tests.faults.flock import Process, WholeFlock
from tests.faults.queue_fleet import wait_until
from tests.shared.http.receiver import Receiver, Taken, receiving

A_SECOND = 150  # posts that come, of all tenants together
ODD_ANSWERS = 100  # one in so many is a 500 instead
SLOW_SECONDS = 0.1  # an answer takes up to that: so kills meet messages that were taken and not noted
SETTLE_SECONDS = 240.0


@dataclass
class Takers:
    """A receiver for each tenant, and all of them away or there."""

    rng: random.Random
    by_tenant: dict[str, Receiver]
    away: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        for receiver in self.by_tenant.values():
            receiver.answer = self._answer

    def _answer(self, taken: Taken) -> int:
        """Also what is answered with an error was seen, as by a receiver that dies after its work."""
        threading.Event().wait(self.rng.random() * SLOW_SECONDS)
        if self.away.is_set():
            return 0
        return 500 if self.rng.randrange(ODD_ANSWERS) == 0 else 204


class Posts:
    """Lets mentions of all tenants come until it is stopped, marked as a page that is stored marks them."""

    def __init__(self, services: Services, tenants: list[str]) -> None:
        self._mentions, self._clock, self._tenants = services.stores.db["mentions"], services.clock, tenants
        self.made: dict[str, int] = dict.fromkeys(tenants, 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more come."""
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._stop.wait(0.1):
            rows: list[dict[str, Any]] = []
            for tenant in self._tenants:
                for _ in range(max(1, A_SECOND // 10 // len(self._tenants))):
                    self.made[tenant] += 1
                    number = str(self.made[tenant])
                    row = {"_id": f"{tenant}:x:{number}", "tenant_id": tenant, "external_id": number, "platform": "x"}
                    rows.append({**row, "content": f"text {number}", "unfed": self._clock.now()})
            self._mentions.insert_many(rows)


def killed_senders(
    folder: Path, *, seed: int, tenants: int, seconds: float, kills: int, away_seconds: float
) -> Finding:
    """W1: workers and leading schedulers are killed again and again while webhooks are sent, and all takers go away.

    Each event reaches its tenant, in order; what comes again comes in the same message under the same id.
    """
    rng = random.Random(seed)
    names = [f"tenant-{number}" for number in range(tenants)]
    keys = new_key()
    with WholeFlock(
        folder,
        simulator=False,
        credential_keys=keys,
        webhook_private=True,
        heartbeat_timeout_seconds=2.0,
        leader_lease_seconds=3.0,
    ) as flock:
        opened = {name: receiving() for name in names}
        takers = Takers(rng, {name: one.__enter__() for name, one in opened.items()})
        try:
            services = flock.services
            for name in names:
                endpoints.create(services, at_terminal(tenant=name), url=takers.by_tenant[name].url, after="0")
            schedulers = [flock.scheduler(instance=f"s{number}") for number in range(2)]
            workers = [flock.worker([Queue.MEDIA]) for _ in range(2)]
            posts = Posts(services, names)
            wait_until(lambda: any(one.taken for one in takers.by_tenant.values()), 60, "the first is taken")
            _trouble(flock, takers, rng, workers, schedulers, seconds=seconds, kills=kills, away_seconds=away_seconds)
            posts.stop()
            began = time.monotonic()
            wait_until(_settled(services, names, posts.made), SETTLE_SECONDS, "all is told")
            settled = time.monotonic() - began
        finally:
            for one in opened.values():
                one.__exit__(None, None, None)
    faults = {name: _faults(takers.by_tenant[name].taken, posts.made[name]) for name in names}
    events, messages = sum(posts.made.values()), sum(len(one.taken) for one in takers.by_tenant.values())
    again = messages - sum(len({_id(taken) for taken in one.taken}) for one in takers.by_tenant.values())
    wrong = {name: fault for name, fault in faults.items() if fault}
    return Finding(
        "W1",
        passed=not wrong and again > 0,
        figure=f"{kills} workers and {kills // 2} leaders killed, takers {away_seconds:g} s away: {events} events of "
        f"{tenants} tenants in {messages} messages, {again} of them again under the same id; settled after "
        f"{settled:.0f} s" + (f"; wrong: {wrong}" if wrong else ""),
        limit="each event, in order; again only as it was",
    )


def _trouble(
    flock: WholeFlock,
    takers: Takers,
    rng: random.Random,
    workers: list[Process],
    schedulers: list[Process],
    *,
    seconds: float,
    kills: int,
    away_seconds: float,
) -> None:
    """So many kills of workers, half as many of leaders, and in the middle nobody takes anything."""
    pause = threading.Event()
    for number in range(kills):
        pause.wait(seconds / kills)
        flock.kill(workers.pop(rng.randrange(len(workers))))
        workers.append(flock.worker([Queue.MEDIA]))
        if number % 2:
            flock.kill(schedulers.pop(0))
            schedulers.append(flock.scheduler(instance=f"s{number + 2}"))
        if number == kills // 2:
            takers.away.set()
            pause.wait(away_seconds)
            takers.away.clear()


def _settled(services: Services, names: list[str], made: dict[str, int]) -> Callable[[], bool]:
    """Whether all is told. Meanwhile an operator who knows that the takers are back has what failed tried again."""
    clock = ServerClock(services.stores.db)

    def is_it() -> bool:
        found = [one for name in names for one in services.stores.endpoints.page(name, start=None, limit=9)]
        for one in found:
            waits = one.due_at is not None and one.due_at - clock.now() > timedelta(seconds=60)
            if waits and one.pending is not None and one.pending.tries:
                endpoints.edit(services, at_terminal(tenant=one.tenant), one.id, {"max_events": one.max_events})
        return all(one.cursor == made[one.tenant] and one.pending is None for one in found)

    return is_it


def _faults(taken: list[Taken], made: int) -> str:
    """What is wrong with what one tenant was sent; empty: nothing."""
    by_message: dict[str, list[str]] = {}
    of_event: dict[str, set[str]] = defaultdict(set)
    first_seen: list[str] = []
    for one in list(taken):
        events = [event["id"] for event in one.message["data"]["events"]]
        if by_message.setdefault(_id(one), events) != events:
            return f"{_id(one)} came with other events"
        for event in one.message["data"]["events"]:
            if event["id"] not in of_event:
                first_seen.append(event["cursor"])
            of_event[event["id"]].add(_id(one))
    if first_seen != [str(number) for number in range(1, made + 1)]:
        return f"{len(first_seen)} of {made} events, or not in order"
    twice = [event for event, messages in of_event.items() if len(messages) > 1]
    return f"{len(twice)} events in several messages" if twice else ""


def _id(taken: Taken) -> str:
    return taken.headers["webhook-id"]
