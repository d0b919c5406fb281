"""Settings that contradict one another: what must outlast what. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.preflight.finding import Check, Finding, error, ok, warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds. call: the longest that one call of X can take. call_lease: of a grant of the limiter. redis: the longest
    that one command can take. retries: the longest that a job which fails passingly waits in all.
    """

    call: float
    call_lease: float
    redis: float
    heartbeat_timeout: float
    leader_lease: float
    scheduler_tick: float
    refresh_lease: float
    retries: float


def judge_timing(timing: Timing) -> list[Finding]:
    """The findings about the settings of time."""
    return [_call_lease(timing), _heartbeat(timing), _leader_lease(timing), _refresh_lease(timing)]


def _call_lease(timing: Timing) -> Finding:
    if timing.call >= timing.call_lease:
        message = (
            f"a call of X may take {timing.call:g} s, but its grant ends after {timing.call_lease:g} s: what is still"
            " under way is counted no more"
        )
        todo = "lower COVEY_X_CONNECT_TIMEOUT_SECONDS or COVEY_X_READ_TIMEOUT_SECONDS"
        return error(Check.CALL_LEASE, message, todo)
    return ok(Check.CALL_LEASE, f"a call of X ends ({timing.call:g} s) before its grant ({timing.call_lease:g} s)")


def _heartbeat(timing: Timing) -> Finding:
    if timing.heartbeat_timeout <= timing.redis:
        message = (
            f"a worker is taken for dead after {timing.heartbeat_timeout:g} s, but one slow answer of Redis may take"
            f" {timing.redis:g} s: its jobs would run twice"
        )
        return warning(Check.HEARTBEAT, message, f"set COVEY_HEARTBEAT_TIMEOUT_SECONDS above {timing.redis:g}")
    return ok(Check.HEARTBEAT, "a worker outlives one slow answer of Redis")


def _leader_lease(timing: Timing) -> Finding:
    longest = timing.redis + timing.scheduler_tick
    if timing.leader_lease <= longest:
        message = (
            f"the leader's lease ends after {timing.leader_lease:g} s, but between two renewals there may be"
            f" {longest:g} s: schedulers would take turns"
        )
        return warning(Check.LEADER_LEASE, message, f"set COVEY_LEADER_LEASE_SECONDS above {longest:g}")
    return ok(Check.LEADER_LEASE, "a leader outlives one slow answer of Redis")


def _refresh_lease(timing: Timing) -> Finding:
    longest = timing.retries + timing.call
    if timing.refresh_lease <= longest:
        message = (
            f"a claimed refresh is due again after {timing.refresh_lease:g} s, but its retries may take {longest:g} s:"
            " posts may be asked for twice"
        )
        return warning(Check.REFRESH_LEASE, message, f"set COVEY_REFRESH_LEASE_SECONDS above {longest:g}")
    return ok(Check.REFRESH_LEASE, "a claimed refresh outlasts its retries")
