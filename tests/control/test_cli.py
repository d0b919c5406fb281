"""The `covey` command on real servers: in this process, and as a process of its own where that is what matters."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from control.cli.listed import COMMANDS, app
from shared.domain.jobs import ALL_QUEUES
from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke, servers_of
from tests.control.whole import Covey, covey
from tests.workers.world import Simulator, jobs_in

__all__ = ["covey"]
ROOT = str(Path(__file__).parents[2])
# Ids of 15 November 2021.
A, B, C = (str(1460323737035677698 + number) for number in range(3))
# Commands that become another program.
PROGRAMS = {name for name, row in COMMANDS.items() if row.module == "processes"}
# What the program may take beside its questions, on a machine with other work.
BUSY_SECONDS = 3.0
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `covey` as a process in an empty folder with no settings but those given."""

    def begin(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "control.cli", *arguments],
            env={"PYTHONPATH": ROOT, "COVEY_DATA_DIR": str(tmp_path), "COLUMNS": "100", **environment},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return begin


def commands_of(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, with its groups."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield (*path, name)
        if hasattr(command, "commands"):
            yield from commands_of(command, (*path, name))


# --- help


def test_every_command_has_its_place_in_the_help() -> None:
    """`covey --help` begins with what a newcomer needs, and no command is left to chance."""
    listed = re.findall(r"^  ([a-z]+) {2,}", CliRunner().invoke(app, ["--help"]).output, flags=re.MULTILINE)

    assert tuple(listed) == tuple(COMMANDS)


def test_every_command_explains_itself() -> None:
    """`--help` of each command that is not another program names its options and ends well."""
    every = commands_of(typer.main.get_command(app))
    here = [path for path in every if path[0] not in PROGRAMS]
    assert {("track",), ("refresh",), ("status",), ("demo",), ("up",), ("dead", "list")} <= set(here)

    for path in here:
        done = CliRunner().invoke(app, [*path, "--help"])
        assert done.exit_code == 0, path
        assert "--help" in done.output, path


def test_the_other_programs_explain_themselves(run: Run) -> None:
    """`covey worker -h` and its like show the options of the program that they become."""
    expected = {"once": "--max-calls", "worker": "--queues", "scheduler": "--metrics-port"}
    expected |= {"listener": "--webhook-port", "control": "--port", "simulator": "--seed"}
    assert set(expected) == PROGRAMS
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(expected, pool.map(lambda name: run(name, "-h"), expected), strict=True))

    for name, option in expected.items():
        assert (answers[name].returncode, answers[name].stderr) == (0, ""), name
        assert option in answers[name].stdout


# --- what is wrong is said in one line


def test_wrong_input_names_itself_and_does_nothing(covey: Covey, services: Services) -> None:
    """One line that holds the bad value and not the good one, status 2, nothing stored and nothing enqueued."""
    wrong = {
        "'no spaces'": ["track", "alice", "no spaces"],
        "'12x'": ["refresh", A, "12x"],
        "'tepid'": ["refresh", "--tier", "tepid"],
        "'8d'": ["track", "alice", "--since", "8d"],
        "not followed: bob": ["untrack", "bob"],
    }
    for value, arguments in wrong.items():
        done = covey(*arguments)
        assert done.status == 2
        assert value in done.line
    assert all(services.stores.db[name].count_documents({}) == 0 for name in services.stores.db.list_collection_names())
    assert all(jobs_in(services, queue) == [] for queue in ALL_QUEUES)


def test_what_is_missing_is_named(covey: Covey) -> None:
    """Without REDIS_URL, without a token for `up`, or with a setting that does not fit, the line says what to set."""
    cases: dict[str, tuple[str, dict[str, str]]] = {
        "REDIS_URL is not set": ("status", {"REDIS_URL": ""}),
        "X_BEARER_TOKEN is not set": ("up", {"REDIS_URL": "", "MONGO_URI": ""}),
        "unknown scheme 'http'": ("status", {"REDIS_URL": "http://127.0.0.1"}),
        "COVEY_X_QUERY_MAX_LENGTH": ("status", {"COVEY_X_QUERY_MAX_LENGTH": "5"}),
    }
    for words, (command, environment) in cases.items():
        done = covey(command, **environment)
        assert done.status == 2
        assert words in done.line


def test_an_error_ends_the_process_with_its_line_and_status(run: Run, services: Services) -> None:
    """As a script sees it: one line on standard error, nothing on standard output, no traceback."""
    done = run("status", **servers_of(services) | {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})

    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("covey: ")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="only Linux has a disk that is always full")
