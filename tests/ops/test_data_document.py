"""docs/data.md: its queries answer and use indexes, its Python runs, its fields are those that are stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
import pytest
from bson import json_util

from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.coverage.gaps import GapReason, Unread, note
from shared.domain.coverage.streams import Stream
from shared.domain.mentions import Mention
from shared.domain.models import Media, MediaType, Post, PostState, Reference, ReferenceType, User
from shared.domain.states import By, Word
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.ops.artifacts import OPS
from tests.ops.documents import DATA

NOW = datetime(2024, 5, 1, 11, 30, tzinfo=UTC)
AUTHOR, POST, QUOTE, REPLY = 2244994945, 1460323737035677698, 1460323737035677699, 1460323737035677700
TEXT = DATA.read_text()
QUERIES = [
    part
    for block in re.findall(r"<!-- run -->\n```js\n(.*?)```", TEXT, flags=re.S)
    for part in block.strip().split("\n\n")
]
_CALL = re.compile(r"\.?(\w+)\(")


def arguments(text: str) -> list[Any]:
    """The arguments of a call, written as JSON with ISODate."""
    dated = re.sub(r'ISODate\(("[^"]+")\)', r'{"$date": \1}', text)
    found: list[Any] = json_util.loads(f"[{dated}]", json_options=json_util.JSONOptions(tz_aware=True))
    return found


def calls(query: str) -> tuple[str, list[tuple[str, list[Any]]]]:
    """`db.NAME.f(a).g(b)` as its collection (empty for the database) and its calls."""
    rest = query.removeprefix("db.")
    collection = "" if _CALL.match(rest) else rest.partition(".")[0]
    rest, found = rest.removeprefix(f"{collection}."), []
    while match := _CALL.match(rest):
        end = next(i for i in range(match.end(), len(rest)) if _closes(rest[match.end() : i], rest[i]))
        found.append((match[1], arguments(rest[match.end() : end])))
        rest = rest[end + 1 :]
    return collection, found


def _closes(inside: str, char: str) -> bool:
    plain = re.sub(r'"[^"]*"', "", inside)
    return char == ")" and plain.count("(") == plain.count(")")


def command(query: str) -> tuple[str, dict[str, Any]]:
    """The collection, and the query as a command of MongoDB."""
    collection, [(name, given), *chain] = calls(query)
    if name == "aggregate":
        return collection, {"aggregate": collection, "pipeline": given[0], "cursor": {}}
    found = dict(zip(("filter", "projection"), given, strict=False))
    return collection, {"find": collection, **found, **{step: values[0] for step, values in chain}}


@pytest.fixture(scope="module")
def db(mongo_uri: str) -> Iterator[Db]:
    """A database in which there is an answer to every question of the document, written by the stores."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        client.drop_database("covey_document")
        fill(Stores.on(client["covey_document"]))
        yield client["covey_document"]
        client.drop_database("covey_document")


def fill(stores: Stores) -> None:
    """A post with a photo, a quote and a reply; its author; a search with a gap; a post that is gone."""
    stores.ensure_indexes()
    counts, keys = PostMetrics(like_count=3), {"media_keys": ["3_1"]}
    posts = [
        Post(id=POST, text="a", created_at=NOW, author_id=AUTHOR, attachments=keys, metrics=counts),
        _about(QUOTE, ReferenceType.QUOTED),
        _about(REPLY, ReferenceType.REPLIED_TO),
    ]
    concerns = {POST: [Concern("tracked", "xdevelopers", Why.AUTHOR)]}
    stores.posts.upsert(posts, source="search", now=NOW, concerns=concerns)
    found = {"tenant_id": "default", "platform": "x", "url": "", "content": "a", "published_at": NOW}
    stores.mentions.put([Mention(external_id=str(POST), sources=("tracked",), **found)], now=NOW, at=NOW)
    word = Word(PostState.DELETED, NOW, By.LOOKUP)
    stores.fates.bury({QUOTE: word}, now=NOW, purge_after=timedelta(hours=1))
    stores.users.upsert([User(id=AUTHOR, username="XDevelopers", description="d", public_metrics={"a": 1})], now=NOW)
    stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO, url="https://pbs.twimg.com/a.jpg")], at=NOW)
    stores.engagement.begin(posts, now=NOW)
    query = {"members": ("xdevelopers",), "query": "from:xdevelopers"}
    stream = Stream(id="s-1", began_at=NOW, covered_through=NOW, cursor_id=1, **query)
    stores.streams.add(stream, now=NOW)
    span = Unread(NOW, NOW + timedelta(hours=1), GapReason.PAGING_STUCK)
    stores.gaps.note([note(span, stream="s-1", members=["xdevelopers"], now=NOW)])


def _about(post_id: int, kind: ReferenceType) -> Post:
    return Post(id=post_id, text="b", created_at=NOW, author_id=AUTHOR, references=(Reference(kind, POST),))


def test_every_query_answers_by_an_index(db: Db) -> None:
    """Each query of the document finds something, and MongoDB reads no whole collection for it."""
    for query in (one for one in QUERIES if "adminCommand" not in one):
        collection, asked = command(query)

        found = db.command(asked)["cursor"]["firstBatch"]
        plan = json.dumps(db.command("explain", asked, verbosity="queryPlanner"), default=str)

        assert found, query
        assert "COLLSCAN" not in plan, query
        assert collection in db.list_collection_names()


def test_the_analyst_reads_what_that_of_compose_reads(db: Db) -> None:
    """MongoDB takes the commands that make him, and his rights are those of ops/mongo/users.json."""
    plan = json.loads((OPS / "mongo" / "users.json").read_text())
    made = [calls(query)[1][0][1][0] for query in QUERIES if "adminCommand" in query]
    rights = {one["resource"]["collection"]: one["actions"] for one in made[0]["privileges"]}
    try:
        for asked in made:
            db.client.admin.command(asked)
    finally:
        db.client.admin.command("dropUser", "analyst")
        db.client.admin.command("dropRole", "covey_analyst")

    assert rights == {"": ["listCollections"], **dict.fromkeys(plan["readable"], plan["reading"])}


def test_the_python_runs(db: Db, mongo_uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The example prints a line a post, with its curve and its files."""
    [example] = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)

    exec(example.replace('client["covey"]', f'client["{db.name}"]'), {"MONGO_URI": mongo_uri})

    assert len(capsys.readouterr().out.splitlines()) == 3


def test_every_field_that_is_stored_is_named(db: Db) -> None:
    """What the stores write into a collection of the document stands in its table."""
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, flags=re.M | re.S))
    for name in ("X_tweets", "X_users", "X_media", "X_engagement", "X_engagement_history", "X_streams"):
        named = set(re.findall(r"`(\w+)`", sections[name])) | {"_id"}
        stored = {field for document in db[name].find() for field in document}

        assert stored
        assert stored - named == set(), name
