"""Owned reads: what the owner of the app pays for the timelines of their own account."""

import json
from urllib.parse import urlencode

import pytest

from simulator.api import Api
from simulator.config import Config
from simulator.control import Control
from tests.simulator.conftest import TurnedClock


def _api(owner: int | None) -> Api:
    """A simulator whose app belongs to the tracked account of that place."""
    world = {"accounts": 3, "activity": 6, "history_hours": 12}
    names = [account.username for account in Api(Config(**world), TurnedClock()).world.accounts.tracked]  # type: ignore[arg-type]
    return Api(Config(**world, app_owner=None if owner is None else names[owner]), TurnedClock())  # type: ignore[arg-type]


def _read(api: Api, path: str, token: str, **params: object) -> int:
    answer = api.answer("GET", path, urlencode(params), f"Bearer {token}", "http://sim")
    assert answer.status == 200, answer.body
    return len(json.loads(answer.body).get("data", []))


def _me(api: Api, token: str) -> int:
    return int(json.loads(api.answer("GET", "/2/users/me", "", f"Bearer {token}", "http://sim").body)["data"]["id"])


def _owner_of(api: Api) -> tuple[str, int]:
    """A user's token of the owner, and the id of the account."""
    owner = api.world.accounts.find(api.config.app_owner or "")
    assert owner is not None
    return next(token for n in range(50) if _me(api, token := f"sim-user-{n}") == owner.id), owner.id


@pytest.mark.parametrize("name", ["tweets", "mentions"])
def test_the_owner_pays_a_fifth_for_their_own(name: str) -> None:
    """A post costs $0.001, once a day, and nothing when a search returns it after that."""
    api = _api(0)
    token, owner_id = _owner_of(api)
    path = f"/2/users/{owner_id}/{name}"
    before = api.ledger.bill()["micro_usd"]

    count = _read(api, path, token, max_results=20)
    _read(api, path, token, max_results=20)

    bill = api.ledger.bill()
    assert count > 5
    assert (bill["owned_posts_bought"], bill["posts_bought"], bill["posts_reread"]) == (count, count, count)
    assert bill["micro_usd"] - before == 1_000 * count


def test_nobody_else_does() -> None:
    """The app's token, another account's timeline, another user, and an app that nobody owns: all pay in full."""
    api, nobodys = _api(0), _api(None)
    token, owner_id = _owner_of(api)
    other = next(account for account in api.world.accounts.tracked if account.id != owner_id)
    stranger = next(f"sim-user-s{n}" for n in range(50) if _me(api, f"sim-user-s{n}") == other.id)
    reads = [
        (api, owner_id, "sim-app"),
        (api, other.id, f"{token}"),
        (api, owner_id, f"{stranger}"),
        (nobodys, owner_id, token),
    ]

    counts = [_read(one, f"/2/users/{user_id}/tweets", who, max_results=20) for one, user_id, who in reads]

    for one in (api, nobodys):
        bill = one.ledger.bill()
        assert bill["owned_posts_bought"] == 0
        assert bill["micro_usd"] == 5_000 * bill["posts_bought"] + 10_000 * bill["users_bought"]
    assert min(counts) > 5


def test_the_owner_changes_by_order() -> None:
    """An account that there is becomes the owner, null nobody; another name is a 400, and at the start an error."""
    api = _api(None)
    account = api.world.accounts.tracked[1]

    def order(name: str | None) -> tuple[int, int | None]:
        answer = Control(api).answer("POST", "/_sim/app-owner", "", json.dumps({"account": name}).encode())
        assert answer is not None
        return answer.status, api.ledger.owner_id

    assert order(account.username.upper()) == (200, account.id)
    assert order("nobody_at_all") == (400, account.id)
    assert order(None) == (200, None)
    with pytest.raises(ValueError, match="nobody_at_all"):
        Api(Config(accounts=2, history_hours=1, app_owner="nobody_at_all"), TurnedClock())
