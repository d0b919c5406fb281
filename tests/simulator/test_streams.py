"""The streams of the simulator, over HTTP: what is sent, what it costs, and how connections end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.simulator.conftest import Server, start_server, stop_server
from tests.simulator.live import (
    ACTIVITY,
    FILTERED,
    RULES,
    SUBSCRIPTIONS,
    connected,
    delete,
    post,
    subscribe,
)
from tests.simulator.openapi import faults, payload_faults
from tests.simulator.test_openapi import EXPAND_OLD, POST_OLD
from tests.workers.world import eventually

BUSY = ("--accounts", "6", "--activity", "400", "--history-hours", "2", "--keep-alive-seconds", "0.3")
Start = Callable[..., Server]


@pytest.fixture(scope="module")
def live() -> Iterator[Server]:
    """A busy simulator whose streams say something three times a second."""
    server = start_server(*BUSY)
    yield server
    stop_server(server)


def _accounts(server: Server) -> list[dict[str, Any]]:
    return list(server.truth("accounts")["accounts"])


def _newest_of(server: Server, user_id: str) -> str:
    posts = server.truth("posts", query=f"from:{user_id}")["posts"]
    return str(next(one["id"] for one in posts if one["state"] == "live"))


def _rule(server: Server, value: str, token: str, tag: str = "") -> str:
    answer = post(server, RULES, {"add": [{"value": value, **({"tag": tag} if tag else {})}]}, token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"][0]["id"])


def test_a_deletion_is_told_and_costs_nothing(live: Server) -> None:
    """Who subscribed to a user's deletions hears of one that happens while connected, with ids only, for nothing."""
    token, user = "sim-deletion~a", _accounts(live)[0]["id"]
    subscribe(live, "post.delete", user, token)
    with connected(live, ACTIVITY, token) as stream:
        wanted = _newest_of(live, user)
        assert post(live, "/_sim/posts", {"delete": wanted}).status_code == 200
        while (event := stream.event()["data"])["payload"]["id"] != wanted:
            pass  # others of theirs are deleted, too

    assert event["event_type"] == "post.delete"
    assert event["payload"] == {"id": wanted, "author_id": user}
    assert event["filter"] == {"user_id": user}
    assert live.truth("bill")["by_project"]["a"]["micro_usd"] == 0


def test_a_new_name_is_told_and_has_a_price(live: Server) -> None:
    """A rename is an event with both names, and costs what a profile update costs."""
    token, account = "sim-rename~b", _accounts(live)[1]
    subscribe(live, "profile.update.handle", account["id"], token)
    with connected(live, ACTIVITY, token) as stream:
        order = {"account": account["id"], "change": "rename", "username": "fresh_name"}
        assert post(live, "/_sim/accounts", order).status_code == 200
        event = stream.event()["data"]

    assert event["event_type"] == "profile.update.handle"
    assert event["payload"] == {"before": account["username"], "after": "fresh_name"}
    assert live.truth("bill")["by_project"]["b"] | {"calls": 0} == live.truth("bill")["by_project"]["b"] | {
        "calls": 0,
        "profile_updates": 1,
        "micro_usd": 5_000,
    }


def test_posts_are_told_once_and_bought_once_a_day(live: Server) -> None:
    """A post that both streams tell is bought once that day, and a look-up after it is free."""
    token, user = "sim-posts~c", _accounts(live)[0]["id"]
    subscribe(live, "post.create", user, token)
    _rule(live, f"from:{user}", token, tag="mine")
    with connected(live, ACTIVITY, token) as activity, connected(live, FILTERED, token) as filtered:
        event = activity.event()["data"]
        while (line := filtered.event())["data"]["id"] != event["payload"]["id"]:
            pass  # the filtered stream was there later
    looked_up = live.get("/2/tweets", token, ids=event["payload"]["id"]).json()
    bill = live.truth("bill")["by_project"]["c"]

    assert event["payload"]["author_id"] == user
    assert event["payload"]["public_metrics"]["like_count_str"] == str(event["payload"]["public_metrics"]["like_count"])
    assert line["matching_rules"][0]["tag"] == "mine"
    assert looked_up["data"][0]["id"] == event["payload"]["id"]
    assert bill["posts_reread"] >= 2
    assert bill["micro_usd"] == 5_000 * bill["posts_bought"] + 5_000 * bill["profile_updates"]


