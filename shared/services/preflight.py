"""May this process start, and will it keep its promises? Reads the facts, has them judged, tells what was found.

    facts (adapters, all at once) -> findings (shared/domain/preflight) -> log, `covey doctor`, `covey status`

Makes no call that X counts or bills, and changes nothing. Invariant: a server that is away costs about 5 s and ends in
a finding, never in an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import Final

from shared.credentials.pool import CredentialState
from shared.domain.errors import CoveyError, InputError, NoAnswer
from shared.domain.outcomes import MAX_ATTEMPTS, backoff_ceiling_seconds
from shared.domain.preflight.access import KnownCredential, judge_access, judge_plan
from shared.domain.preflight.clocks import judge_clocks
from shared.domain.preflight.finding import Check, Finding, Level, error, ok
from shared.domain.preflight.machine import judge_folder, judge_machine
from shared.domain.preflight.mongo import judge_mongo
from shared.domain.preflight.redis import judge_redis
from shared.domain.preflight.timing import Timing, judge_timing
from shared.platforms.transport import Timeouts
from shared.platforms.x.endpoints import QUOTE_TWEETS, SEARCH_RECENT, TWEETS, USAGE_TWEETS, USERS, USERS_BY
from shared.ratelimit.limiter import LEASE_SECONDS
from shared.redis import connection
from shared.redis.probe import probe as probe_redis
from shared.runtime.clock import epoch_seconds
from shared.runtime.log import get_logger
from shared.runtime.machine import read_folder, read_machine
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services, redis_url
from shared.stores.probe import probe as probe_mongo

log = get_logger(__name__)


class Part(Enum):
    """What can be looked at."""

    MACHINE = auto()
    TIMING = auto()
    DATA = auto()
    MEDIA = auto()
    REDIS = auto()
    MONGO = auto()
    ACCESS = auto()
    X = auto()


# What every process needs; `covey doctor` looks at all there is.
EVERY_PROCESS: Final = frozenset({Part.MACHINE, Part.TIMING, Part.REDIS, Part.MONGO})
ALL: Final = frozenset(Part)

_ASKED: Final = (SEARCH_RECENT, QUOTE_TWEETS, TWEETS, USERS, USERS_BY, USAGE_TWEETS)


def examine(services: Services, parts: Iterable[Part] = ALL) -> list[Finding]:
    """The findings about `parts`, in the order of `Check`; servers are asked at the same time."""
    wanted = set(parts)
    with ThreadPoolExecutor(max_workers=len(Part)) as pool:
        looks = pool.map(lambda part: _PROBES[part](services), wanted - {Part.ACCESS})
        found = [finding for findings in looks for finding in findings]
    if Part.ACCESS in wanted and not any(_says_mongo_is_of_no_use(finding) for finding in found):
        found += _access(services)
    order = {check: place for place, check in enumerate(Check)}
    return sorted(found, key=lambda finding: order[finding.check])


def require(services: Services, parts: Iterable[Part]) -> None:
    """Log every finding about `parts` at the start of a process.

    Raises InputError, in one line, for what no process may start with.
    """
    began = time.monotonic()
    findings = examine(services, parts)
    for finding in findings:
        _tell(finding)
    log.info("preflight done", checks=len(findings), seconds=round(time.monotonic() - began, 3))
    if fatal := [str(finding) for finding in findings if finding.ends_a_start]:
        raise InputError("; ".join(fatal))


def _says_mongo_is_of_no_use(finding: Finding) -> bool:
    return finding.check in (Check.MONGO_REACHABLE, Check.MONGO_TOPOLOGY) and finding.level is Level.ERROR


def _tell(finding: Finding) -> None:
    tell = {Level.OK: log.debug, Level.WARNING: log.warning, Level.ERROR: log.error}[finding.level]
    tell("preflight", check=finding.check.value, found=finding.message, todo=finding.todo)


def _machine(services: Services) -> list[Finding]:
    return judge_machine(read_machine(threads=services.settings.worker_threads))


def _timing(services: Services) -> list[Finding]:
    return judge_timing(_timing_of(services.settings))


def _timing_of(settings: Settings) -> Timing:
    bounds = Timeouts(connect_seconds=settings.x_connect_timeout_seconds, read_seconds=settings.x_read_timeout_seconds)
    return Timing(
        call=max(bounds.total_seconds, bounds.connect_seconds + bounds.read_seconds) + bounds.read_seconds,
        call_lease=LEASE_SECONDS,
        redis=connection.CONNECT_TIMEOUT_SECONDS + connection.TIMEOUT_SECONDS,
        heartbeat_timeout=settings.heartbeat_timeout_seconds,
        leader_lease=settings.leader_lease_seconds,
        scheduler_tick=settings.scheduler_tick_seconds,
        refresh_lease=settings.refresh_lease_seconds,
        retries=sum(backoff_ceiling_seconds(attempt) for attempt in range(1, MAX_ATTEMPTS)),
    )


def _data(services: Services) -> list[Finding]:
    return [judge_folder(read_folder(Check.DATA_FOLDER, "COVEY_DATA_DIR", services.settings.data_dir))]


def _media(services: Services) -> list[Finding]:
    return [judge_folder(read_folder(Check.MEDIA_FOLDER, "COVEY_MEDIA_DIR", services.settings.media_path))]


def _redis(services: Services) -> list[Finding]:
    client = connection.connect(redis_url(services.settings))
    try:
        reading = probe_redis(client, services.clock.now)
    finally:
        client.close()
    return judge_redis(reading.facts) + _clock(Check.REDIS_CLOCK, reading.ahead_seconds)


def _mongo(services: Services) -> list[Finding]:
    reading = probe_mongo(services.stores, services.clock.now)
    return judge_mongo(reading.facts) + _clock(Check.MONGO_CLOCK, reading.ahead_seconds)


def _access(services: Services) -> list[Finding]:
    try:
        known = [_known(one) for one in services.credentials.states()]
        plan = judge_plan(services.plan.capabilities(), services.clock.now())
    except CoveyError:
        return []  # MongoDB went away, which has a finding of its own
    return [*judge_access(known, {endpoint.key: endpoint.credentials for endpoint in _ASKED}), plan]


def _known(one: CredentialState) -> KnownCredential:
    return KnownCredential(one.id, one.kind, one.state.ends_by_itself, f"is {one.state.value}: {one.reason}")


def _x(services: Services) -> list[Finding]:
    base = services.settings.x_base_url
    before = epoch_seconds(services.clock.now())
    try:
        date = services.x.date_seconds()
    except CoveyError as fault:
        todo = "check the network, and COVEY_X_BASE_URL"
        why = fault.reason if isinstance(fault, NoAnswer) else fault
        return [error(Check.X_REACHABLE, f"{base} cannot be reached: {why}", todo)]
    # X's Date is cut down to the second, so on average it is half a second behind.
    middle = (before + epoch_seconds(services.clock.now())) / 2
    ahead = None if date is None else date + 0.5 - middle
    return [ok(Check.X_REACHABLE, f"{base} answers"), *_clock(Check.X_CLOCK, ahead)]


def _clock(check: Check, ahead_seconds: float | None) -> list[Finding]:
    return [] if ahead_seconds is None else judge_clocks({check: ahead_seconds})


_PROBES: Final[dict[Part, Callable[[Services], list[Finding]]]] = {
    Part.MACHINE: _machine,
    Part.TIMING: _timing,
    Part.DATA: _data,
    Part.MEDIA: _media,
    Part.REDIS: _redis,
    Part.MONGO: _mongo,
    Part.X: _x,
}
