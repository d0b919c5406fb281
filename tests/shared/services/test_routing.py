"""Which search is asked, as it follows from what real servers hold of the plan and of what was read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from shared.credentials.secrets import BearerToken, UserTokens
from shared.credentials.vault import new_key
from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.route_facts import Need
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.errors import Forbidden
from shared.domain.money.estimate import ASSUMED_POSTS_A_DAY
from shared.platforms.x.error_map import NOT_IN_PLAN
from shared.platforms.x.oauth import OAuthClient
from shared.services.bootstrap import Services
from shared.services.routing import expected, search_by
from shared.stores.credentials import NewTokens
from tests.workers.world import ScriptedX

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def read(services: Services, to_at: datetime, posts: int) -> None:
    """Ten minutes of the stream were read, with so many posts."""
    interval = Interval(
        id="i", stream="s", from_at=to_at - 10 * MINUTE, to_at=to_at, route=ReadBy.RECENT, read_at=to_at, posts=posts
    )
    services.stores.intervals.add(interval)


def by(services: Services, need: Need, *, ago: timedelta, credential: str | None = None) -> ReadBy:
    """By which search the hour after then is read."""
    now = services.clock.now()
    return search_by(
        services,
        need,
        stream="s",
        members=1,
        query="from:a",
        span=(now - ago, now - ago + HOUR),
        now=now,
        is_free=False,
        credential=credential,
    )


@pytest.mark.parametrize(("posts", "route"), [(10, ReadBy.RECENT), (200, ReadBy.ALL)])
@pytest.mark.parametrize("need", [Need.FOLLOW, Need.FILL, Need.REREAD])
def test_the_archive_is_asked_where_it_takes_fewer_calls(
    services: Services, need: Need, posts: int, route: ReadBy
) -> None:
    """An hour beside ten minutes with 10 posts is one page of either; with 200 it is 12 of one, 3 of the other."""
    services.plan.answered("search/all")
    read(services, services.clock.now() - HOUR, posts)

    assert by(services, need, ago=HOUR) is route


def test_without_the_archive_the_recent_search_is_asked(services: Services) -> None:
    """However many posts there are: X said that the plan has none."""
    services.plan.refused(Forbidden("search/all", "X answered 403", reason=NOT_IN_PLAN))
    read(services, services.clock.now() - HOUR, 5_000)

    assert by(services, Need.FILL, ago=HOUR) is ReadBy.RECENT


def test_an_account_as_the_only_credential_asks_the_recent_search(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """The archive takes the app itself, so a source that is asked for as an account would wait for ever."""
    services = make_services(x.url, credential_keys=new_key())
    app = BearerToken(SecretStr("token-of-a-tenant"))
    account = UserTokens(7, OAuthClient("app"), SecretStr("token-of-an-account"))
    for one in (app, account):
        credential = one.credential()
        tokens = NewTokens(services.vault.seal(credential.id, one), is_renewable=False)
        services.stores.credentials.put(credential.id, one.kind, tokens)
    services.plan.answered("search/all")
    read(services, services.clock.now() - HOUR, 5_000)

    ways = {one.kind: by(services, Need.FOLLOW, ago=HOUR, credential=one.credential().id) for one in (app, account)}

    assert list(ways.values()) == [ReadBy.ALL, ReadBy.RECENT]


def test_what_was_read_beside_a_span_tells_how_much_is_in_it(services: Services) -> None:
    """In proportion to the time; where nothing was read what is assumed of each member."""
    now = services.clock.now()
    near = [
        Interval(id=str(n), stream="s", from_at=now, to_at=now + n * HOUR, route=ReadBy.ALL, read_at=now, posts=30)
        for n in (1, 2)
    ]

    assert expected(near, members=9, length=HOUR / 2) == pytest.approx(10)
    assert expected([], members=2, length=timedelta(days=1)) == 2 * ASSUMED_POSTS_A_DAY
