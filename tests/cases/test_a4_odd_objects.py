"""An object that cannot be read is set aside with its reason; its page is believed, and the breaker hears nothing."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.jobs import RefreshEngagement
from shared.domain.money.prices import PriceKind
from shared.ratelimit.model import Window
from shared.services.bootstrap import Services
from tests.cases.pages import FIRST, LAST, ODD, body, searched, set_aside, went_on
from tests.workers.world import NOW, ScriptedX, next_sweep, post, post_id, read_to_end
from workers.handlers.engagement import refresh_engagement

NO_OBJECTS: list[Any] = [None, 5, "text", True, [], [post(ODD)]]
USER = {"id": "7", "username": "alice"}


@pytest.mark.parametrize(
    ("includes", "aside"),
    [
        ({"media": [{"type": "photo"}]}, [("media", "no_key", None)]),
        ({"media": [{"media_key": ""}, {"media_key": 7}]}, [("media", "no_key", ""), ("media", "no_key", "7")]),
        ({"media": [{"media_key": "3_" + "1" * 200}]}, [("media", "no_key", ("3_" + "1" * 200)[:64])]),
        ({"users": [{"id": "8"}]}, [("user", "no_key", "8")]),
        ({"users": [{"id": "8", "username": None}, USER]}, [("user", "no_key", "8")]),
        ({"users": [{"username": "bob"}]}, [("user", "no_key", None)]),
        ({"tweets": [{"text": "no id"}]}, [("post", "no_key", None)]),
        ({"tweets": [{"id": "-1"}, {"id": "1" * 26}]}, [("post", "no_key", "-1"), ("post", "no_key", "1" * 26)]),
        ({"tweets": NO_OBJECTS}, [("post", "not_an_object", None)] * 6),
        ({"users": NO_OBJECTS}, [("user", "not_an_object", None)] * 6),
        ({"media": NO_OBJECTS}, [("media", "not_an_object", None)] * 6),
        ({"users": {"id": "7"}}, [("user", "not_an_object", "7")]),
        ({"users": None, "media": None, "tweets": None, "places": None}, []),
        (None, []),
        ([USER], [("post", "not_an_object", None)]),
        ("text", [("post", "not_an_object", None)]),
    ],
)
def test_what_came_along_never_refuses_the_page(
    services: Services, x: ScriptedX, includes: Any, aside: list[tuple[str, str, str | None]]
) -> None:
    """Posts are stored, and what could not be read is told by kind, reason and id."""
    sweep = searched(services, x, body(post(FIRST), post(LAST), includes=includes))

    assert went_on(services, sweep, FIRST, LAST)
    assert set_aside(services) == aside


@pytest.mark.parametrize("odd", [*NO_OBJECTS, {}, {"id": None}, {"id": "x"}, {"text": "no id"}])
def test_a_post_that_is_none_is_set_aside(services: Services, x: ScriptedX, odd: Any) -> None:
    """It was announced and came, so nothing was held back; the others are stored."""
    sweep = searched(services, x, body(post(FIRST), odd, post(LAST)))

    assert went_on(services, sweep, FIRST, LAST)
    assert len(set_aside(services)) == 1


def test_no_posts_at_all_are_an_empty_page(services: Services, x: ScriptedX) -> None:
    """`data: null` beside a count of 0 is what X says when nothing was found."""
    assert went_on(services, searched(services, x, {"data": None, "meta": {"result_count": 0}}))


def test_ten_such_pages_in_a_row_block_nothing(services: Services, x: ScriptedX) -> None:
    """The breaker opens for answers that are none; these are answers, and every sweep ends."""
    odd = body(post(FIRST), None, {"id": None}, includes={"media": [{}], "users": [{}]})
    assert went_on(services, searched(services, x, odd), FIRST)
    stream = services.stores.streams.active()[0]
    for number in range(9):
        read_to_end(services, next_sweep(services, stream.id, f"again-{number}").id)

    assert services.limiter.state().all_blocks == ()
    assert len(x.asked) == 10


def test_only_what_came_is_spent(services: Services, x: ScriptedX) -> None:
    """A post and an account that can be read, one of each that cannot: all four are X's to bill, `null` is not."""
    includes = {"users": [USER, {"id": "8"}, None]}
    searched(services, x, body(post(FIRST), {"text": "no id"}, None, includes=includes))

    services.ledger.copy()
    today = services.treasury.books().today()
    assert (today.bought[PriceKind.POST], today.bought[PriceKind.USER]) == (2, 2)
    used = {budget.window: budget.used for budget in services.limiter.state().budgets}
    assert used[Window.DAY_MONEY] == pytest.approx(2 * 0.005 + 2 * 0.010)


def test_a_look_up_goes_on_too(services: Services, x: ScriptedX) -> None:
    """Of three posts one is readable: it gets its counts, and nothing is said of the others."""
    ids = [post_id(seconds) for seconds in (300, 301, 302)]
    searched(services, x, body(*map(post, ids)))
    services.stores.db["X_engagement"].update_many({}, {"$set": {"claim_id": "c"}})
    answer = {"data": [None, {"id": str(ids[1])} | post(ids[1], public_metrics={"like_count": 8}), {"text": "no id"}]}
    x.script = lambda asked: (200, answer)

    refresh_engagement(services, RefreshEngagement(claim_id="c", post_ids=tuple(map(str, ids))))

    states = {one["_id"]: one for one in services.stores.db["X_engagement"].find()}
    assert [states[str(id_)]["state"] for id_ in ids] == ["alive"] * 3
    assert [states[str(id_)]["metrics"]["like_count"] for id_ in ids] == [3, 8, 3]
    assert len(set_aside(services)) == 2


def test_an_object_that_comes_again_is_one_document(services: Services, x: ScriptedX) -> None:
    """Seen twice, it is kept once, with when it was seen first and last."""
    searched(services, x, body(post(FIRST), includes={"users": [{"id": "8"}]}))
    read_to_end(services, next_sweep(services, services.stores.streams.active()[0].id, "again").id)

    found = list(services.stores.db["set_aside"].find())
    assert [(one["object_id"], one["text"], one["endpoint"]) for one in found] == [("8", '{"id":"8"}', "search/recent")]
    assert found[0]["first_seen_at"] <= found[0]["seen_at"]
    assert services.stores.set_aside.count(since=NOW) == {"no_key": 1}
