"""Reading timelines: parameters, prices, and the simulator's answers in every dialect."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from shared.domain.errors import InputError, NotFound
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.x.auth import Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.fields import Dialect
from shared.platforms.x.timelines import timeline
from tests.amounts import amounts


def test_a_timeline_is_asked_for_by_its_account() -> None:
    """The path has the account, the parameters the span; a page is at most 100 and at least 5."""
    call = timeline(user_id=7, since_id=5, pagination_token="b2", max_results=50, expand_authors=False)
    sent = call.parameters(Dialect.OLD)

    assert call.path == "/2/users/7/tweets"
    assert timeline(user_id=7, of_mentions=True).path == "/2/users/7/mentions"
    assert {"since_id": "5", "pagination_token": "b2", "max_results": "50"}.items() <= sent.items()
    assert call.most(Dialect.OLD) == amounts(50)
    assert call.least is not None
    assert call.least.most(Dialect.OLD) == amounts(5)
    for size in (4, 101):
        with pytest.raises(InputError, match=str(size)):
            timeline(user_id=7, max_results=size)


def test_an_owned_page_reserves_the_price_of_owners() -> None:
    """The account's own posts at their price; what they refer to, and accounts, at the price of any."""
    call = timeline(user_id=7, is_owned=True, max_results=20)

    assert call.most(Dialect.OLD) == Amounts({PriceKind.OWNED_POST: 20, PriceKind.USER: 20})
    assert call.most(Dialect.NEW) == Amounts({PriceKind.OWNED_POST: 20, PriceKind.POST: 40, PriceKind.USER: 20})
    assert call.least is not None
    assert call.least.most(Dialect.OLD) == Amounts({PriceKind.OWNED_POST: 5, PriceKind.USER: 5})


def posts_of(simulator_url: str, query: str) -> list[dict[str, Any]]:
    """The truth of the simulator."""
    answer = requests.get(f"{simulator_url}/_sim/posts", params={"query": query}, timeout=10).json()
    return list(answer["posts"])


@pytest.mark.parametrize("of_mentions", [False, True])
def test_the_simulator_pages_a_timeline_to_its_end(
    speaking: XClient, simulator_url: str, credential: Credential, of_mentions: bool
) -> None:
    """Every post that the truth has but reposts comes once, newest first, whatever the size of the pages."""
    accounts = requests.get(f"{simulator_url}/_sim/accounts", timeout=10).json()["accounts"]
    queries = [f"@{one['username']}" if of_mentions else f"from:{one['id']} -is:retweet" for one in accounts]
    posts = [len(posts_of(simulator_url, query)) for query in queries]
    # X shows 800 mentions, and some accounts have more.
    most = max(number for number in posts if not of_mentions or number < 700)
    account, query = accounts[posts.index(most)], queries[posts.index(most)]
    found: list[int] = []
    token: str | None = None
    while token is not None or not found:
        call = timeline(user_id=int(account["id"]), of_mentions=of_mentions, pagination_token=token, max_results=5)
        page = speaking.perform(call, credential).unwrap()
        found += [post.id for post in page.posts]
        token = page.next_token

    truth = posts_of(simulator_url, query)
    living = [int(one["id"]) for one in truth if one["unsearchable_at"] is None and int(one["id"]) <= found[0]]
    assert len(found) > 10
    assert set(living) <= set(found)
    assert found == sorted(set(found), reverse=True)


def test_a_timeline_of_nobody_is_not_found(speaking: XClient, credential: Credential) -> None:
    """X says so with status 200."""
    answer = speaking.perform(timeline(user_id=12), credential)

    assert answer.status == 200
    assert isinstance(answer.error, NotFound)
