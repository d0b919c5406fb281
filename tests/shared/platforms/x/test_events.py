"""Lines of the streams, into what they say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.live.events import Deleted, Event, OddLine, Other, Posted, Renamed, Told, name_of
from shared.platforms.x.events import read_line
from tests.shared.platforms.x.local_server import post

ENDPOINT = "activity/stream"


def _read(body: object) -> Event:
    return read_line(ENDPOINT, json.dumps(body).encode())


def _event(event_type: str, payload: object, **more: object) -> dict[str, object]:
    about = {"event_uuid": "12", "filter": {"user_id": "7"}, "event_type": event_type, "payload": payload}
    return {"data": {**about, **more}}


def test_a_deletion_has_both_ids() -> None:
    """A deletion is the post's id, its author's and the event's."""
    assert _read(_event("post.delete", {"id": "5", "author_id": "7"})) == Deleted(5, 7, 12)


def test_a_new_name_is_that_of_the_user_in_the_filter() -> None:
    """A rename has the id that was subscribed to and both names, without an @."""
    assert _read(_event("profile.update.handle", {"before": "@old", "after": "new"})) == Renamed(7, "old", "new", 12)


def test_a_post_comes_with_its_media_and_rules_do_not_matter() -> None:
    """A post of the activity stream and one of the filtered stream are pages of one post."""
    media = {"media": [{"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/1.jpg"}]}
    numbers = {"like_count": 3, "like_count_str": "3", "retweet_count": 1, "reply_count": 2, "quote_count": 4}
    event = _read(_event("post.create", post(5, public_metrics=numbers), includes=media))
    line = read_line("search/stream", json.dumps({"data": post(6), "matching_rules": [{"id": "1"}]}).encode())

    assert isinstance(event, Posted)
    assert isinstance(line, Posted)
    assert ([one.id for one in event.page.posts], [one.key for one in event.page.media]) == ([5], ["3_1"])
    assert event.page.posts[0].metrics is not None
    assert event.page.posts[0].metrics.like_count == 3
    assert (line.page.posts[0].id, line.uuid, event.uuid) == (6, None, 12)


def test_a_post_that_cannot_be_read_is_set_aside() -> None:
    """A post without an id is a page without posts that says what it set aside."""
    event = _read({"data": {"text": "no id"}})

    assert isinstance(event, Posted)
    assert (event.page.posts, len(event.page.set_aside)) == ((), 1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"errors": [{"title": "operational-disconnect"}]}, Told("operational-disconnect")),
        ({"title": "ConnectionException"}, Told("ConnectionException")),
        (_event("follow.follow", {}), Other("follow.follow")),
    ],
)
def test_other_lines_are_told_apart(body: object, expected: Event) -> None:
    """X's own word and events that nobody asked for are named."""
    assert _read(body) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken", "not_json"),
        (b"[]", "no_object"),
        (b"{}", "no_data"),
        (json.dumps(_event("post.delete", {"id": "x", "author_id": "7"})).encode(), "no_id"),
        (json.dumps(_event("post.delete", {"id": "9" * 20, "author_id": "7"})).encode(), "no_id"),
        (json.dumps(_event("profile.update.handle", {"before": "", "after": "b"})).encode(), "no_name"),
    ],
)
def test_a_bad_line_is_odd_and_says_why(line: bytes, reason: str) -> None:
    """What cannot be read is named, with its beginning."""
    found = read_line(ENDPOINT, line)

    assert isinstance(found, OddLine)
    assert (found.reason, found.begins) == (reason, line[:80].decode())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "event_type", "payload", "filter", "errors", "includes", "id", "user_id", "title"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=60) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_no_line_raises(line: bytes) -> None:
    """Whatever the bytes are, there is an event, and it has a name."""
    assert name_of(read_line(ENDPOINT, line))
