"""`covey track` beside the simulator: names are looked up before they are followed, where X can be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.look_up import NO_CREDENTIAL
from shared.domain.jobs import Queue, ResolveHandles
from shared.services.bootstrap import Services
from tests.control.conftest import servers_of
from tests.control.whole import Done, run_covey
from tests.workers.world import Simulator, jobs_in, start_simulator

Track = Callable[..., Done]


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """An X of its own: one account is suspended in it and one protected."""
    running, process = start_simulator("--seed", "3", "--accounts", "4", "--history-hours", "1")
    _, _, suspended, protected = running.names()
    running.order("accounts", {"account": suspended, "change": "suspend"})
    running.order("accounts", {"account": protected, "change": "protect"})
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture
def track(services: Services, world: Simulator, tmp_path: Path) -> Track:
    """Runs `covey track` with a credential; keywords are settings."""

    def run(*arguments: str, **environment: str) -> Done:
        settings = {
            "X_BEARER_TOKEN": "sim-test",
            "COVEY_X_BASE_URL": world.url,
            "COVEY_DATA_DIR": str(tmp_path),
            **servers_of(services),
            **environment,
        }
        return run_covey("track", *arguments, **settings)

    return run


def followed(services: Services) -> dict[str, str | None]:
    """Every followed name with the id of its account, where that is known."""
    return {one["_id"]: one.get("user_id") for one in services.stores.handles.all(active_only=True)}


def left_to_workers(services: Services) -> list[str]:
    """Names that a worker is to look up."""
    jobs = jobs_in(services, Queue.INTERACTIVE)
    return [name for job in jobs if isinstance(job, ResolveHandles) for name in job.usernames]


def test_a_name_that_x_does_not_know_is_refused(track: Track, services: Services, world: Simulator) -> None:
    """Status 2 and the name in one line; neither it nor the other name is followed; --force follows both, saying so."""
    name = world.names()[0]

    done = track(name, "nosuchaccount_x")

    assert (done.status, followed(services)) == (2, {})
    assert "X knows no @nosuchaccount_x; nothing was done" in done.line
    assert name not in done.line
    forced = track(name, "nosuchaccount_x", "--force")
    assert (forced.status, set(followed(services))) == (0, {name.lower(), "nosuchaccount_x"})
    assert "X knows no @nosuchaccount_x" in forced.stderr


def test_who_is_suspended_or_protected_is_told_and_followed(track: Track, services: Services, world: Simulator) -> None:
    """One call for all of them; who stands how is told by name, and no worker asks again."""
    names, before = world.names(), world.calls("users/by")

    done = track(*names)

    assert done.status == 0
    told = done.stderr.splitlines()
    assert [line for line in told if line.startswith("Suspended") and line.endswith(f"@{names[2].lower()}")]
    assert [line for line in told if line.startswith("Protected") and line.endswith(f"@{names[3].lower()}")]
    assert set(followed(services)) == {name.lower() for name in names}
    assert followed(services)[names[0].lower()] is not None
    assert (world.calls("users/by") - before, left_to_workers(services)) == (1, [])


def test_what_x_said_is_told_to_scripts(track: Track, world: Simulator) -> None:
    """--json has the names by what is wrong with them."""
    names = world.names()

    told = json.loads(track(*names, "--json").stdout)

    assert told["looked_up"] is True
    assert (told["unknown"], told["suspended"], told["protected"]) == ([], [names[2].lower()], [names[3].lower()])


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"X_BEARER_TOKEN": ""}, NO_CREDENTIAL),
        ({"COVEY_BUDGET_DAY_USD": "0"}, "is used up"),
        ({"COVEY_X_BASE_URL": "http://127.0.0.1:9"}, "no connection came about"),
    ],
)
def test_where_x_cannot_be_asked_names_are_followed_as_they_are(
    track: Track, services: Services, settings: dict[str, str], why: str
) -> None:
    """Without a credential, money or X they are followed, a worker is to look them up, and the command says so."""
    done = track("nosuchaccount_x", **settings)

    assert (done.status, set(followed(services)), left_to_workers(services)) == (
        0,
        {"nosuchaccount_x"},
        ["nosuchaccount_x"],
    )
    assert "Not looked up first" in done.stderr
    assert why in done.stderr


def test_since_reads_what_a_followed_account_had(track: Track, services: Services, world: Simulator) -> None:
    """The dry run says what it would cost and does nothing; the command says who is read from there on, once."""
    name = world.names()[0]
    track(name)

    dry = json.loads(track(name, "--since", "2h", "--dry-run", "--json").stdout)
    first, second = (json.loads(track(name, "--since", "2h", "--json").stdout) for _ in range(2))

    assert (dry["would_add"], dry["read_back"]) == ([], [name.lower()])
    assert dry["once_usd"] > 0
    assert (first["already"], first["read_back"], second["read_back"]) == ([name], [name.lower()], [])
    assert len(services.stores.streams.active()) == 2