def test_a_disk_that_is_full_behind_the_output_is_one_line(tmp_path: Path) -> None:
    """Status 1, and no traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "control.cli", "--version"],
            env={"PYTHONPATH": ROOT, "COVEY_DATA_DIR": str(tmp_path)},
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    assert (done.returncode, done.stderr) == (1, "covey: output: No space left on device\n")


def test_what_looks_like_an_emoji_is_told_as_it_is(covey: Covey) -> None:
    """`:x:` stands in the id of every mention."""
    assert "'default:x:404'" in covey("mentions", "set", "default:x:404", "seen").line


def test_a_server_that_is_away_is_one_line_too(covey: Covey, services: Services) -> None:
    """Within 5 s a command that needs it ends with status 1, and names host, user and what to check; no password."""
    login, port = "covey:hunter2", free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_port = silent.getsockname()[1]
        calls = [
            (["status"], {"REDIS_URL": f"redis://{login}@127.0.0.1:{port}/0"}, "refused"),
            (["track", "alice"], {"REDIS_URL": f"redis://{login}@127.0.0.1:{silent_port}/0"}, "no answer"),
            (["handles"], {"MONGO_URI": f"mongodb://{login}@127.0.0.1:{port}/"}, "refused"),
            (["status"], {"MONGO_URI": f"mongodb://{login}@127.0.0.1:{silent_port}/"}, "no answer"),
        ]
        for arguments, servers, told in calls:
            started = time.monotonic()
            done = covey(*arguments, **servers)

            assert time.monotonic() - started < 5 + BUSY_SECONDS
            assert done.status == 1
            assert re.search(
                rf" at 127.0.0.1:\d+(/0)? as user 'covey' cannot be reached: .*{told}.*; check ", done.line
            )
            assert "hunter2" not in done.line


def test_a_command_asks_for_the_servers_that_it_needs(covey: Covey) -> None:
    """Without Redis the truth in MongoDB is shown; without MongoDB nothing is done off the record."""
    redis_away = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    for arguments in (["handles"], ["dead", "list"], ["credentials", "list", "--json"]):
        assert covey(*arguments, **redis_away).status == 0
    done = covey("unblock", "--paid", MONGO_URI=f"mongodb://127.0.0.1:{free_port()}/")

    assert (done.status, "MongoDB at 127.0.0.1" in done.line) == (1, True)


# --- output for scripts


def test_each_command_tells_scripts_and_people_what_it_did(invoke: Invoke, services: Services) -> None:
    """track, handles, status, refresh and untrack print one JSON document each; without --json, words and tables."""

    def answer(*arguments: str) -> Any:
        done = invoke(*arguments, "--json")
        said = [line for line in done.stderr.splitlines() if not line.startswith("No scheduler runs")]
        assert (done.exit_code, said) == (0, [])
        return json.loads(done.stdout)

    told = answer("track", "@alice", "bob")
    assert (told["added"], told["already"], told["streams"]) == (["alice", "bob"], [], 1)
    rows = answer("handles")
    assert [(row["username"], row["active"]) for row in rows] == [("alice", True), ("bob", True)]
    assert rows[0]["since"].endswith("Z")
    assert answer("status")["handles"] == 2
    refreshed = answer("refresh", A, f"https://x.com/alice/status/{B}")
    assert (refreshed["total"], refreshed["joined"], refreshed["results"]) == (2, 0, {})
    assert answer("dead", "list") == []
    assert "@alice" in invoke("handles").stdout
    assert "2 in 1 searches" in invoke("status").stdout
    assert all(queue in invoke("status").stdout for queue in ALL_QUEUES)
    assert "Followed already: alice" in invoke("track", "alice").stdout
    assert "1 of them joined" in invoke("refresh", A, C).stdout
    assert answer("untrack", "alice") == {"removed": ["alice"], "still": {}}
    assert [stream.members for stream in services.stores.streams.active()] == [("bob",)]


def test_ids_from_standard_input(invoke: Invoke) -> None:
    """`-` reads ids, one a word, from standard input."""
    done = invoke("refresh", "-", "--json", input=f"{A}\n{B} {A}\n")

    assert json.loads(done.stdout)["total"] == 2


# --- refresh --wait


def test_waiting_for_a_refresh_shows_the_word_of_x(
    run: Run, invoke: Invoke, at_work: Services, simulator: Simulator
) -> None:
    """With a worker running, --wait ends with status 0 and X's word on every post: alive, deleted or suspended."""
    nobody_follows = simulator.accounts()[-1]["username"]
    simulator.order("accounts", {"account": nobody_follows, "change": "suspend"})
    posts = simulator.truth("posts")["posts"][::-1]  # old posts: nothing becomes of them while this runs
    expected = {
        next(post["id"] for post in posts if post["state"] == theirs): ours
        for theirs, ours in (("live", "alive"), ("deleted", "deleted"), ("suspended", "suspended"))
    }
    arguments = ("refresh", *expected, "--wait", "--timeout", "30")

    as_json = run(*arguments, "--json", **servers_of(at_work))
    as_table = invoke(*arguments)
    simulator.order("accounts", {"account": nobody_follows, "change": "restore"})

    assert (as_json.returncode, as_table.exit_code) == (0, 0), as_json.stderr
    assert json.loads(as_json.stdout)["results"] == expected
    lines = as_table.stdout.splitlines()
    for post_id, word in expected.items():
        assert any(post_id in line and word in line for line in lines)


def test_waiting_in_vain_ends_with_status_1(invoke: Invoke) -> None:
    """Without a worker --wait gives up after its timeout and says what it knows."""
    done = invoke("refresh", A, "--wait", "--timeout", "1")

    assert done.exit_code == 1
    assert "nothing yet" in done.stdout
