"""Fetching one file from a real HTTP server, with every fault a media host can have."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.domain.errors import MediaRejected, MediaUnavailable, NoRoom
from shared.media.fetch import MediaFetcher
from shared.media.storage import incoming
from shared.runtime.embedded import free_port
from tests.shared.media.conftest import JPEG, MP4, Answer, MediaHost

Make = Callable[..., MediaFetcher]


def files(root: Path) -> list[str]:
    """Every file under the folder, temporary ones included."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()) if root.exists() else []


@pytest.mark.parametrize(("body", "extension"), [(JPEG, "jpg"), (MP4, "mp4")])
@pytest.mark.parametrize("length", [-1, None], ids=["announced", "unannounced"])
def test_a_good_file_is_stored_under_its_hash(
    host: MediaHost, root: Path, fetcher: Make, body: bytes, extension: str, length: int | None
) -> None:
    """Path, size and SHA-256 are those of the content; nothing else is left in the folder."""
    url = host.serve("/file", Answer(body, length=length))

    stored = fetcher().fetch(url)

    checksum = hashlib.sha256(body).hexdigest()
    assert (stored.checksum, stored.byte_size) == (checksum, len(body))
    assert stored.path == f"{checksum[:2]}/{checksum}.{extension}"
    assert (root / stored.path).read_bytes() == body
    assert files(root) == [stored.path]


def test_the_same_content_is_kept_once(host: MediaHost, root: Path, fetcher: Make) -> None:
    """Two addresses, eight threads, one file."""
    urls = [host.serve("/a", Answer(JPEG)), host.serve("/b", Answer(JPEG))]
    fetch = fetcher().fetch

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(fetch, urls * 8))

    assert len(set(stored)) == 1
    assert files(root) == [stored[0].path]


REFUSED = {
    "type by its first bytes": Answer(b"<html>" + b" " * 999, headers={"Content-Type": "image/jpeg"}),
    "nothing at all": Answer(b""),
    "a few bytes": Answer(b"\xff"),
    "gone": Answer(status=404),
    "forbidden": Answer(status=403),
    "gone for good": Answer(status=410),
    "too large by its header": Answer(JPEG, length=1_000_001),
    "too large by what came": Answer(b"\xff\xd8\xff" + bytes(1_000_000), length=None),
    "redirect": Answer(b"", status=302, headers={"Location": "/elsewhere"}),
    "redirect for good": Answer(b"", status=308, headers={"Location": "/elsewhere"}),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_must_not_be_stored_is_rejected(host: MediaHost, root: Path, fetcher: Make, fault: str) -> None:
    """Rejected for good, nothing is left in the folder, and a redirect is not followed."""
    host.serve("/elsewhere", Answer(JPEG))
    url = host.serve("/file", REFUSED[fault])

    with pytest.raises(MediaRejected):
        fetcher().fetch(url)

    assert files(root) == []
    assert [path for path, _ in host.asked] == ["/file"]


PASSING = {
    "cut body": Answer(JPEG, length=len(JPEG) + 1),
    "server error": Answer(status=500),
    "overload": Answer(status=503),
    "asked too often": Answer(status=429),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_heal_is_unavailable(host: MediaHost, root: Path, fetcher: Make, fault: str) -> None:
    """To be tried again; no partial file is left."""
    url = host.serve("/file", PASSING[fault])

    with pytest.raises(MediaUnavailable):
        fetcher().fetch(url)

    assert files(root) == []


def test_a_host_that_is_away_is_unavailable(root: Path, fetcher: Make) -> None:
    """A refused connection is a passing fault that names the host."""
    origin = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(MediaUnavailable, match=r"127\.0\.0\.1"):
        fetcher(hosts=[origin]).fetch(f"{origin}/file")

    assert files(root) == []


def test_a_host_that_stops_in_the_middle_is_unavailable(host: MediaHost, root: Path, fetcher: Make) -> None:
    """After the read timeout the thread is free again, and nothing is left."""
    release = threading.Event()
    url = host.serve("/file", Answer(MP4, hold=release))

    try:
        with pytest.raises(MediaUnavailable):
            fetcher(read_timeout_seconds=0.2).fetch(url)
    finally:
        release.set()

    assert files(root) == []


def test_no_part_of_a_file_is_visible_while_it_comes(host: MediaHost, root: Path, fetcher: Make) -> None:
    """Half received, it is not under any final name; whole, it is."""
    release = threading.Event()
    url = host.serve("/file", Answer(MP4, hold=release))

    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(fetcher(read_timeout_seconds=10.0).fetch, url)
        assert host.half_sent.wait(10)
        seen = [name for name in files(root) if not Path(name).name.startswith(".incoming-")]
        release.set()
        stored = future.result(10)

    assert seen == []
    assert files(root) == [stored.path]


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/file",
        "https://127.0.0.1/file",
        "http://127.0.0.1:1/file",
        "http://user@{host}/file",
        "http://{host}.evil.example/file",
        "http://{host}@evil.example/file",
        "ftp://{host}/file",
        "file:///etc/passwd",
        "//{host}/file",
        "http://[::1/file",
        "",
    ],
)
def test_an_address_elsewhere_is_refused_without_asking(host: MediaHost, root: Path, fetcher: Make, url: str) -> None:
    """Another host, port, scheme or user, and what is no address at all: rejected, no request, no folder."""
    with pytest.raises(MediaRejected):
        fetcher().fetch(url.format(host=host.origin.removeprefix("http://")))

    assert host.asked == []
    assert not root.exists()


