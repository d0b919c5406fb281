"""What becomes of a job: every error has a decision, and every path ends."""

from __future__ import annotations

import inspect
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import errors
from shared.domain.errors import CoveyError, NewerJob, NotGranted, NotNow, PassingFault, Paused
from shared.domain.outcomes import (
    MAX_AGE_SECONDS,
    MAX_ATTEMPTS,
    MAX_BACKOFF_SECONDS,
    MAX_DEFERRAL_SECONDS,
    MIN_BACKOFF_SECONDS,
    MIN_DEFERRAL_SECONDS,
    DeferFor,
    Done,
    GiveUp,
    Pause,
    Reach,
    RetryIn,
    backoff_ceiling_seconds,
    backoff_seconds,
    decide,
    leave,
)

# One of each class of the tree that is raised, and the decision about a young job at its first attempt.
EXPECTED: list[tuple[CoveyError, type]] = [
    (errors.InputError("bad"), GiveUp),
    (errors.NoAnswer("search", "cut"), RetryIn),
    (errors.NotSent("search", "refused"), RetryIn),
    (errors.ServerFault("search", 503), RetryIn),
    (errors.StoreUnavailable("away"), RetryIn),
    (errors.BrokerUnavailable("away"), RetryIn),
    (errors.MediaUnavailable("away"), RetryIn),
    (errors.NotGranted("search", wait_seconds=2.0, blocked_by="window"), DeferFor),
    (errors.LimiterUnavailable("away"), DeferFor),
    (errors.CredentialNotReady("search", "user-1 is being renewed", wait_seconds=0.5), DeferFor),
    (errors.NewerJob("search_page: tenant", wait_seconds=10.0), DeferFor),
    (errors.PostsWithheld("X kept back 3 posts of page 0 of sweep-1", wait_seconds=1.0), DeferFor),
    (errors.WindowExceeded("search", "429", wait_seconds=2.0), DeferFor),
    (errors.BurstExceeded("search", "429", wait_seconds=2.0), DeferFor),
    (errors.DailyCapExceeded("search", "429", wait_seconds=2.0), DeferFor),
    (errors.UsageCapExceeded("search", "429", period="Monthly", wait_seconds=2.0), DeferFor),
    (errors.Unauthorized("search", "401"), Pause),
    (errors.Forbidden("search", "403"), Pause),
    (errors.RedisRefused("Redis refuses", "NOPERM"), Pause),
    (errors.NoRoom("media", "the disk is full"), Pause),
    (errors.CreditsDepleted("search", "402"), Pause),
    (errors.SpendCapReached("search", "403", reason="spend-cap-reached", until=None), Pause),
    (errors.InvalidRequest("search", ["bad"]), GiveUp),
    (errors.StaleSinceId("search", ["old"], oldest_since_id=1), GiveUp),
    (errors.UnknownParameter("search", ["what"], parameters=["x"]), GiveUp),
    (errors.NotFound("search"), GiveUp),
    (errors.UnmappedStatus("search", 418), GiveUp),
    (errors.BadJob("bad"), GiveUp),
    (errors.MediaRejected("bad"), GiveUp),
]
ERRORS = [error for error, _ in EXPECTED]


def leaves() -> set[type]:
    """The classes of the tree that are raised: those without a child, and two that have one."""
    classes = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, CoveyError)]
    parents = {base for cls in classes for base in cls.__bases__}
    return {cls for cls in classes if cls not in parents or cls in (errors.InvalidRequest, errors.NoAnswer)}


def test_no_error_of_the_tree_is_forgotten_here() -> None:
    """A new class of error fails this test until somebody has decided what a job does with it."""
    assert {type(error) for error, _ in EXPECTED} == leaves()


@pytest.mark.parametrize(("error", "decision"), EXPECTED, ids=lambda value: getattr(value, "__name__", None))
def test_every_error_has_its_decision(error: CoveyError, decision: type) -> None:
    """The branch of the tree decides; the reason is the name of the error."""
    decided = decide(error, attempt=1, age_seconds=0.0)

    assert type(decided) is decision
    assert decided.reason == type(error).__name__  # type: ignore[union-attr]


def test_no_error_is_done() -> None:
    """A handler that returned has done its work, whatever the attempt and the age."""
    assert decide(None, attempt=99, age_seconds=1e9) == Done()


@settings(deadline=None)
@given(
    error=st.sampled_from([*ERRORS, ValueError("a defect"), KeyError("x")]),
    attempt=st.integers(1, 50),
    age_seconds=st.floats(0, 1e7),
    seed=st.integers(0, 99),
)
def test_every_decision_is_bounded(error: Exception, attempt: int, age_seconds: float, seed: int) -> None:
    """Waits are positive and at most a quarter of an hour; attempts and age end every job; deferrals mind only age."""
    decided = decide(error, attempt=attempt, age_seconds=age_seconds, rng=random.Random(seed))

    match decided:
        case RetryIn(seconds, _):
            assert MIN_BACKOFF_SECONDS <= seconds <= MAX_BACKOFF_SECONDS
            assert attempt < MAX_ATTEMPTS
        case DeferFor(seconds, _):
            assert MIN_DEFERRAL_SECONDS <= seconds <= MAX_DEFERRAL_SECONDS
            assert isinstance(error, NotNow)
        case Pause(seconds, _):
            assert 0 < seconds <= MAX_DEFERRAL_SECONDS
            assert isinstance(error, Paused)
        case GiveUp(reason):
            assert type(error).__name__ in reason
            assert age_seconds > MAX_AGE_SECONDS or not isinstance(error, NotNow | Paused)
        case Done():
            pytest.fail("an error is never done")
    if age_seconds > MAX_AGE_SECONDS and not isinstance(error, NewerJob):
        assert isinstance(decided, GiveUp)


