"""Answers of a search as the simulator renders them, and a server that gives them again without thinking.

`written` asks a simulator with a lively past for page after page, with everything that can come along, and keeps the
bytes. `given` answers each of them by its number as the token of the page, or a look-up by its first id, in a process
of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from shared.platforms.x import calls
from shared.platforms.x.fields import Along, Dialect

ACCOUNTS, QUERY_MAX_LENGTH = 60, 4096
TIMEOUT_SECONDS = 60.0


@contextmanager
def running(command: list[str]) -> Iterator[str]:
    """A server that tells its address in its first line."""
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def written(folder: Path, pages: int) -> list[str]:
    """Write so many pages of 100 posts, none of them twice, to `folder`; answers the names that were searched for."""
    world = ["--seed", "5", "--accounts", str(ACCOUNTS), "--activity", "1", "--history-hours", "160"]
    limits = ["--query-max-length", str(QUERY_MAX_LENGTH), "--limit", f"search/recent={pages}"]
    with running(["simulator", "--port", "0", *world, *limits]) as url:
        accounts = _get(f"{url}/_sim/accounts", {})["accounts"]
        names = [account["username"] for account in accounts]
        token: str | None = None
        for number in range(pages):
            body = _page(url, names, token)
            token = body["meta"].get("next_token")
            assert len(body["data"]) == 100, f"page {number} has {len(body['data'])} posts"
            (folder / f"{number}.json").write_text(json.dumps(body), encoding="utf-8")
    return names


def given(folder: Path) -> list[str]:
    """The command of a server that gives the pages of `folder`."""
    return ["bench.answers", str(folder)]


def _page(url: str, names: list[str], token: str | None) -> dict[str, object]:
    query = f"({' OR '.join(f'from:{name} OR @{name}' for name in names)}) -is:retweet"
    call = calls.search(query=query, next_token=token, expand_authors=True, along=tuple(Along))
    return _get(url + call.path, call.parameters(Dialect.OLD))


def _get(url: str, parameters: dict[str, str]) -> dict[str, object]:
    answer = requests.get(url, parameters, headers={"Authorization": "Bearer sim-bench"}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    body: dict[str, object] = answer.json()
    return body
