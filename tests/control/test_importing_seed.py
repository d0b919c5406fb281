"""`covey import` of the predecessor's collections: files of mongoexport in both modes, and its MongoDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, ObjectId, json_util
from pymongo import MongoClient

from shared.domain.jobs import Queue, ResolveHandles
from shared.domain.models import Post, User
from shared.domain.snowflake import first_id_at
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from shared.stores.digests import TOLD
from tests.control.whole import Covey, covey
from tests.workers.world import jobs_in

__all__ = ["covey"]
DATABASE = "covey_predecessor"
NOON, LATER = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
POST_ID = str(first_id_at(NOON))
POST = {
    "_id": POST_ID,
    "author_id": "7",
    "text": "@esa the flood comes",
    "created_at": NOON,
    "entities": {"mentions": [{"start": 0, "end": 4, "username": "esa", "id": "8"}]},
    "attachments": {"media_keys": ["3_11"]},
    "public_metrics": {"like_count": Int64(4), "retweet_count": 1},
    "raw": {
        "id": POST_ID,
        "text": "@esa the flood comes",
        "possibly_sensitive": False,
        "public_metrics": {"like_count": 2},
    },
    "first_seen_at": NOON,
    "last_seen_at": LATER,
}
USER = {
    "_id": "7",
    "username": "NASA",
    "name": "Space",
    "bio_snapshot": {"description": "rockets", "location": "Houston"},
    "public_metrics": {"followers_count": Int64(5_000_000_000)},
    "last_updated_at": LATER,
}
PHOTO = {"_id": "3_11", "type": "photo", "url": "https://pbs.twimg.com/media/1.jpg", "width": 9, "raw": {}}
HANDLES = [
    {"_id": ObjectId(), "username": "ESA", "user_id": "8", "active": True, "created_at": NOON},
    {"_id": ObjectId(), "username": "nameless", "user_id": None, "active": True},
    {"_id": ObjectId(), "username": "gone", "user_id": "9", "active": False},
]
SEED = {
    "X_tracked_handles": HANDLES,
    "X_users": [USER],
    "X_media": [PHOTO],
    "X_tweets": [POST],
    "X_state": [{"_id": "since_id:1", "value": "99", "updated_at": NOON}],
}
MODES = {"canonical": json_util.CANONICAL_JSON_OPTIONS, "relaxed": json_util.RELAXED_JSON_OPTIONS}
Write = Callable[..., list[str]]


@pytest.fixture(params=list(MODES))
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The files that mongoexport writes of the predecessor; their names."""
    return [lines(tmp_path / f"{name}.json", documents, request.param) for name, documents in SEED.items()]


@pytest.fixture
def predecessor(mongo_uri: str) -> Iterator[str]:
    """A MongoDB with the predecessor's collections; its address."""
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(DATABASE)
        for name, documents in SEED.items():
            client[DATABASE][name].insert_many(documents)
        yield mongo_uri
        client.drop_database(DATABASE)


def lines(path: Path, documents: list[Any], mode: str = "relaxed") -> str:
    """A file of documents, one a line, as mongoexport writes them; its name."""
    text = "".join(json_util.dumps(one, json_options=MODES[mode]) + "\n" for one in documents)
    path.write_text(text, encoding="utf-8")
    return str(path)


def check_stored(services: Services) -> None:
    """What the documents of SEED say is stored as if X had told it then."""
    stores = services.stores
    post = stores.posts.get(int(POST_ID)) or {}
    user, photo = (
        stores.db["X_users"].find_one({"_id": "7"}) or {},
        stores.db["X_media"].find_one({"_id": "3_11"}) or {},
    )
    assert (post["text"], post["author_id"], post["created_at"]) == ("@esa the flood comes", "7", NOON)
    assert (post["described_at"], post["found_by"]) == (LATER, "import")
    assert post["public_metrics"] == {"like_count": 4, "retweet_count": 1}
    assert post["raw"]["possibly_sensitive"] is False
    assert (user["username"], user["last_updated_at"]) == ("NASA", LATER)
    assert user["bio_snapshot"] == {"description": "rockets", "location": "Houston"}
    assert user["public_metrics"]["followers_count"] == 5_000_000_000
    assert (photo["width"], photo["download"]["status"]) == (9, "pending")
    assert stores.db["X_state"].count_documents({"_id": "since_id:1"}) == 0
    assert stores.db["X_engagement"].count_documents({}) == 0


