"""A credential, the recorded answers, the published specs and a running simulator for the tests of the X API."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.platforms.x.auth import Credential, bearer_credential
from shared.platforms.x.calls import lookup_posts
from shared.platforms.x.client import XClient

REFERENCE = Path(__file__).parents[5] / "shared" / "reference"
TOKEN = "sim-Zq81secretTOKEN"


@pytest.fixture
def credential() -> Credential:
    """An app-only credential that the simulator takes too."""
    return bearer_credential(SecretStr(TOKEN))


@pytest.fixture(scope="session")
def recorded() -> list[dict[str, Any]]:
    """Real answers of X; tests that need them are skipped where they are not at hand."""
    path = REFERENCE / "recorded" / "x-responses.jsonl"
    if not path.exists():
        pytest.skip("the recorded answers are not at hand")
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="session")
def spec() -> Callable[[str, str], dict[str, Any]]:
    """The GET operation of a path in a version of the published spec, its `parameters` by name.

    Skipped where the spec is not at hand.
    """

    def operation(version: str, path: str) -> dict[str, Any]:
        file = REFERENCE / f"openapi-{version}.json"
        if not file.exists():
            pytest.skip(f"the published spec {version} is not at hand")
        whole = json.loads(file.read_text())
        found: dict[str, Any] = whole["paths"][path]["get"]
        shared = whole["components"].get("parameters", {})
        parameters = [shared[p["$ref"].rsplit("/", 1)[-1]] if "$ref" in p else p for p in found["parameters"]]
        return found | {"parameters": {p["name"]: p["schema"] for p in parameters}}

    return functools.cache(operation)


@pytest.fixture
def speaking(simulator_url: str, credential: Credential) -> XClient:
    """A client of the simulator that has learned its dialect."""
    client = XClient(simulator_url)
    client.perform(lookup_posts(post_ids=[1]), credential)
    return client


@pytest.fixture(scope="session", params=["old", "new", "both"])
def simulator_mode(request: pytest.FixtureRequest) -> str:
    """The dialects that the simulator speaks."""
    return str(request.param)


@pytest.fixture(scope="session")
def simulator_url(simulator_mode: str) -> Iterator[str]:
    """A running simulator of that mode."""
    options = (
        "--port",
        "0",
        "--accounts",
        "5",
        "--activity",
        "3",
        "--history-hours",
        "48",
        "--dialect",
        simulator_mode,
    )
    process = subprocess.Popen([sys.executable, "-m", "simulator", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
