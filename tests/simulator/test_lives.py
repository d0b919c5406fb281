"""What becomes of accounts: by order over HTTP's paths, and by chance."""

import json
from collections import Counter
from typing import Any

import pytest

from simulator.api import Api
from simulator.config import Config
from simulator.control import Control
from simulator.truth import Truth
from simulator.world import World
from tests.simulator.conftest import START_MS, TurnedClock
from tests.simulator.test_search import ask


def _order(api: Api, **order: Any) -> tuple[int, dict[str, Any]]:
    answer = Control(api).answer("POST", "/_sim/accounts", "", json.dumps(order).encode())
    assert answer is not None
    return answer.status, json.loads(answer.body)


def _account(api: Api, name_or_id: str | int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(Truth(api).answer("GET", f"/_sim/accounts/{name_or_id}", "", b"", "").body)
    return body


def _found(api: Api, query: str) -> set[str]:
    _, body = ask(api, query=query, max_results=100, expansions="author_id")
    return {post["author_id"] for post in body.get("data", [])}


def test_a_renamed_account_is_found_by_its_id_and_new_name(api: Api, clock: TurnedClock) -> None:
    """The old name is unknown at once; lookups and searches by id and by the new name give the same account."""
    account = api.world.accounts.tracked[0]
    old = account.username

    status, _ = _order(api, account=old, change="rename", username="Fresh_Name")

    _, gone = ask(api, "/2/users/by", usernames=f"{old},fresh_name")
    assert status == 200
    assert [error["value"] for error in gone["errors"]] == [old]
    assert [user["id"] for user in gone["data"]] == [str(account.id)]
    assert _found(api, f"from:{old}") == set()
    assert _found(api, "from:fresh_name") == _found(api, f"from:{account.id}") == {str(account.id)}
    clock.turn(1)
    names = [name["username"] for name in _account(api, account.id)["names"]]
    assert names == [old, "Fresh_Name"]


def test_an_old_name_is_used_again_by_a_stranger(api: Api, clock: TurnedClock) -> None:
    """A planned rename and one that takes the name over: from then on the name is the stranger's, with another id."""
    account, stranger = api.world.accounts.tracked[0], api.world.accounts.tracked[1]
    old = account.username
    _order(api, account=old, change="rename", username="Elsewhere", in_seconds=10)
    _order(api, account=stranger.username, change="rename", username=old, in_seconds=20)

    owners = []
    for _ in range(3):
        _, body = ask(api, "/2/users/by", usernames=old)
        owners.append(body.get("data", [{}])[0].get("id"))
        clock.turn(11)

    assert owners == [str(account.id), None, str(stranger.id)]
    assert _found(api, f"from:{old}") == {str(stranger.id)}
    assert _account(api, old)["id"] == str(stranger.id)


@pytest.mark.parametrize(("change", "state"), [("suspend", "suspended"), ("protect", "protected")])
def test_an_account_goes_and_comes_back(api: Api, clock: TurnedClock, change: str, state: str) -> None:
    """While it is away its posts are found nowhere; then they are again, and the counts of all posts are right."""
    account = api.world.accounts.tracked[0]
    before = _found(api, f"from:{account.id}")
    own = next(post for post in reversed(api.world.index.posts) if post.author is account and post.searchable)

    _order(api, account=str(account.id), change=change)
    clock.turn(60)
    away, (_, lookup) = _found(api, f"from:{account.id}"), ask(api, "/2/tweets", ids=own.id)
    _order(api, account=str(account.id), change="restore")
    back, (_, again) = _found(api, f"from:{account.id}"), ask(api, "/2/tweets", ids=own.id)

    assert (before, away, back) == ({str(account.id)}, set(), {str(account.id)})
    assert "data" not in lookup
    assert again["data"][0]["id"] == str(own.id)
    assert [entry["state"] for entry in _account(api, account.id)["states"]] == ["public", state, "public"]
    quotes = Counter(post.quote_of.id for post in api.world.index.posts if post.live and post.quote_of is not None)
    assert all(post.quote_count == quotes[post.id] for post in api.world.index.posts)


def test_who_is_suspended_writes_nothing_and_who_is_protected_writes_unseen() -> None:
    """No post of a suspended account is newer than its end; those of a protected one are, and are hidden."""
    clock = TurnedClock()
    api = Api(Config(accounts=2, activity=20, history_hours=1), clock)
    banned, shy = api.world.accounts.tracked
    _order(api, account=banned.username, change="suspend")
    _order(api, account=shy.username, change="protect")

    clock.turn(3_600)
    api.world.advance(clock())

    newer = [post for post in api.world.index.posts if post.created_at_ms > START_MS]
    assert {post.author for post in newer} >= {shy}
    assert banned not in {post.author for post in newer}
    assert all(post.state in {"protected", "deleted"} for post in newer if post.author is shy)


def test_chance_changes_accounts_and_leaves_the_posts_alone() -> None:
    """With `account_changes` some are renamed, hidden and back, the same ones each time; without, no tracked one is."""
    histories, texts = [], []
    for changes in (40, 40, 0):
        world = World(Config(accounts=6, activity=1, history_hours=2, account_changes=changes), START_MS)
        world.advance(START_MS)
        texts.append([post.text for post in world.index.posts])
        world.advance(START_MS + 12 * 3_600_000)
        histories.append([(account.names, account.states) for account in world.accounts.tracked])

    assert texts[0] == texts[1] == texts[2] != []
    assert histories[0] == histories[1]
    assert any(len(names) > 1 for names, _ in histories[0])
    assert any(
        [state for state, _ in states][-2:] in (["suspended", "public"], ["protected", "public"])
        for _, states in histories[0]
    )
    assert all(len(names) == len(states) == 1 for names, states in histories[2])


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"account": "nobody_at_all", "change": "suspend"}, "account: there is none 'nobody_at_all'"),
        ({"account": "1", "change": "vanish"}, "not 'vanish'"),
        ({"account": "1", "change": "rename"}, "a rename, and nothing else, has a username"),
        ({"account": "1", "change": "rename", "username": "a-b"}, "username"),
    ],
)
def test_bad_orders_about_accounts_are_told_so(api: Api, order: dict[str, Any], said: str) -> None:
    """An order that cannot be followed is a 400 that names the value."""
    status, body = _order(api, **order)

    assert status == 400
    assert said in body["error"]


def test_a_taken_name_is_refused(api: Api) -> None:
    """A rename to a name that somebody has is a 400 and changes nothing."""
    first, second = api.world.accounts.tracked[:2]

    status, body = _order(api, account=first.username, change="rename", username=second.username.upper())

    assert status == 400
    assert "is taken" in body["error"]
    assert api.world.accounts.find(second.username) is second