def test_files_of_mongoexport_are_stored(services: Services, covey: Covey, exported: list[str]) -> None:
    """In both modes of extended JSON, each kind by its content; handles are listed and not followed."""
    done = covey("import", *exported)

    assert (done.status, done.stderr) == (0, "")
    check_stored(services)
    told = done.stdout.splitlines()
    assert "2 tracked handles, 1 more no longer, none followed by this (--follow does): @esa, @nameless" in told[1]
    assert "0 posts in 1 lines, 0 were new; 1 accounts, 1 new" in told[2]
    assert "1 posts in 1 lines, 1 were new" in told[4]
    assert "1 states left out" in told[5]
    assert services.stores.handles.all() == []


def test_a_mongodb_is_read_collection_by_collection(services: Services, covey: Covey, predecessor: str) -> None:
    """The same is stored as of files, and a second time changes nothing."""
    words = ("import", "--from-mongo", predecessor, "--database", DATABASE, "--json")
    first = json.loads(covey(*words).stdout)
    check_stored(services)
    before = services.stores.db["X_tweets"].find_one({}, {"last_seen_at": 0, TOLD: 0})

    second = json.loads(covey(*words).stdout)

    assert [(name, read["lines"]) for name, read in first.items()] == [
        *(("X_tracked_handles", 3), ("X_users", 1), ("X_media", 1), ("X_tweets", 1), ("X_state", 1))
    ]
    assert (first["X_tweets"]["new"], second["X_tweets"]["new"]) == (1, 0)
    assert first["X_tracked_handles"]["handles"] == {"esa": 8, "nameless": None}
    assert services.stores.db["X_tweets"].find_one({}, {"last_seen_at": 0, TOLD: 0}) == before


def test_posts_are_attributed_to_the_sources_that_there_are(
    services: Services, covey: Covey, exported: list[str]
) -> None:
    """A mention of a followed account and a match of terms are noted, and are mentions with author and file; a source
    that nothing explains gets nothing."""
    stores = services.stores
    for id_, word in (("src-flood", "flood"), ("src-fire", "fire")):
        stores.sources.add(
            Source(id=id_, name=word, kind=SourceKind.TERMS, terms=Terms(keywords=(word,))), now=services.clock.now()
        )

    assert covey("import", *exported, "--follow").status == 0

    concerns = (stores.posts.get(int(POST_ID)) or {})["concerns"]
    assert sorted((one["source"], one["why"]) for one in concerns) == [("src-flood", "term"), ("tracked", "mention")]
    (mention,) = stores.db["mentions"].find()
    assert mention["_id"] == f"default:x:{POST_ID}"
    assert sorted(mention["sources"]) == ["src-flood", "tracked"]
    assert (mention["author_handle"], mention["author_followers"]) == ("NASA", 5_000_000_000)
    assert mention["media_type"] == "photo"
    assert mention["status"] == "new"


def test_an_author_who_comes_after_the_post_names_its_mention(services: Services, covey: Covey, tmp_path: Path) -> None:
    """Also where the file of posts is read first."""
    services.stores.sources.add_accounts("tracked", ["esa"], now=NOON)
    services.stores.handles.activate(["esa"], now=NOON, source="tracked")
    posts, users = lines(tmp_path / "t.json", [POST]), lines(tmp_path / "u.json", [USER])
    covey("import", posts)
    (before,) = services.stores.db["mentions"].find()

    covey("import", users)

    (after,) = services.stores.db["mentions"].find()
    assert (before["author_handle"], after["author_handle"]) == (None, "NASA")


def test_with_follow_active_handles_become_those_of_track(
    services: Services, covey: Covey, exported: list[str]
) -> None:
    """Those with an id are not looked up, so nothing is bought for them; the one without is, as covey track does."""
    done = covey("import", exported[0], "--follow")

    assert "2 are followed from now on: @esa, @nameless" in done.stdout
    rows = {row["_id"]: (row["active"], row.get("user_id")) for row in services.stores.handles.all()}
    assert rows == {"esa": (True, "8"), "nameless": (True, None)}
    (stream,) = services.stores.streams.active()
    assert sorted(stream.members) == ["esa", "nameless"]
    waiting = [job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, ResolveHandles)]
    assert [job.usernames for job in waiting] == [("nameless",)]
    assert "all followed already" in covey("import", exported[0], "--follow").stdout


def test_a_dry_run_says_what_would_be_stored_and_followed(
    services: Services, covey: Covey, exported: list[str]
) -> None:
    """And stores and follows nothing."""
    done = covey("import", *exported, "--dry-run", "--follow")

    assert "1 posts in 1 lines, 1 would be new" in done.stdout
    assert "2 would be followed from now on: @esa, @nameless" in done.stdout
    for name in ("X_tweets", "X_users", "X_media", "X_tracked_handles", "X_streams", "mentions", "set_aside"):
        assert services.stores.db[name].count_documents({}) == 0, name


