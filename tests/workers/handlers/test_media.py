"""`download_media` on real servers: the file, or the reason why there is none."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import MediaUnavailable, StoreUnavailable
from shared.domain.jobs import DownloadMedia
from shared.domain.models import Media, MediaType, Variant
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, Simulator, open_sweep, read_to_end, refusing
from workers.handlers.media import download_media

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
KEY = "3_1"
JOB = DownloadMedia(media_key=KEY)


def know(services: Services, url: str | None) -> None:
    """A photo that was seen."""
    services.stores.media.upsert([Media(key=KEY, type=MediaType.PHOTO, url=url)], at=services.clock.now())


def download(services: Services, key: str = KEY) -> dict[str, Any]:
    """The state of a download."""
    found = services.stores.media.get(key)
    assert found is not None
    return found[1]


def test_files_of_the_simulator_are_stored_as_they_are(simulated: Services, simulator: Simulator) -> None:
    """A photo, a video and a gif have the bytes, the size and the checksum that the simulator says they have."""
    since = simulated.clock.now() - timedelta(minutes=50)  # of gifs there are a few in ten minutes, or none
    read_to_end(simulated, open_sweep(simulated, names=simulator.names(), since=since).id)
    truth = {item["media_key"]: item for item in simulator.truth("media")["media"]}
    keys = [document["_id"] for document in simulated.stores.db["X_media"].find({})]
    one_of_each = {truth[key]["type"]: key for key in keys}
    assert one_of_each.keys() == {"photo", "video", "animated_gif"}

    for key in one_of_each.values():
        download_media(simulated, DownloadMedia(media_key=key))

    for key in one_of_each.values():
        state = download(simulated, key)
        content = (simulated.settings.media_path / state["stored_path"]).read_bytes()
        assert (state["status"], state["attempts"]) == ("ok", 1)
        assert hashlib.sha256(content).hexdigest() == state["checksum"] == truth[key]["sha256"]
        assert len(content) == state["byte_size"] == truth[key]["size"]


def test_a_file_that_is_stored_is_not_asked_for_again(services: Services, x: ScriptedX) -> None:
    """The second delivery makes no request and changes nothing."""
    know(services, f"{x.url}/p.png")
    x.script = lambda asked: (200, PNG)
    download_media(services, JOB)
    before = download(services)

    download_media(services, JOB)

    assert len(x.asked) == 1
    assert download(services) == before


@pytest.mark.parametrize("answer", [(503, b"busy"), (0, None), (429, b"")])
def test_a_host_that_fails_gets_three_attempts(services: Services, x: ScriptedX, answer: tuple[int, Any]) -> None:
    """Two attempts are repeated, the third marks the file failed with the reason and ends the job in peace."""
    know(services, f"{x.url}/p.png")
    x.script = lambda asked: answer

    for attempt in (1, 2):
        with pytest.raises(MediaUnavailable):
            download_media(services, JOB)
        assert (download(services)["status"], download(services)["attempts"]) == ("pending", attempt)
    download_media(services, JOB)

    state = download(services)
    assert (state["status"], state["attempts"]) == ("failed", 3)
    assert state["error"]
    download_media(services, JOB)
    assert len(x.asked) == 3


def test_a_host_that_heals_gives_the_file(services: Services, x: ScriptedX) -> None:
    """The second attempt succeeds and leaves no trace of the first error."""
    know(services, f"{x.url}/p.png")
    x.script = lambda asked: (503, b"") if len(x.asked) == 1 else (200, PNG)

    with pytest.raises(MediaUnavailable):
        download_media(services, JOB)
    download_media(services, JOB)

    state = download(services)
    assert (state["status"], state["attempts"], state.get("error")) == ("ok", 2, None)


@pytest.mark.parametrize(
    ("url", "answer", "reason"),
    [
        ("{x}/p.png", (404, b"gone"), "404"),
        ("{x}/p.png", (200, b"<html>not a picture</html>"), "not an image"),
        ("http://169.254.169.254/p.png", (200, PNG), "host not allowed"),
        ("file:///etc/passwd", (200, PNG), "host not allowed"),
        (None, (200, PNG), "no file"),
    ],
    ids=["gone", "not media", "another host", "a local file", "no address"],
)
def test_what_must_not_be_stored_fails_at_once(
    services: Services, x: ScriptedX, url: str | None, answer: tuple[int, Any], reason: str
) -> None:
    """One attempt, the reason on the document, nothing in the folder, and no error of the job."""
    know(services, url and url.format(x=x.url))
    x.script = lambda asked: answer

    download_media(services, JOB)

    state = download(services)
    assert (state["status"], state["attempts"]) == ("failed", 1)
    assert reason in state["error"]
    assert [path for path in services.settings.media_path.rglob("*") if path.is_file()] == []


def test_a_video_without_a_file_fails_at_once(services: Services, x: ScriptedX) -> None:
    """A playlist is no file: the video is marked failed without a request."""
    playlist = Variant(f"{x.url}/p.m3u8", "application/x-mpegURL")
    services.stores.media.upsert([Media(key=KEY, type=MediaType.VIDEO, variants=(playlist,))], at=services.clock.now())

    download_media(services, JOB)

    assert download(services)["status"] == "failed"
    assert x.asked == []


def test_a_file_nobody_knows_is_no_error(services: Services, x: ScriptedX) -> None:
    """A job for a key without a document ends without a request."""
    download_media(services, JOB)

    assert x.asked == []


def test_a_crash_after_the_download_leaves_one_whole_file(services: Services, x: ScriptedX) -> None:
    """When the document cannot be written the file is fetched again into the same place."""
    know(services, f"{x.url}/p.png")
    x.script = lambda asked: (200, PNG)

    with refusing(services, "X_media"), pytest.raises(StoreUnavailable):
        download_media(services, JOB)
    download_media(services, JOB)

    files = [path for path in services.settings.media_path.rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in files] == [PNG]
    assert (download(services)["status"], download(services)["attempts"]) == ("ok", 1)
