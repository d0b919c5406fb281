"""What X does to a flock: it fails, refuses, answers oddly, costs money."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from control import backfills, budget, commands
from shared.credentials.keeping import keep
from shared.credentials.secrets import UserTokens
from shared.platforms.x.oauth import OAuthClient
from shared.ratelimit.model import Window
from tests.cases.hosts import certificate
from tests.faults.alerts_flock import LISTENER, SCHEDULER, WORKERS, AlertsFlock
from tests.faults.alerts_stage import Act
from tests.faults.queue_fleet import wait_until

EVERYWHERE = ("search/recent", "quote_tweets", "tweets", "users", "users/by")
SPENT = 0.98
CREDENTIAL_SECONDS = 25


@contextmanager
def failing(flock: AlertsFlock) -> Iterator[None]:
    """Half of all calls get 503, then all; a history of two hours and a backfill were asked for and are not read."""
    half = {
        "match": {"endpoint": list(EVERYWHERE), "probability": 0.5},
        "answer": {"kind": "server_error", "status": 503},
    }
    every = {"match": {"endpoint": list(EVERYWHERE)}, "answer": {"kind": "server_error", "status": 503}}
    with flock.answers(half):
        wait_until(lambda: "CoveyXFails" in flock.prometheus.firing(), 90, "half of the calls fail")
        flock.order("faults", {"seed": 1, "rules": [every]})
        commands.track(flock.services, flock.kept_back[:2], since=timedelta(hours=2))
        now = flock.services.clock.now()
        hour = backfills.plan(
            flock.services, flock.tracked[:1], from_at=now - timedelta(hours=3), to_at=now - timedelta(hours=2)
        )
        backfills.begin(flock.services, hour, flock.tracked[:1])
        yield


@contextmanager
def deaf(flock: AlertsFlock) -> Iterator[None]:
    """X ends the stream of a listener and lets nobody in, and then does; the listener goes as it should."""
    heard = 'max(covey_live_connected{route="activity"})'
    flock.start(LISTENER)
    wait_until(lambda: flock.prometheus.value(heard) == 1, 60, "the listener is connected")
    flock.order("streams", {"act": "disconnect", "fail_seconds": 3600})
    yield
    flock.order("streams", {"act": "disconnect"})
    wait_until(lambda: flock.prometheus.value(heard) == 1, 120, "it is connected again")
    flock.end(LISTENER, cleanly=True)


@contextmanager
def throttled(flock: AlertsFlock) -> Iterator[None]:
    """One 429 that the limiter did not expect."""
    rule = {
        "match": {"endpoint": "search/recent", "times": 1},
        "answer": {"kind": "problem", "problem": "too-many-requests"},
    }
    with flock.answers(rule):
        yield


def refused(problem: str) -> Callable[[AlertsFlock], AbstractContextManager[None]]:
    """X refuses one call; a person mends that, and lifts the block."""

    @contextmanager
    def doing(flock: AlertsFlock) -> Iterator[None]:
        rule = {"match": {"endpoint": list(EVERYWHERE), "times": 1}, "answer": {"kind": "problem", "problem": problem}}
        with flock.answers(rule):
            yield
        limiter = flock.services.limiter
        limiter.unblock()
        for credential in flock.services.credentials.usable():
            limiter.unblock(credential_id=credential.id)
            for endpoint in EVERYWHERE:
                limiter.unblock(credential_id=credential.id, endpoint=endpoint)

    return doing


@contextmanager
def spent(flock: AlertsFlock) -> Iterator[None]:
    """The budget of the day is set to what is nearly spent."""
    used = next(one.used for one in flock.services.limiter.state().budgets if one.window is Window.DAY_MONEY)
    budget.choose(flock.services, {"day_usd": used / SPENT}, {})
    yield
    budget.forget(flock.services, ["day_usd"], [])


@contextmanager
def ending_credential(flock: AlertsFlock) -> Iterator[None]:
    """Tokens without renewal are stored, and end while the act lasts; they are removed."""
    services = flock.services
    tokens = UserTokens(77, OAuthClient("sim-app"), SecretStr("sim-user-77"))
    lifetime = timedelta(seconds=CREDENTIAL_SECONDS)
    credential_id = keep(services.stores.credentials, services.vault, tokens, lifetime=lifetime)
    yield
    services.stores.credentials.remove(credential_id)


@contextmanager
def ending_certificate(flock: AlertsFlock) -> Iterator[None]:
    """A worker trusts a certificate that ends in five days; then one that does not."""
    files: list[Path] = []
    for days in (5, 400):
        folder = flock.folder / f"authority-{days}"
        folder.mkdir()
        files.append(certificate(folder, days=days)[0])
    flock.start("worker-3", COVEY_X_CA_FILE=str(files[0]))
    yield
    flock.end("worker-3", cleanly=True)
    flock.start("worker-3", COVEY_X_CA_FILE=str(files[1]))
    wait_until(lambda: flock.sees("worker-3"), 30, "the worker is there again")
    flock.end("worker-3", cleanly=True)


@contextmanager
def odd(flock: AlertsFlock) -> Iterator[None]:
    """Pages that lead nowhere, objects without keys, files that are not there, 400 to thirty requests, an account
    that is suspended, an index that somebody dropped."""
    services = flock.services
    rules = (
        {"match": {"endpoint": "search/recent", "times": 60}, "answer": {"kind": "empty_page_with_token"}},
        {
            "match": {"endpoint": "search/recent", "probability": 0.5},
            "answer": {"kind": "broken_object", "form": "null_in_data"},
        },
        {"match": {"endpoint": "files"}, "answer": {"kind": "status", "status": 404}},
        {"match": {"endpoint": "tweets", "times": 40}, "answer": {"kind": "problem", "problem": "invalid-request"}},
    )
    services.stores.db["X_users"].drop_index("username_1")
    with flock.answers(*rules):
        flock.order("accounts", {"account": flock.tracked[0], "change": "suspend"})
        commands.track(flock.services, flock.kept_back[2:], since=timedelta(hours=6))
        for post in services.stores.db["X_tweets"].find({}, {"_id": 1}).limit(40):
            commands.refresh(services, [int(post["_id"])], max_age=timedelta(0))
        yield
    flock.order("accounts", {"account": flock.tracked[0], "change": "restore"})
    purge(flock)
    for name in (SCHEDULER, *WORKERS):
        flock.end(name, cleanly=True)
        flock.start(name)


def purge(flock: AlertsFlock) -> None:
    """Forget the dead letters, as `covey dead purge` does."""
    from shared.stores.dead_letters import DeadFilter

    flock.services.stores.dead_letters.purge(DeadFilter())


ACTS = (
    Act("X answers one call with 429", ("CoveyThrottled",), throttled),
    Act("X ends a live stream and lets nobody in", ("CoveyListenerDown",), deaf, fires_within_seconds=90),
    Act("X wants money", ("CoveyPaused",), refused("credits-depleted"), variant="402"),
    Act("X does not take the token", ("CoveyPaused",), refused("unauthorized"), variant="401"),
    Act("X forbids an endpoint", ("CoveyPaused",), refused("forbidden"), variant="403"),
    Act("the budget of the day is 98 % spent", ("CoveyBudgetLow", "CoveyBudgetSpent"), spent),
    Act("tokens that nothing renews end", ("CoveyCredentialEnds", "CoveyCredentialUseless"), ending_credential),
    Act("a worker trusts a certificate that ends in five days", ("CoveyCertificateEnds",), ending_certificate),
    Act(
        "X fails half of all calls, then all",
        (
            *("CoveyXFails", "CoveyEndpointBroken", "CoveyCoverageLags", "CoveyCoverageStopped", "CoveyGapsStay"),
            "CoveyNotVerified",
        ),
        failing,
        fires_within_seconds=180,
        silent_within_seconds=150,
    ),
    Act(
        "odd objects, pages, files and refusals; an account suspended; an index dropped",
        (
            *("CoveyObjectsSetAside", "CoveyGap", "CoveyMediaFails", "CoveyDeadLetters", "CoveyDeadLettersGrow"),
            *("CoveyAccountChanged", "CoveyIndexesMissing"),
        ),
        odd,
        fires_within_seconds=130,
        silent_within_seconds=150,
    ),
)