def test_what_x_told_later_stays(services: Services, covey: Covey, exported: list[str]) -> None:
    """An account and a post that were described after the predecessor saw them; what it knows besides is added."""
    now = services.clock.now()
    services.stores.posts.upsert([Post(id=int(POST_ID), text="edited", created_at=NOON)], source="search", now=now)
    services.stores.users.upsert([User(id=7, username="SpaceAgency")], now=now)

    covey("import", *exported)

    post, user = services.stores.posts.get(int(POST_ID)) or {}, services.stores.db["X_users"].find_one() or {}
    assert (post["text"], post["author_id"]) == ("edited", "7")
    assert (user["username"], user["bio_snapshot"]["description"]) == ("SpaceAgency", "rockets")


def test_odd_documents_are_named_and_stop_no_others(services: Services, covey: Covey, tmp_path: Path) -> None:
    """A time that is none, an id that is none, no name, fields of nothing known; a time beyond calendars is left."""
    file = tmp_path / "odd.json"
    beyond = {"_id": {"$numberLong": POST_ID}, "text": "x", "last_seen_at": {"$date": {"$numberLong": "9" * 18}}}
    odd = [
        {"_id": "1", "text": "x", "created_at": {"$date": "soon"}},
        {"_id": {"$oid": "zz"}, "text": "x"},
        {"_id": {"$oid": "a" * 24}, "text": "no post id"},
        {"_id": "5", "active": True, "username": "no name!"},
        {"_id": "6", "colour": "red"},
    ]
    file.write_text("".join(json.dumps(one) + "\n" for one in [*odd, beyond]), encoding="utf-8")

    done = covey("import", str(file))

    assert "1 posts in 6 lines, 1 were new; set aside: 1 no_key; 4 cannot be read" in done.stdout
    assert [line.strip().split(":")[0] for line in done.stderr.splitlines()] == [
        *("line 1", "line 2", "line 4", "line 5", f"post {'a' * 24}")
    ]
    assert "it has _id, colour" in done.stderr
    assert "'no name!' is no handle" in done.stderr
    assert (services.stores.posts.get(int(POST_ID)) or {})["text"] == "x"


def test_a_kind_can_be_told(services: Services, covey: Covey, tmp_path: Path) -> None:
    """Where documents do not tell it themselves."""
    file = lines(tmp_path / "u.json", [{"_id": "7", "username": "nasa", "active": True}])

    covey("import", file, "--kind", "users")

    assert [one["username"] for one in services.stores.db["X_users"].find()] == ["nasa"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to import: name files"),
        (("--kind", "post", "x"), "'post' is no kind of document (did you mean posts?)"),
        (("--from-mongo", "mongodb://h"), "--from-mongo URI and --database NAME go together"),
        (("x", "--from-mongo", "mongodb://h", "--database", "d"), "'x' and --from-mongo: one or the other"),
        (("--from-mongo", "mongodb://h", "--database", "d", "--kind", "posts"), "--kind is for files"),
        (("--from-mongo", "mongodb://u:s3cret@127.0.0.1:1/", "--database", "d"), "(--from-mongo)"),
        (("--from-mongo", "mongodb://u:s3cret@h:port/", "--database", "d"), "--from-mongo"),
        (("--from-mongo", "http://u:s3cret@h/", "--database", "d"), "--from-mongo"),
        (("--from-mongo", "mongodb://u:s3cret@h/?tlsCertificateKeyFilePassword=s3cret&x=y", "--database", "d"), "fit"),
        (("--from-mongo", "mongodb://u:s3cret@127.0.0.1/", "--database", "a b"), "no database can be called so"),
    ],
)
def test_what_cannot_be_is_one_line_without_a_secret(
    services: Services, covey: Covey, arguments: tuple[str, ...], words: str
) -> None:
    """The line names what is wrong; the password of an address is in none."""
    done = covey("import", *arguments)

    assert done.status != 0
    assert words in done.line
    assert "s3cret" not in done.line


def test_a_database_of_something_else_is_refused(services: Services, covey: Covey, mongo_uri: str) -> None:
    """The line says which collections were looked for."""
    done = covey("import", "--from-mongo", mongo_uri, "--database", "covey_of_nobody")

    assert (done.status, "'covey_of_nobody' has none of X_tracked_handles, X_users" in done.line) == (2, True)