def test_what_happened_before_is_not_sent(live: Server) -> None:
    """A stream has no cursor: everything it tells is younger than the connection."""
    token = "sim-later~d"
    for account in _accounts(live):
        subscribe(live, "post.create", account["id"], token)
    opened_at = live.truth("health")["now"]
    with connected(live, ACTIVITY, token) as stream:
        told = [stream.event()["data"]["payload"]["created_at"] for _ in range(3)]

    assert min(told) >= opened_at


def test_a_blank_line_comes_when_nothing_happens(live: Server) -> None:
    """A connection without subscriptions is sent blank lines, at the pace that was set."""
    with connected(live, ACTIVITY, "sim-quiet~e") as stream:
        assert [stream.line(), stream.line()] == [b"", b""]


def test_connections_are_counted_listed_and_ended(live: Server) -> None:
    """The second to the filtered stream is refused by X's word for it; one that is ended by its id makes room."""
    token = "sim-two~f"
    with connected(live, FILTERED, token) as first:
        second = live.get(FILTERED, token)
        listed = live.get("/2/connections", token).json()
        killed = delete(live, "/2/connections", {"uuids": [listed["data"][0]["id"], "nobody"]}, token).json()
        first.rest()
        ended = live.get("/2/connections", token, status="inactive").json()["data"]
        with connected(live, FILTERED, token):
            pass

    assert (second.status_code, second.json()["connection_issue"]) == (429, "TooManyConnections")
    assert int(second.headers["x-rate-limit-remaining"]) > 0
    assert [one["endpoint_name"] for one in listed["data"]] == ["filtered_stream"]
    assert (killed["data"]["successful_kills"], killed["data"]["failed_kills"]) == (1, 1)
    assert [one["disconnect_reason"] for one in ended] == ["killed"]
    assert faults("new", "/2/connections", listed) == []


def test_one_who_leaves_makes_room(live: Server) -> None:
    """A client that closes its connection is soon no connection any more."""
    token = "sim-leaves~g"
    for _ in range(2):
        with connected(live, FILTERED, token):
            pass
        eventually(lambda: not live.get("/2/connections", token).json().get("data"))


def test_an_order_disconnects_and_lets_nobody_in(serve: Start) -> None:
    """X's word comes before the end; then connecting is 503 for as long as was ordered, and works again."""
    server = serve(*BUSY)
    with connected(server, FILTERED) as stream:
        order = {"act": "disconnect", "stream": "search/stream", "fail_seconds": 1.0}
        assert post(server, "/_sim/streams", order).json() == {"act": "disconnect", "connections": 1}
        last = stream.rest()
    refused = server.get(FILTERED, "sim-live")
    post(server, "/_sim/clock", {"seconds": 1})

    assert b"operational-disconnect" in last[-1]
    assert refused.status_code == 503
    with connected(server, FILTERED):
        pass


def test_orders_silence_and_speak(live: Server) -> None:
    """A silenced connection is sent nothing at all, and a line of a test's own comes as it is."""
    with connected(live, FILTERED, "sim-odd~h") as stream:
        post(live, "/_sim/streams", {"act": "line", "stream": "search/stream", "text": "{broken"})
        while not (line := stream.line()):
            pass
        assert line == b"{broken"
        post(live, "/_sim/streams", {"act": "silence", "stream": "search/stream"})
        stream.answer.raw._fp.fp.raw._sock.settimeout(1.0)
        with pytest.raises(requests.exceptions.RequestException):
            list(stream.answer.iter_content(1))


