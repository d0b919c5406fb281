"""`covey endpoints`, whole."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from shared.credentials.vault import new_key
from shared.services.bootstrap import Services
from tests.control.whole import Covey, covey
from tests.shared.http.receiver import HUSH, receiving
from tests.workers.handlers.test_deliveries import enter, look, told
from tests.workers.world import work_off

__all__ = ["covey"]
KEY = new_key()
SETTINGS = {"COVEY_CREDENTIAL_KEYS": KEY, "COVEY_WEBHOOK_PRIVATE": "true"}


@pytest.fixture
def services(make_services: Callable[..., Services]) -> Services:
    """Services with the keys that the commands have."""
    return make_services("http://127.0.0.1:9", credential_keys=KEY, webhook_private=True)


def test_an_endpoint_is_steered_from_its_making_to_its_end(covey: Covey, services: Services) -> None:
    """The address comes by standard input and is shown nowhere, the secret once; each command does as HTTP does."""
    with receiving() as receiver:

        def run(*arguments: str, **more: bytes) -> str:
            done = covey("endpoints", *arguments, input=more.get("input"), **SETTINGS)
            assert done.status == 0, done.stderr
            assert HUSH not in done.stdout + done.stderr
            return done.stdout

        secret = run("create", "--after", "0", input=f"{receiver.url}\n".encode()).strip()
        assert secret.startswith("whsec_")
        (row,) = json.loads(run("list", "--json"))
        endpoint = row["id"]
        assert endpoint in run("list")
        run("ping", endpoint)
        work_off(services)
        enter(services, 1, 2, 3)
        look(services)
        assert told(*receiver.taken[1:]) == ["1", "2", "3"]
        shown = run("show", endpoint)
        assert "0 events behind" in shown
        assert "2 of 2 tries delivered" in shown
        assert secret not in shown
        run("replay", endpoint, "--after", "1")
        look(services)
        assert told(*receiver.taken[2:]) == ["2", "3"]
        assert json.loads(run("disable", endpoint, "--json"))["why"] == "asked"
        assert json.loads(run("enable", endpoint, "--json"))["state"] == "active"
        assert run("rotate", endpoint).strip() not in ("", secret)
        run("remove", endpoint)
        assert "No endpoints" in run("list")
    acts = [one["action"] for one in services.stores.trail.page(tenant="default", start=None, limit=9)]
    assert acts == [f"endpoint.{act}" for act in ("remove", "rotate", "enable", "disable", "replay", "ping", "create")]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("show", "nothing"), "nothing"),
        (("enable", "nothing"), "nothing"),
        (("create", "--type", "post.lost"), "post.lost"),
        (("create", "--after", "9"), "9"),
        (("list", "--tenant", "A B"), "A B"),
    ],
)
def test_what_cannot_be_is_named_in_a_line(
    covey: Covey, services: Services, arguments: tuple[str, ...], word: str
) -> None:
    """And nothing is made."""
    done = covey("endpoints", *arguments, input=b"https://hooks.example/a\n", **SETTINGS)
    assert done.status == 2
    assert word in done.line
    assert services.stores.endpoints.count("default") == 0
