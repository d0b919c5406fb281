"""What is there of a page, in one look: real MongoDB."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.attribution import Concern, Why
from shared.domain.mentions import Author, Mention
from shared.domain.models import Page, PostState
from shared.domain.states import By, Word
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, photo_of, posts_of, user_of


def page() -> Page:
    """Posts 1 and 2 with an original, an account and two photos."""
    return Page(
        posts=tuple(posts_of([1, 2])),
        included_posts=tuple(posts_of([3])),
        users=(user_of(7, "NASA"),),
        media=(photo_of("3_1"), photo_of("3_2")),
    )


def test_what_is_there_of_a_page_is_one_command(counted: Stores, commands: CommandCount) -> None:
    """Of all collections, also where there is nothing yet; and none for a page without anything."""
    counted.posts.upsert(posts_of([2, 3, 9]), source="search", now=NOW, at=NOW - HOUR)
    counted.fates.bury({3: Word(PostState.DELETED, NOW, By.LOOKUP)}, now=NOW, purge_after=HOUR)
    counted.users.upsert([user_of(7, "NASA", public_metrics={"followers_count": 3, "tweet_count": 9})], now=NOW)
    counted.engagement.begin(posts_of([2]), now=NOW)
    counted.handles.activate(["NASA", "esa"], now=NOW)

    assert commands.during(lambda: counted.known.of(page())) == ["aggregate"]
    assert commands.during(lambda: counted.known.of(Page())) == []
    known = counted.known.of(page())
    assert known.posts == {
        "2": {"_id": "2", "described_at": NOW - HOUR},
        "3": {"_id": "3", "described_at": NOW - HOUR, "gone": {"at": NOW}},
    }
    assert known.authors == {7: Author(handle="NASA", followers=3)}
    assert known.users["7"]["last_updated_at"] == NOW
    assert (known.states.keys(), known.media) == ({"2"}, {})
    assert known.followed == {"nasa": {"_id": "nasa", "user_id": None}}


def test_who_asks_for_the_authors_of_a_page_comes_in_the_same_look(counted: Stores, commands: CommandCount) -> None:
    """Only where it is wanted; what is learned of names is not told of more accounts than were named."""
    for name, user_id, source in (("nasa", 7, "press"), ("esa", 8, "tracked")):
        counted.handles.activate([name], now=NOW, source=source)
        counted.handles.learn([user_of(user_id, name)], now=NOW)
    written = Page(posts=tuple(replace(one, author_id=8) for one in posts_of([1])), users=(user_of(7, "NASA"),))

    assert commands.during(lambda: counted.known.of(written, askers=True)) == ["aggregate"]
    known = counted.known.of(written, askers=True)

    assert known.askers == {7: ["press"], 8: ["tracked"]}
    assert known.followed.keys() == {"nasa"}
    assert 8 not in counted.known.of(written).askers


def test_the_sources_that_posts_concerned_before(stores: Stores) -> None:
    """Each once, whatever the reasons; posts that a look-up asked for and did not get have theirs too."""
    whys = [Concern("press", "nasa", why) for why in (Why.AUTHOR, Why.MENTION)]
    concerns = {1: [*whys, Concern("floods", "+floods", Why.TERM)], 2: whys}
    stores.posts.upsert(posts_of([1, 2, 3]), source="search", now=NOW, concerns=concerns)
    answered = Page(posts=tuple(posts_of([1, 3])), states={1: PostState.ALIVE, 2: PostState.DELETED})

    assert stores.known.of(answered).sources == {1: {"press", "floods"}, 2: {"press"}, 3: set()}


def test_files_to_download_are_those_of_new_media_and_of_pending_ones(stores: Stores) -> None:
    """A file that is there, or was given up, is not sent for."""
    stores.media.upsert([photo_of("3_1"), photo_of("3_2"), photo_of("3_3")], at=NOW)
    stores.media.mark_ok("3_2", path="a", byte_size=1, checksum="c", now=NOW)
    stores.media.mark_attempt("3_3", error="404", now=NOW, failed=True)
    photos = tuple(photo_of(f"3_{number}") for number in (1, 2, 3, 4))

    known = stores.known.of(Page(media=photos))

    assert known.to_download(photo.key for photo in photos) == ["3_1", "3_4"]


def test_the_tenants_that_have_a_post_already(stores: Stores) -> None:
    """By the post, whoever asks."""
    given = {"platform": "x", "url": "", "content": "", "published_at": NOW, "sources": ("s",)}
    told = [("a", "1"), ("b", "1"), ("a", "9")]
    mentions = [Mention(tenant_id=tenant, external_id=id_, **given) for tenant, id_ in told]  # type: ignore[arg-type]
    stores.mentions.put(mentions, now=NOW, at=NOW)

    known = stores.known.of(page())

    assert {id_: sorted(tenants) for id_, tenants in known.tenants.items()} == {"1": ["a", "b"]}
    assert known.mentions.keys() == {"a:x:1", "b:x:1"}
