"""What events lead to, on real servers."""

from __future__ import annotations

import json
from typing import Any

from listener.hearing import bought_by, heed
from listener.wanting import wanted_live
from shared.domain.attribution import Audience
from shared.domain.live.events import Deleted, Event, Posted, Renamed
from shared.platforms.x.events import read_line
from shared.services.bootstrap import Services
from tests.listener.live_world import follow
from tests.workers.world import post, post_id, stored_ids


def _posted(id_: int, **more: Any) -> Event:
    return read_line("search/stream", json.dumps({"data": post(id_, **more)}).encode())


def _gone(services: Services, id_: int) -> dict[str, Any]:
    document = services.stores.posts.get(id_)
    assert document is not None
    return dict(document.get("gone") or {})


def test_a_live_post_is_stored_as_a_search_stores_it(services: Services) -> None:
    """It is a post, concerns the source, is a mention and is followed; told twice it is there once."""
    follow(services, {"Bob": 7}, live=True)
    audience = wanted_live(services, with_paid=True).audience
    event = _posted(post_id(5), text="hello")

    for _ in range(2):
        heed(services, "filtered", [event, event], audience=audience)

    document = services.stores.posts.get(post_id(5))
    assert document is not None
    assert (document["text"], document["concerns"]) == (
        "hello",
        [{"source": "watch", "member": "bob", "why": "author"}],
    )
    database = services.stores.db
    assert database["mentions"].count_documents({"external_id": str(post_id(5))}) == 1
    assert database["X_engagement"].count_documents({"_id": str(post_id(5))}) == 1
    assert stored_ids(services) == {post_id(5)}


def test_live_posts_move_no_coverage(services: Services) -> None:
    """The stream is as far read as before: the search reads the same span itself."""
    follow(services, {"Bob": 7}, live=True)
    before = services.stores.db["X_streams"].find_one({})

    heed(services, "filtered", [_posted(post_id(5))], audience=Audience())

    assert services.stores.db["X_streams"].find_one({}) == before
    assert services.stores.db["intervals"].count_documents({}) == 0


def test_a_deletion_needs_no_second_word(services: Services) -> None:
    """A stored post is gone at once, by an event; one that is not stored leaves nothing."""
    heed(services, "activity", [_posted(post_id(9))], audience=Audience())

    heed(services, "activity", [Deleted(post_id(9), 7), Deleted(post_id(8), 7)], audience=Audience())

    gone = _gone(services, post_id(9))
    assert (gone["reason"], gone["by"]) == ("deleted", "event")
    assert gone["purge_at"] > services.clock.now()
    assert stored_ids(services) == {post_id(9)}


def test_what_is_posted_and_deleted_in_one_piece_is_gone(services: Services) -> None:
    """Whatever their order in the piece, the deletion is the later word."""
    heed(services, "activity", [Deleted(post_id(9), 7), _posted(post_id(9))], audience=Audience())

    assert _gone(services, post_id(9))["by"] == "event"


def test_a_new_name_is_followed(services: Services) -> None:
    """The account goes on under its new name, for the source that asked for it; told twice nothing changes."""
    follow(services, {"Bob": 7})
    for _ in range(2):
        heed(services, "activity", [Renamed(7, "Bob", "Robert")], audience=Audience())

    names = services.stores.handles.names(["bob"])
    source = services.stores.sources.get("watch")
    assert names["bob"].renamed_to == "robert"
    assert (names["robert"].is_active, names["robert"].user_id) == (True, 7)
    assert source is not None
    assert source.accounts == ("robert",)


def test_a_name_from_the_past_is_looked_at_instead(services: Services) -> None:
    """A rename whose old name is not the one that is known settles nothing: the account is looked at next."""
    follow(services, {"Bob": 7})
    services.stores.db["X_tracked_handles"].update_many(
        {}, {"$set": {"look_at": services.clock.now().replace(year=2100)}}
    )

    heed(services, "activity", [Renamed(7, "older", "old")], audience=Audience())

    [account] = services.stores.accounts.followed([7])
    assert account.name == "bob"
    document = services.stores.db["X_tracked_handles"].find_one({"_id": "bob"})
    assert document is not None
    assert document["look_at"] <= services.clock.now()


def test_a_name_of_somebody_else_changes_nothing(services: Services) -> None:
    """A rename of an account that nobody follows leaves no trace."""
    heed(services, "activity", [Renamed(12, "a", "b")], audience=Audience())

    assert services.stores.db["X_tracked_handles"].count_documents({}) == 0


def test_what_cannot_be_read_is_set_aside_and_stops_nothing(services: Services) -> None:
    """A post that cannot be stored is kept for a person to see, and was bought; the other one is stored."""
    odd = _posted(post_id(4), created_at=None, id="x")
    good = _posted(post_id(3))

    heed(services, "filtered", [odd, good, Deleted(1, 2)], audience=Audience())

    assert stored_ids(services) == {post_id(3)}
    assert services.stores.db["set_aside"].count_documents({}) == 1


def test_what_was_bought_is_counted_by_id() -> None:
    """Posts by their ids, also the same twice, and profile updates one by one; deletions are nothing."""
    events = [_posted(5), _posted(5), _posted(6), Renamed(7, "a", "b"), Renamed(7, "b", "c"), Deleted(5, 7)]

    assert isinstance(events[0], Posted)
    assert bought_by(events) == ({5, 6}, 2)
