"""`covey import` on a real MongoDB: twarc2's lines in every form, twice, and with odd ones among them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.services.bootstrap import Services
from shared.stores.digests import TOLD as DIGEST
from tests.control.whole import Covey, covey

__all__ = ["covey"]
TOLD = "2026-05-02T00:00:00+00:00"
TWARC = {"url": "https://api.twitter.com/2/tweets/search/all", "version": "2.14.1", "retrieved_at": TOLD}
AUTHOR = {"id": "7", "username": "nasa", "name": "NASA", "public_metrics": {"followers_count": 5}}
PHOTO = {"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/media/1.jpg", "width": 1}
PLACE = {"id": "p1", "full_name": "Houston", "country": "United States"}
POLL = {"id": "9", "options": [{"position": 1, "label": "yes", "votes": 3}]}
QUOTED = {"id": "1700000000000000000", "text": "first", "author_id": "8", "created_at": "2026-04-30T10:00:00.000Z"}
POST = {
    "id": "1700000000000000001",
    "text": "say",
    "author_id": "7",
    "created_at": "2026-05-01T10:00:00.000Z",
    "public_metrics": {"like_count": 4, "retweet_count": 1, "reply_count": 0, "quote_count": 0},
    "referenced_tweets": [{"type": "quoted", "id": QUOTED["id"]}],
    "attachments": {"media_keys": ["3_1"], "poll_ids": ["9"]},
    "geo": {"place_id": "p1"},
}
PAGE = {
    "data": [POST],
    "includes": {"users": [AUTHOR], "media": [PHOTO], "places": [PLACE], "polls": [POLL], "tweets": [QUOTED]},
    "meta": {"result_count": 1},
    "__twarc": TWARC,
}
FLAT = {
    **POST,
    "author": AUTHOR,
    "attachments": {"media": [PHOTO], "media_keys": ["3_1"], "poll": POLL, "poll_ids": ["9"]},
    "geo": {"place_id": "p1", **PLACE},
    "referenced_tweets": [{"type": "quoted", **QUOTED}],
    "__twarc": TWARC,
}
COLLECTIONS = ("X_tweets", "X_users", "X_media", "X_engagement", "X_engagement_history", "set_aside")


def lines(path: Path, *documents: Any) -> str:
    """A file of documents, one a line; its name."""
    path.write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    return str(path)


def everything(services: Services) -> dict[str, list[dict[str, Any]]]:
    """All documents, without the times at which they were seen here."""
    seen = ("first_seen_at", "last_seen_at")
    return {
        name: [
            {key: value for key, value in one.items() if key not in seen}
            for one in services.stores.db[name].find().sort("_id", 1)
        ]
        for name in COLLECTIONS
    }


@pytest.mark.parametrize("document", [PAGE, {**PAGE, "data": POST}, FLAT], ids=["page", "one post", "flat"])
def test_each_form_is_stored_as_x_described_it(services: Services, covey: Covey, tmp_path: Path, document: Any) -> None:
    """The post with its place, poll and counts, the quoted one, the author and the photo, as of twarc's time."""
    done = covey("import", lines(tmp_path / "t.jsonl", document))

    stores, stored = services.stores, everything(services)
    assert done.status == 0, done
    assert "1 posts in 1 lines, 1 were new" in done.stdout
    post, quoted = stores.posts.get(int(POST["id"])), stores.posts.get(int(QUOTED["id"]))  # type: ignore[call-overload]
    assert post is not None
    assert quoted is not None
    assert (post["text"], post["found_by"], post["described_at"]) == ("say", "import", datetime(2026, 5, 2, tzinfo=UTC))
    assert post["public_metrics"]["like_count"] == 4
    assert post["referenced_tweets"] == [{"type": "quoted", "id": QUOTED["id"]}]
    assert post["place"]["full_name"] == "Houston"
    assert post["polls"] == [POLL]
    assert post["attachments"]["media_keys"] == ["3_1"]
    assert (quoted["text"], quoted["found_by"]) == ("first", "included")
    assert [(one["_id"], one["username"]) for one in stored["X_users"]] == [("7", "nasa")]
    assert [(one["_id"], one["download"]["status"]) for one in stored["X_media"]] == [("3_1", "pending")]
    assert stored["X_engagement"] == []


def test_importing_twice_changes_nothing(services: Services, covey: Covey, tmp_path: Path) -> None:
    """Also in another form; nothing is new the second time. Digests, by which what comes again is recognised, are of no
    post's own.
    """
    page, flat = lines(tmp_path / "page.jsonl", PAGE), lines(tmp_path / "flat.jsonl", FLAT)
    covey("import", page)
    before = everything(services)

    again = covey("import", page, "--json")
    covey("import", flat)

    after = everything(services)
    assert json.loads(again.stdout)[page]["new"] == 0
    for stored in (before, after):
        for post in stored["X_tweets"]:
            post.pop("raw")
        for one in (*stored["X_tweets"], *stored["X_media"]):
            one.pop(DIGEST, None)
    assert after == before


def test_what_was_told_later_stays(services: Services, covey: Covey, tmp_path: Path) -> None:
    """A file that is older than what is stored undoes nothing; without a time of twarc's the file's own counts."""
    newer = {**POST, "text": "edited"}
    fresh = lines(tmp_path / "new.jsonl", {**PAGE, "data": [newer]})
    stale = lines(tmp_path / "old.jsonl", {key: value for key, value in PAGE.items() if key != "__twarc"})
    os.utime(stale, (1_700_000_000, 1_700_000_000))

    covey("import", fresh, stale)

    assert (services.stores.posts.get(int(str(POST["id"]))) or {})["text"] == "edited"


def test_odd_lines_are_counted_and_named_and_the_others_stored(
    services: Services, covey: Covey, tmp_path: Path
) -> None:
    """No JSON, no object, neither post nor page, a page without posts in it, a post that cannot be read."""
    file = tmp_path / "odd.jsonl"
    second = {**FLAT, "id": "1700000000000000002"}
    good = [json.dumps(one) for one in (FLAT, second, {"meta": {"result_count": 0}}, {**FLAT, "id": {"a": 1}})]
    bad = ["{torn", "[1]", json.dumps({"hello": 1}), json.dumps({"data": ["x"]})]
    file.write_text("\n".join([good[0], *bad, "", *good[1:]]), encoding="utf-8")

    done = covey("import", str(file))

    assert done.status == 0
    assert "2 posts in 8 lines, 2 were new; " in done.stdout
    assert "; set aside: 1 no_key; 4 cannot be read" in done.stdout
    named = [line.strip().split(":")[0] for line in done.stderr.splitlines()]
    assert named == ["line 2", "line 3", "line 4", "line 5", "post without an id"]
    assert "it has hello" in done.stderr
    assert services.stores.db["set_aside"].count_documents({}) == 1


def test_a_dry_run_stores_nothing(services: Services, covey: Covey, tmp_path: Path) -> None:
    """It says how many would be new; standard input is a file too."""
    done = covey("import", "-", "--dry-run", input=(json.dumps(FLAT) + "\n").encode())

    assert "-: 1 posts in 1 lines, 1 would be new" in done.stdout
    assert all(documents == [] for documents in everything(services).values())


def test_a_file_that_is_not_there_is_one_line(services: Services, covey: Covey, tmp_path: Path) -> None:
    """And nothing of the others is stored."""
    done = covey("import", lines(tmp_path / "t.jsonl", PAGE), "/nowhere/t.jsonl")

    assert (done.status, "'/nowhere/t.jsonl' cannot be read" in done.line) == (2, True)
    assert services.stores.posts.get(int(str(POST["id"]))) is None
