"""`covey export` on a real MongoDB: what is in the files, what is refused, and going on after an interruption."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet
import pytest

from control import exporting
from control.exporting_fields import KINDS, chosen
from control.exporting_files import Format
from control.exporting_scope import wanted
from shared.domain.counts import PostMetrics
from shared.domain.errors import InputError, NoRoom
from shared.domain.models import Media, MediaType, Post, User
from shared.domain.snowflake import created_at, first_id_at
from shared.domain.sources import Source, SourceKind, Terms
from shared.runtime.settings import blank_environment
from shared.services.bootstrap import Services
from shared.stores.batches import BatchStore
from tests.control.conftest import servers_of
from tests.control.whole import Covey, covey

__all__ = ["covey"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
AWKWARD = 'two\nlines, "quoted", =1+1 and ünïcode 🪶'


def post(minute: int, author: int = 7, text: str = "say") -> Post:
    """A post of so many minutes after noon."""
    at = NOON + timedelta(minutes=minute)
    metrics = PostMetrics(like_count=minute, repost_count=3)
    return Post(
        id=first_id_at(at), text=text, created_at=at, author_id=author, metrics=metrics, entities={"urls": [{"a": 1}]}
    )


@pytest.fixture
def stored(services: Services) -> list[Post]:
    """Three posts of two authors, with what belongs to them."""
    posts = [post(0, text=AWKWARD), post(1, author=8), post(2)]
    stores, now = services.stores, NOON + timedelta(hours=1)
    stores.posts.upsert(posts, source="search", now=now)
    stores.users.upsert([User(id=7, username="nasa", verified=True), User(id=8, username="esa")], now=now)
    stores.engagement.begin(posts, now=now)
    stores.media.upsert([Media(key="3_1", type=MediaType.PHOTO, url="https://pbs.example/1.jpg")], at=now)
    stores.handles.activate(["nasa"], now=now)
    stores.handles.learn([User(id=7, username="nasa")], now=now)
    return posts


def test_json_lines_have_ids_as_text_and_times_in_utc(covey: Covey, stored: list[Post]) -> None:
    """One line a post in the order of ids, to standard output; the count goes to standard error."""
    done = covey("export", "posts")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == [str(one.id) for one in stored]
    assert rows[0]["text"] == AWKWARD
    assert rows[1] | {"author_id": "8", "created_at": "2026-05-01T12:01:00.000Z", "like_count": 1} == rows[1]
    assert rows[1]["repost_count"] == 3
    assert rows[1]["reply_count"] is None
    assert rows[1]["entities"] == {"urls": [{"a": 1}]}
    assert "raw" not in rows[0]
    assert "3 posts (" in done.stderr


def test_csv_holds_what_a_text_holds(covey: Covey, stored: list[Post], tmp_path: Path) -> None:
    """Line ends, quotes and commas come back as they were; nested values are JSON text, what is not known is empty."""
    file = tmp_path / "posts.csv"
    fields = "id,text,entities,created_at,reply_count"
    assert covey("export", "posts", "--format", "csv", "--fields", fields, "--output", str(file)).status == 0

    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert rows[0] == fields.split(",")
    assert rows[1] == [str(stored[0].id), AWKWARD, '{"urls":[{"a":1}]}', "2026-05-01T12:00:00.000Z", ""]
    assert len(rows) == 4
    assert [path.name for path in tmp_path.glob("posts*")] == ["posts.csv"]


def test_parquet_has_types(covey: Covey, stored: list[Post], tmp_path: Path) -> None:
    """Ids are strings, times are moments in UTC, counts are whole numbers, nested values JSON text."""
    file = tmp_path / "posts.parquet"
    assert covey("export", "posts", "--format", "parquet", "--output", str(file)).status == 0

    table = pyarrow.parquet.read_table(file)
    rows = table.to_pylist()
    assert str(table.schema.field("id").type) == "string"
    assert str(table.schema.field("created_at").type) == "timestamp[ms, tz=UTC]"
    assert [row["id"] for row in rows] == [str(one.id) for one in stored]
    assert rows[2]["created_at"] == stored[2].created_at
    assert (rows[2]["like_count"], rows[2]["reply_count"]) == (2, None)
    assert json.loads(rows[0]["entities"]) == {"urls": [{"a": 1}]}
    assert [path.name for path in tmp_path.glob("posts*")] == ["posts.parquet"]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("users", {"id": "7", "username": "nasa", "verified": True, "last_updated_at": "2026-05-01T13:00:00.000Z"}),
        ("engagement", {"at": "2026-05-01T13:00:00.000Z", "like_count": 0, "repost_count": 3}),
        ("media", {"id": "3_1", "type": "photo", "status": "pending", "url": "https://pbs.example/1.jpg"}),
    ],
)
def test_each_kind_can_be_had(covey: Covey, stored: list[Post], what: str, expected: dict[str, object]) -> None:
    """Accounts, readings and media, each with the names that the documents describe."""
    first = json.loads(covey("export", what).stdout.splitlines()[0])

    assert first | expected == first


def test_a_span_of_time_has_its_beginning_and_not_its_end(covey: Covey, stored: list[Post]) -> None:
    """From noon and one minute, before noon and two: the second post alone."""
    done = covey("export", "posts", "--from", "2026-05-01T12:01", "--to", "2026-05-01T12:02", "--fields", "id")

    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"id": str(stored[1].id)}]


@pytest.mark.parametrize(("what", "field"), [("posts", "author_id"), ("users", "id")])
def test_an_account_is_a_scope(covey: Covey, stored: list[Post], what: str, field: str) -> None:
    """Only posts that concern it, and only those who wrote them."""
    rows = [json.loads(line) for line in covey("export", what, "--source", "@nasa").stdout.splitlines()]

    assert {row[field] for row in rows} == {"7"}


def test_readings_of_a_source_are_those_of_its_posts(services: Services, covey: Covey, stored: list[Post]) -> None:
    """What intake noted on the posts decides; the readings of other posts are left out."""
    services.stores.handles.activate(["esa"], now=NOON)
    concern = {"source": "src-1", "member": "esa", "why": "mention"}
    services.stores.db["X_tweets"].update_one({"_id": str(stored[2].id)}, {"$set": {"concerns": [concern]}})

    done = covey("export", "engagement", "--source", "@esa", "--fields", "post_id")

    assert [json.loads(line)["post_id"] for line in done.stdout.splitlines()] == [str(stored[2].id)]


def test_mentions_of_a_source_are_those_of_its_tenant(services: Services, covey: Covey, stored: list[Post]) -> None:
    """What another tenant has of the same post stays out; everything comes without a scope."""
    source = Source(id="src-1", name="floods", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)))
    services.stores.sources.add(source, now=NOON)
    for tenant, sources in (("a", ["src-1"]), ("b", ["src-2"])):
        services.stores.db["mentions"].insert_one(
            {"_id": f"{tenant}:x:{stored[0].id}", "tenant_id": tenant, "sources": sources, "published_at": NOON}
            | {"external_id": str(stored[0].id), "likes_count": 4, "media_urls": []}
        )

    every, own = covey("export", "mentions"), covey("export", "mentions", "--source", "src-1")

    rows = [json.loads(line) for line in own.stdout.splitlines()]
    assert len(every.stdout.splitlines()) == 2
    assert [(row["tenant_id"], row["sources"], row["likes_count"]) for row in rows] == [("a", ["src-1"], 4)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("post",), "'post' cannot be exported (did you mean posts?)"),
        (("posts", "--fields", "id,autor_id"), "posts have no field 'autor_id' (did you mean author_id?)"),
        (("posts", "--format", "xml"), "'xml' is no format"),
        (("posts", "--format", "parquet"), "standard output: name one with --output"),
        (("posts", "--resume"), "name it with --output"),
        (("posts", "--source", "@nobody"), "'@nobody' is no source"),
        (("media", "--source", "@nobody"), "'@nobody' is no source"),
        (("media", "--fields", "heigth"), "media have no field 'heigth' (did you mean height?)"),
        (("users", "--fields", "user_name"), "users have no field 'user_name' (did you mean username?)"),
        (("engagement", "--fields", "like_cuont"), "engagement have no field 'like_cuont' (did you mean like_count?)"),
        (("mentions", "--fields", "autor_name"), "mentions have no field 'autor_name' (did you mean author_name?)"),
        (("posts", "--from", "soon"), "'soon'"),
        (("posts", "--from", "1d", "--to", "2d"), "is not after --from"),
        (("posts", "--from", ""), "'' is no time"),
        (("posts", "--to", ""), "'' is no time"),
        (("posts", "--source", ""), "'' is no source"),
        (("engagement", "--source", ""), "'' is no source"),
        (("posts", "--account", ""), "'' is no handle"),
        (("posts", "--source", "", "--account", "nasa"), "two subjects"),
        (("posts", "--output", "/nowhere/x.jsonl"), "'/nowhere/x.jsonl.part' cannot be written"),
        (("posts", "--output", "/"), "'/' is no file"),
        (("posts", "--output", ""), "'.' is no file"),
        (("posts", "--output", "/dev/null"), "'/dev/null' is no file"),
    ],
)
def test_what_cannot_be_is_one_line(covey: Covey, stored: list[Post], arguments: tuple[str, ...], words: str) -> None:
    """The line names the word that is wrong, and the nearest that is right."""
    done = covey("export", *arguments)

    assert done.status == 2
    assert words in done.line


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_an_interrupted_export_goes_on_after_its_last_batch(
    services: Services, covey: Covey, tmp_path: Path, form: str
) -> None:
    """Stopped after its first batch, with a torn one behind it: resumed, the file is as if nothing had happened."""
    posts = [post(number) for number in range(exporting.BATCH + 500)]
    services.stores.posts.upsert(posts, source="search", now=NOON)
    whole, file = tmp_path / f"whole.{form}", tmp_path / f"torn.{form}"
    words = ("export", "posts", "--format", form, "--fields", "id,text", "--output")
    assert covey(*words, str(whole)).status == 0
    stop = threading.Event()
    stop.set()
    fields = chosen(KINDS["posts"], "id,text")
    asked = {"what": "posts", "format": form, "source": None, "fields": "id,text", "from": None, "to": None}
    half = exporting.Export(wanted(services.stores, KINDS["posts"], fields), fields, Format(form), asked)
    with pytest.raises(InputError, match=f"after {exporting.BATCH} rows"):
        exporting.to_file(BatchStore(services.stores.db), half, file, tell=lambda _: None, stop=stop)
    partial = tmp_path / f"torn.{form}.part"
    torn = partial / "00000001.parquet" if form == "parquet" else partial
    with torn.open("ab") as end:
        end.write(b"torn")

    assert "was asked for otherwise" in covey("export", "users", "--output", str(file), "--resume").line
    assert covey(*words, str(file), "--resume").status == 0

    if form == "parquet":
        assert pyarrow.parquet.read_table(file).equals(pyarrow.parquet.read_table(whole))
        assert pyarrow.parquet.read_table(file)["id"].to_pylist() == [str(one.id) for one in posts]
    else:
        assert file.read_bytes() == whole.read_bytes()
        assert len(file.read_text(encoding="utf-8").splitlines()) == len(posts) + (form == "csv")
    assert not partial.exists()
    assert "no partial export" in covey(*words, str(file), "--resume").line


@pytest.mark.parametrize(
    "standing", ['{"rows": "x"}', '{"mark": -5}', '{"mark": "end"}', '{"last_id": 5}', "[]"], ids=lambda text: text
)
def test_a_damaged_note_of_a_partial_file_is_refused(
    covey: Covey, stored: list[Post], tmp_path: Path, standing: str
) -> None:
    """One line names the note, and the partial file stays as it is."""
    file, noted = tmp_path / "x.jsonl.part", tmp_path / "x.jsonl.part.json"
    file.write_text("kept", encoding="utf-8")
    asked = {"what": "posts", "format": "jsonl", "source": None, "fields": None, "from": None, "to": None}
    noted.write_text(f'{{"asked": {json.dumps(asked)}, "times": [null, null], "standing": {standing}}}')

    done = covey("export", "posts", "--output", str(tmp_path / "x.jsonl"), "--resume")

    assert (done.status, f"{str(noted)!r} cannot be read" in done.line) == (2, True)
    assert file.read_text(encoding="utf-8") == "kept"


def test_a_disk_that_takes_no_more_is_one_line(services: Services, stored: list[Post], tmp_path: Path) -> None:
    """It names the file and how far it is, and says how to go on."""
    folder, fields = tmp_path / "there", chosen(KINDS["posts"], "id")
    folder.mkdir()
    whole = exporting.Export(wanted(services.stores, KINDS["posts"], fields), fields, Format.JSONL)

    with pytest.raises(NoRoom, match=f"x.jsonl: cannot be written after {len(stored)} rows: No such.*--resume goes on"):
        exporting.to_file(
            BatchStore(services.stores.db),
            whole,
            folder / "x.jsonl",
            tell=lambda _: shutil.rmtree(folder),
            stop=threading.Event(),
        )


def test_ids_bound_what_is_read_for_a_span_of_time(services: Services, stored: list[Post]) -> None:
    """Since ids are in the order of time, posts outside of the span are not looked at."""
    read = wanted(
        services.stores, KINDS["posts"], chosen(KINDS["posts"], None), since=NOON, until=NOON + timedelta(seconds=30)
    )

    assert read.from_id is not None
    assert read.end_id is not None
    assert abs(created_at(int(read.from_id)) - NOON) <= timedelta(seconds=1)
    stretch = BatchStore(services.stores.db).after(read, None, 10)
    assert stretch is not None
    assert [one["_id"] for one in stretch.documents] == [str(stored[0].id)]
    assert stretch.passed == 1


def test_without_pyarrow_parquet_is_refused_in_one_line(tmp_path: Path) -> None:
    """The line says what to install; no server was asked."""
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "sys.argv = ['covey', 'export', 'posts', '--format', 'parquet', '--output', 'x.parquet']\n"
        "from control.cli import main; main()"
    )
    environment = blank_environment(PYTHONPATH=str(Path(__file__).parents[2]))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=20
    )

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "parquet needs pyarrow, which is not installed: pip install 'covey[export]'" in line
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_enough_ends_the_export_quietly(services: Services, tmp_path: Path) -> None:
    """As `covey export posts | head -1` does."""
    posts = [post(number, text="x" * 200) for number in range(exporting.BATCH + 500)]
    services.stores.posts.upsert(posts, source="search", now=NOON)
    environment = blank_environment(PYTHONPATH=str(Path(__file__).parents[2]), **servers_of(services))
    command = [sys.executable, "-m", "control.cli", "export", "posts"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        told = process.stderr.read().decode()

    assert first["id"] == str(posts[0].id)
    assert told == ""