@given(left=st.floats(0, 1e6), patience=st.floats(0.001, 1e6), wait=st.floats(0.1, 900))
def test_a_job_is_left_for_so_long_and_no_longer(left: float, patience: float, wait: float) -> None:
    """Until the time is over it waits, never much beyond it; then it is given up, whatever its age."""
    outcome = leave(left, patience, wait, "unknown_actor")

    if left >= patience:
        assert outcome == GiveUp("unknown_actor")
    else:
        assert isinstance(outcome, DeferFor)
        assert 0 < outcome.seconds <= max(MIN_DEFERRAL_SECONDS, min(wait, patience - left))


@pytest.mark.parametrize("error", [e for e in ERRORS if isinstance(e, NotNow | Paused)], ids=lambda e: type(e).__name__)
def test_a_deferral_spends_no_attempt(error: CoveyError) -> None:
    """Deferred at its last attempt, a job is still deferred."""
    decided = decide(error, attempt=MAX_ATTEMPTS, age_seconds=MAX_AGE_SECONDS)

    assert isinstance(decided, DeferFor | Pause)


@pytest.mark.parametrize(
    ("wait", "seconds"), [(-1.0, MIN_DEFERRAL_SECONDS), (0.0, MIN_DEFERRAL_SECONDS), (2.5, 2.5), (1e6, 900.0)]
)
def test_a_wait_is_kept_within_its_bounds(wait: float, seconds: float) -> None:
    """Whatever the limiter says, a job looks again within a quarter of an hour, and not in a tight loop."""
    decided = decide(NotGranted("search", wait_seconds=wait, blocked_by="w"), attempt=1, age_seconds=0.0)

    assert decided == DeferFor(seconds, "NotGranted", Reach.KIND)


def test_a_refusal_tells_how_far_it_reaches() -> None:
    """What stops every call makes its kind of job wait, the size of one call those refused like it; a 429 one job."""
    all_stop = NotGranted("search", wait_seconds=2.0, blocked_by="window")
    too_large = NotGranted("search", wait_seconds=2.0, blocked_by="day_money", stops_all=False)
    by_x = errors.WindowExceeded("search", "429", wait_seconds=2.0)

    decided = [decide(error, attempt=1, age_seconds=0.0) for error in (all_stop, too_large, by_x)]

    reasons = ("NotGranted", "NotGranted", "WindowExceeded")
    reaches = (Reach.KIND, Reach.REFUSED, Reach.JOB)
    assert decided == [DeferFor(2.0, reason, reach) for reason, reach in zip(reasons, reaches, strict=True)]


@pytest.mark.parametrize("wait", [float("nan"), float("inf"), float("-inf")])
def test_a_wait_that_is_no_number_is_bounded_too(wait: float) -> None:
    """A broken wait does not break the policy."""
    decided = decide(NotGranted("search", wait_seconds=wait, blocked_by="w"), attempt=1, age_seconds=0.0)

    assert isinstance(decided, DeferFor)
    assert MIN_DEFERRAL_SECONDS <= decided.seconds <= MAX_DEFERRAL_SECONDS


def test_the_reasons_of_giving_up_tell_how() -> None:
    """Too many attempts, a defect and too old are told apart."""
    last = {"attempt": MAX_ATTEMPTS, "age_seconds": 0.0}

    assert decide(PassingFault("x"), **last) == GiveUp("attempts:PassingFault")  # type: ignore[arg-type]
    assert decide(ZeroDivisionError(), **last) == GiveUp("defect:ZeroDivisionError")  # type: ignore[arg-type]
    refused = NotGranted("search", wait_seconds=2.0, blocked_by="window")
    assert decide(refused, attempt=1, age_seconds=MAX_AGE_SECONDS + 1) == GiveUp("too_old:NotGranted")


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 5.0), (2, 20.0), (3, 80.0), (MAX_ATTEMPTS - 1, 300.0), (9, 300.0), (10_000, 300.0)]
)
def test_backoff_grows_to_five_minutes_and_is_spread(attempt: int, ceiling: float) -> None:
    """The last wait has a ceiling of five minutes; draws lie from one second to the ceiling, and are not all alike."""
    rng = random.Random(1)

    draws = [backoff_seconds(attempt, rng) for _ in range(300)]

    assert backoff_ceiling_seconds(attempt) == ceiling
    assert all(MIN_BACKOFF_SECONDS <= draw <= ceiling for draw in draws)
    assert max(draws) > 0.9 * ceiling
    assert len(set(draws)) > 100


def test_nine_of_ten_jobs_outlast_an_outage_of_a_minute() -> None:
    """A job that fails from the first moment on is tried for longer than that (half of them for over three minutes)."""
    rng = random.Random(1)

    spans = sorted(sum(backoff_seconds(attempt, rng) for attempt in range(1, MAX_ATTEMPTS)) for _ in range(2000))

    assert spans[len(spans) // 10] > 60
    assert spans[len(spans) // 2] > 180