def test_hosts_without_a_scheme_are_https(host: MediaHost, fetcher: Make) -> None:
    """The hosts of X are named bare: plain http to them is refused."""
    with pytest.raises(MediaRejected):
        fetcher(hosts=["pbs.twimg.com"]).fetch("http://pbs.twimg.com/media/a.jpg")


def test_a_file_that_the_host_packed_is_stored_unpacked(host: MediaHost, fetcher: Make) -> None:
    """We ask for the plain file; where a host packs it all the same, the length it announced is the packed one's."""
    url = host.serve("/file", Answer(gzip.compress(JPEG), headers={"Content-Encoding": "gzip"}))

    assert fetcher().fetch(url).byte_size == len(JPEG)


def test_no_cookie_and_no_credential_is_sent(
    host: MediaHost, fetcher: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a host sets is not sent back, and `.netrc` is not read."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login covey password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    url = host.serve("/file", Answer(JPEG, headers={"Set-Cookie": "id=7; Path=/"}))
    fetch = fetcher().fetch

    fetch(url)
    fetch(url)

    assert len(host.asked) == 2
    assert not [name for _, headers in host.asked for name in headers if name in {"Cookie", "Authorization"}]


def test_the_error_names_the_host_and_not_the_address(host: MediaHost, fetcher: Make) -> None:
    """Addresses of media may hold a signature: only the host is said."""
    with pytest.raises(MediaRejected) as caught:
        fetcher().fetch("https://evil.example/file?signature=secret")

    assert "evil.example" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_disk_without_room_is_left_alone(host: MediaHost, root: Path) -> None:
    """Nothing is asked of the host, the reason names the folder and what is missing, and no file is begun."""
    url = host.serve("/file", Answer(JPEG))
    fetcher = MediaFetcher(root, hosts=[host.origin], max_bytes=10**9, read_timeout_seconds=5, min_free_bytes=2**62)

    with pytest.raises(NoRoom, match=rf"{root}: \d+ MB are free, 4611686018427 MB are to stay free"):
        fetcher.fetch(url)
    assert files(root) == []


def test_what_the_disk_refuses_waits_for_a_person(root: Path) -> None:
    """A file that cannot be written is no fault of the host, and costs no attempt."""
    with pytest.raises(NoRoom, match="cannot be written to: No space left"), incoming(root):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_that_is_a_file_is_no_room(root: Path, host: MediaHost) -> None:
    """The name of the folder is taken: nothing can be stored until somebody mends it."""
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text("")
    fetcher = MediaFetcher(root, hosts=[host.origin], max_bytes=10**9, read_timeout_seconds=5)

    assert "cannot be written to" in (fetcher.why_no_room() or "")


def test_a_host_that_is_allowed_by_its_name_must_be_on_the_open_internet(host: MediaHost, root: Path) -> None:
    """One whose name leads into one's own network is not connected to; with its scheme written it may be anywhere."""
    host.serve("/file", Answer(JPEG))
    port = host.server_port
    names = MediaFetcher(root, hosts=[f"localhost:{port}"], max_bytes=1_000_000, read_timeout_seconds=5)

    with pytest.raises(MediaUnavailable):
        names.fetch(f"https://localhost:{port}/file")

    assert host.asked == []
    anywhere = MediaFetcher(root, hosts=[f"http://localhost:{port}"], max_bytes=1_000_000, read_timeout_seconds=5)
    assert anywhere.fetch(f"http://localhost:{port}/file").byte_size == len(JPEG)
