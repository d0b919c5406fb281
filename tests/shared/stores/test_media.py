"""`X_media` on a real MongoDB."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.models import Media, MediaType
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, photo_of, video_of


def test_a_page_of_media_is_a_look_and_one_command(counted: Stores, commands: CommandCount) -> None:
    """A hundred media cost two round trips to store; none cost nothing."""
    media = [photo_of(f"3_{number}") for number in range(100)]

    assert commands.during(lambda: counted.media.upsert(media, at=NOW)) == ["find", "insert"]
    assert commands.during(lambda: counted.media.upsert([], at=NOW)) == []


def test_a_medium_comes_back_as_it_was_stored(stores: Stores) -> None:
    """Every field, for a photo, a video and a type that is not known yet; a new one is pending."""
    media = [photo_of("3_1"), video_of("7_1"), Media(key="99_1", type=MediaType.OTHER, raw={"type": "hologram"})]

    stores.media.upsert(media, at=NOW)

    for item in media:
        found = stores.media.get(item.key)
        assert found == (item, {"status": "pending", "attempts": 0, "last_attempt_at": None})
    assert stores.media.get("3_404") is None


def test_those_that_are_stored_are_found_among_keys(stores: Stores) -> None:
    """As they were stored; the others are left out."""
    stores.media.upsert([photo_of("3_1")], at=NOW)

    assert stores.media.among(["3_1", "3_2"]) == [photo_of("3_1")]


def test_a_short_answer_erases_nothing(stores: Stores) -> None:
    """A video that is named again without its variants keeps them."""
    stores.media.upsert([video_of("7_1")], at=NOW)

    stores.media.upsert([Media(key="7_1", type=MediaType.VIDEO)], at=NOW)

    found = stores.media.get("7_1")
    assert found is not None
    assert found[0] == video_of("7_1")


def test_seen_again_a_medium_keeps_the_state_of_its_file(stores: Stores) -> None:
    """A stored file is not pending again because its post was."""
    stores.media.upsert([photo_of("3_1"), photo_of("3_2")], at=NOW)
    stores.media.mark_ok("3_1", path="ab/c.jpg", byte_size=5, checksum="abc", now=NOW)

    stores.media.upsert([photo_of("3_1"), photo_of("3_2")], at=NOW)

    assert stores.media.left_behind(before=NOW, limit=9) == ["3_2"]


def test_attempts_are_counted_until_one_succeeds_or_is_the_last(stores: Stores) -> None:
    """Two tries that came to nothing, then the file: path, size, hash, times, and no error left."""
    stores.media.upsert([photo_of("3_1")], at=NOW)

    stores.media.mark_attempt("3_1", error="cut", now=NOW, failed=False)
    stores.media.mark_attempt("3_1", error="slow", now=NOW + HOUR, failed=False)
    _, trying = stores.media.get("3_1") or (None, {})
    stores.media.mark_ok("3_1", path="ab/c.jpg", byte_size=5, checksum="abc", now=NOW + 2 * HOUR)
    _, done = stores.media.get("3_1") or (None, {})

    assert trying == {"status": "pending", "attempts": 2, "last_attempt_at": NOW + HOUR, "error": "slow"}
    assert done == {
        "status": "ok",
        "attempts": 3,
        "last_attempt_at": NOW + 2 * HOUR,
        "last_success_at": NOW + 2 * HOUR,
        "stored_path": "ab/c.jpg",
        "byte_size": 5,
        "checksum": "abc",
    }


def test_a_stored_file_stays_stored(stores: Stores) -> None:
    """A second delivery of the job that fails late, or succeeds again, changes nothing."""
    stores.media.upsert([photo_of("3_1")], at=NOW)
    stores.media.mark_ok("3_1", path="ab/c.jpg", byte_size=5, checksum="abc", now=NOW)
    before = stores.media.get("3_1")

    stores.media.mark_attempt("3_1", error="gone", now=NOW + HOUR, failed=True)
    stores.media.mark_ok("3_1", path="ab/c.jpg", byte_size=5, checksum="abc", now=NOW + HOUR)

    assert stores.media.get("3_1") == before


def test_a_failed_file_can_still_be_stored(stores: Stores) -> None:
    """Failed is the end of trying, not a lock."""
    stores.media.upsert([photo_of("3_1")], at=NOW)
    stores.media.mark_attempt("3_1", error="gone", now=NOW, failed=True)
    assert stores.media.left_behind(before=NOW + HOUR, limit=9) == []

    stores.media.mark_ok("3_1", path="ab/c.jpg", byte_size=5, checksum="abc", now=NOW)

    assert stores.media.count_by_status() == {"ok": 1}


def test_what_nobody_tried_for_a_while_is_found_the_longest_waiting_first(stores: Stores) -> None:
    """Never tried comes first; tried lately, stored and failed are left alone."""
    stores.media.upsert([photo_of(f"3_{number}") for number in range(1, 6)], at=NOW)
    stores.media.mark_attempt("3_1", error="cut", now=NOW - HOUR, failed=False)
    stores.media.mark_attempt("3_2", error="cut", now=NOW, failed=False)
    stores.media.mark_attempt("3_3", error="gone", now=NOW - HOUR, failed=True)
    stores.media.mark_ok("3_4", path="p", byte_size=1, checksum="c", now=NOW - HOUR)

    before = NOW - timedelta(minutes=5)
    assert stores.media.left_behind(before=before, limit=10) == ["3_5", "3_1"]
    assert stores.media.left_behind(before=before, limit=1) == ["3_5"]
    assert stores.media.count_by_status() == {"pending": 3, "failed": 1, "ok": 1}
