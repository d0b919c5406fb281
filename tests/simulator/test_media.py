"""Media objects and the files behind them."""

import hashlib
import struct
import zlib
from typing import Any

import pytest

from simulator.media import Media, file_bytes
from tests.simulator.conftest import Server


@pytest.fixture(scope="module")
def items(busy_server: Server) -> list[dict[str, Any]]:
    """What the truth says of media."""
    newest = [record["id"] for record in busy_server.truth("posts", query="team has:media")["posts"][:150]]
    found: list[dict[str, Any]] = busy_server.truth("media", post_ids=",".join(newest))["media"]
    return found


def _of(items: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(item for item in items if item["type"] == kind)


@pytest.mark.parametrize("kind", ["photo", "video", "animated_gif"])
def test_a_file_is_served_as_the_truth_says(busy_server: Server, items: list[dict[str, Any]], kind: str) -> None:
    """The best file of a media object has the size, type and SHA-256 that the truth names."""
    item = _of(items, kind)

    answer = busy_server.session.get(item["url"], timeout=10)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == item["content_type"]
    assert int(answer.headers["Content-Length"]) == len(answer.content) == item["size"]
    assert hashlib.sha256(answer.content).hexdigest() == item["sha256"]


def test_ranges_and_etags_work(busy_server: Server, items: list[dict[str, Any]]) -> None:
    """A file can be fetched in two parts, is 304 by its ETag, and a range past its end is 416."""
    url, size = _of(items, "video")["url"], _of(items, "video")["size"]
    get = busy_server.session.get
    whole = get(url, timeout=10)

    head = get(url, headers={"Range": "bytes=0-999"}, timeout=10)
    tail = get(url, headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]}, timeout=10)
    changed = get(url, headers={"Range": "bytes=1000-", "If-Range": '"other"'}, timeout=10)
    last = get(url, headers={"Range": "bytes=-10"}, timeout=10)
    same = get(url, headers={"If-None-Match": whole.headers["ETag"]}, timeout=10)
    beyond = get(url, headers={"Range": f"bytes={size}-"}, timeout=10)

    assert (head.status_code, tail.status_code, changed.status_code) == (206, 206, 200)
    assert head.content + tail.content == whole.content == changed.content
    assert tail.headers["Content-Range"] == f"bytes 1000-{size - 1}/{size}"
    assert last.content == whole.content[-10:]
    assert (same.status_code, same.content) == (304, b"")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    assert get(busy_server.url + "/media/3_1.jpg", timeout=10).status_code == 404


def test_media_objects_have_the_urls_of_their_kind(busy_server: Server, items: list[dict[str, Any]]) -> None:
    """Photos have a url; films a preview and variants, the playlist without a bit rate and gifs with 0."""
    keys = [_of(items, kind)["media_key"] for kind in ("photo", "video", "animated_gif")]
    fields = "url,preview_image_url,variants,duration_ms,width,height"

    photo, video, gif = busy_server.get("/2/media", media_keys=",".join(keys), media__fields=fields).json()["data"]

    assert photo["url"].startswith(busy_server.url + "/media/")
    assert "variants" not in photo
    assert "url" not in video
    rates = {variant["content_type"]: variant.get("bit_rate") for variant in video["variants"]}
    assert rates["application/x-mpegURL"] is None
    assert rates["video/mp4"] > 0
    assert [variant["bit_rate"] for variant in gif["variants"]] == [0]
    for url in (video["preview_image_url"], *(variant["url"] for variant in video["variants"])):
        assert busy_server.session.get(url, timeout=10).status_code == 200


def test_media_belongs_to_posts_by_their_attachments(busy_server: Server, items: list[dict[str, Any]]) -> None:
    """The truth's post ids of a photo are posts whose attachments name its key; asking by post ids finds it."""
    photos = [item for item in items if item["type"] == "photo"]
    item = next(i for i in photos if busy_server.truth(f"posts/{i['post_ids'][0]}")["state"] == "live")

    posts = busy_server.get("/2/tweets", ids=",".join(item["post_ids"]), tweet__fields="attachments").json()["data"]
    by_post: dict[str, Any] = busy_server.session.post(
        busy_server.url + "/_sim/media", json={"post_ids": item["post_ids"]}, timeout=10
    ).json()

    assert all(item["media_key"] in post["attachments"]["media_keys"] for post in posts)
    assert item["media_key"] in {found["media_key"] for found in by_post["media"]}


def test_a_png_is_a_png() -> None:
    """A PNG's chunks have right checksums and its pixels the size that the media object says."""
    media = Media("3_9", "photo", 400, 300, None, None, ())
    content = file_bytes(media, media.image.path)
    at, chunks = 8, {}

    while at < len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + size]
        assert zlib.crc32(name + data) == struct.unpack(">I", content[at + 8 + size : at + 12 + size])[0]
        chunks[name] = data
        at += 12 + size

    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (400, 300)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 300 * (1 + 50)


def test_a_jpeg_is_a_jpeg() -> None:
    """A JPEG runs from its start marker through whole segments to its end marker, with its size in the frame."""
    media = Media("3_10", "photo", 640, 480, None, None, ())
    content = file_bytes(media, media.image.path)
    at, sizes = 2, []

    while content[at + 1] != 0xDA:
        assert content[at] == 0xFF
        if content[at + 1] == 0xC0:
            sizes.append(struct.unpack(">HH", content[at + 5 : at + 9]))
        at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]

    assert content[:2] == b"\xff\xd8"
    assert content[-2:] == b"\xff\xd9"
    assert sizes == [(480, 640)]
