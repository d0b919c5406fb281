"""What of a page is not stored again."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain.erasing import Blocked, Erased, digest
from shared.domain.models import Media, MediaType, Page, Post, Reference, ReferenceType, User

NOW = datetime(2024, 5, 1, tzinfo=UTC)
KEY = b"k" * 32


def _post(id_: int, author: int, *references: Reference, keys: tuple[str, ...] = ()) -> Post:
    attachments = {"media_keys": list(keys)} if keys else {}
    return Post(id=id_, text="a", created_at=NOW, author_id=author, references=references, attachments=attachments)


def _blocked(*subjects: tuple[Erased, int]) -> Blocked:
    return Blocked(KEY, frozenset(digest(KEY, kind, id_) for kind, id_ in subjects))


PAGE = Page(
    posts=(
        _post(1, 7, keys=("3_1",)),
        _post(2, 8, Reference(ReferenceType.QUOTED, 1), keys=("3_2",)),
        _post(3, 8, Reference(ReferenceType.RETWEETED, 9)),
        _post(4, 9, keys=("3_1",)),
    ),
    included_posts=(_post(9, 7),),
    users=(User(id=7, username="a"), User(id=8, username="b")),
    media=(Media(key="3_1", type=MediaType.PHOTO), Media(key="3_2", type=MediaType.PHOTO)),
)


def test_nothing_is_left_out_while_nothing_was_erased() -> None:
    """The page itself is answered."""
    assert Blocked().without(PAGE) is PAGE


def test_a_person_is_left_out_with_what_repeats_their_words() -> None:
    """Their posts, included ones and the account go, and reposts of them; quotes by others stay, and shared media."""
    left = _blocked((Erased.USER, 7)).without(PAGE)

    assert [one.id for one in left.posts] == [2, 4]
    assert left.included_posts == ()
    assert [one.id for one in left.users] == [8]
    assert [one.key for one in left.media] == ["3_1", "3_2"]


def test_a_post_is_left_out_with_its_media_and_reposts() -> None:
    """Of one post: itself, what only it has, and its reposts, also where the post is not in the page."""
    left = _blocked((Erased.POST, 2), (Erased.POST, 9)).without(PAGE)

    assert [one.id for one in left.posts] == [1, 4]
    assert [one.key for one in left.media] == ["3_1"]
    assert len(left.users) == 2


def test_a_user_and_a_post_of_one_id_are_two_things() -> None:
    """A hash says which of the two it is, and under which key."""
    blocked = _blocked((Erased.USER, 7))

    assert (blocked.has(Erased.USER, 7), blocked.has(Erased.POST, 7), blocked.has(Erased.USER, None)) == (
        True,
        False,
        False,
    )
    assert not Blocked(b"other", blocked.hashes).has(Erased.USER, 7)