def test_rules_have_limits_and_each_is_judged_by_itself(live: Server) -> None:
    """Of three rules the good one is made, the other two are told apart; a thousand and one are too many."""
    token = "sim-rules~i"
    many = [{"value": f"word{number}"} for number in range(999)]
    added = post(live, RULES, {"add": [{"value": "cat", "tag": "t"}, {"value": "-dog"}, {"value": "x" * 1025}]}, token)
    again = post(live, RULES, {"add": [{"value": "cat"}]}, token)
    tried = post(live, f"{RULES}?dry_run=true", {"add": [{"value": "bird"}]}, token)
    post(live, RULES, {"add": many}, token)
    full = post(live, RULES, {"add": [{"value": "one more"}]}, token).json()
    rules = live.get(RULES, token, max_results=600).json()
    rest = live.get(RULES, token, max_results=600, pagination_token=rules["meta"]["next_token"]).json()
    gone = post(live, RULES, {"delete": {"ids": [rules["data"][0]["id"], "12"]}}, token).json()

    assert added.json()["meta"]["summary"] == {"created": 1, "not_created": 2, "valid": 1, "invalid": 2}
    assert again.json()["errors"][0]["title"] == "DuplicateRule"
    assert tried.json()["meta"]["summary"]["valid"] == 1
    assert full["errors"][0]["title"] == "RulesCapExceeded"
    assert (len(rules["data"]), len(rest["data"])) == (600, 400)
    assert gone["meta"]["summary"] == {"deleted": 1, "not_deleted": 1}
    assert faults("new", RULES, added.json(), "post") == []
    assert faults("new", RULES, rules) == []


def test_subscriptions_have_limits(live: Server) -> None:
    """The same one twice is a conflict, and one more than X lets a project have is refused."""
    token = "sim-many~j"
    first = subscribe(live, "post.delete", "1", token)
    same = post(live, SUBSCRIPTIONS, {"event_type": "post.delete", "filter": {"user_id": "1"}}, token)
    listed = live.get(SUBSCRIPTIONS, token).json()
    removed = delete(live, f"{SUBSCRIPTIONS}/{first}", None, token).json()
    unknown = delete(live, f"{SUBSCRIPTIONS}?ids={first}", None, token).json()

    assert same.status_code == 409
    assert [one["subscription_id"] for one in listed["data"]] == [first]
    assert removed == {"data": {"deleted": True}}
    assert unknown["errors"][0]["subscription_id"] == first
    assert faults("new", SUBSCRIPTIONS, listed) == []
    assert faults("new", SUBSCRIPTIONS, unknown, "delete") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"event_type": "post.unknown", "filter": {"user_id": "1"}}, 400),
        ({"event_type": "post.create", "filter": {"user_id": "me"}}, 400),
        ({"event_type": "post.create"}, 400),
        ({"event_type": "post.create", "filter": {"user_id": "1"}, "tag": ""}, 400),
        ({"event_type": "post.mention.create", "filter": {"user_id": "1"}}, 403),
    ],
)
def test_a_wrong_subscription_is_refused(live: Server, body: object, status: int) -> None:
    """An unknown event, no user, an empty tag are 400; an event of a user who did not consent is 403."""
    assert post(live, SUBSCRIPTIONS, body, "sim-wrong").status_code == status


def test_strangers_and_users_are_not_let_in(live: Server) -> None:
    """Without a token it is 401, with a user's 403, and a call past the window 429."""
    assert live.get(FILTERED, None).status_code == 401
    assert live.get(ACTIVITY, "sim-user-a").status_code == 403
    post(live, "/_sim/spend", {"token": "sim-spent", "endpoint": "search/stream", "calls": 50})
    spent = live.get(FILTERED, "sim-spent")
    assert (spent.status_code, spent.headers["x-rate-limit-remaining"]) == (429, "0")


def test_lines_validate(live: Server) -> None:
    """Posts and events have the published shapes."""
    token = "sim-valid~k"
    accounts = _accounts(live)
    kinds = ("post.create", "post.delete", "profile.update.handle")
    for account in accounts:
        for kind in kinds:
            subscribe(live, kind, account["id"], token)
        _rule(live, f"from:{account['id']} OR @{account['username']}", token)
    with connected(live, ACTIVITY, token) as stream:
        post(live, "/_sim/posts", {"delete": _newest_of(live, accounts[2]["id"])})
        post(live, "/_sim/accounts", {"account": accounts[2]["id"], "change": "rename", "username": "valid_name"})
        seen: dict[str, dict[str, Any]] = {}
        while set(kinds) - set(seen):
            event = stream.event()
            seen[event["data"]["event_type"]] = event
    with connected(live, FILTERED, token, tweet__fields=POST_OLD, expansions=EXPAND_OLD) as good:
        line = good.event()

    assert [payload_faults(seen[kind]) for kind in kinds] == [[], [], []]
    assert faults("old", FILTERED, line) == []
