"""X is reached by the authority and the proxy that were set for it, and by no other; media by neither."""

from __future__ import annotations

import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.domain.errors import InputError, NoAnswer, NotSent
from shared.media.fetch import MediaFetcher
from shared.platforms.route import Route
from shared.platforms.transport import HttpTransport, Timeouts
from shared.platforms.x.auth import BearerAuth
from shared.platforms.x.oauth import OAuthClient, TokenEndpoint
from shared.runtime.settings import Settings
from shared.services.bootstrap import build, route_to_x
from tests.cases.hosts import certificate, proxying
from tests.ops.artifacts import ROOT
from tests.shared.media.conftest import JPEG
from tests.shared.platforms.x.local_server import always, http, serving

TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=1, total_seconds=2)
AUTH = BearerAuth(SecretStr("the-secret-token"))
SERVERS = {"redis_url": "redis://127.0.0.1:1/0", "mongo_uri": "mongodb://127.0.0.1:1"}
# What a machine behind a proxy with an authority of its own has in its environment.
ENVIRONMENT = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
)


def _get(url: str, route: Route) -> bytes:
    transport = HttpTransport(TIMEOUTS, route=route)
    try:
        return transport.get("tweets", url, {"ids": "1"}, AUTH).body
    finally:
        transport.close()


def _login(port: int, scheme: str = "http") -> SecretStr:
    return SecretStr(f"{scheme}://covey:p%40ss%2Fw0rd@127.0.0.1:{port}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_x_is_asked_through_the_proxy_under_its_authority(scheme: str, tmp_path: Path) -> None:
    """The proxy is shown its login and sees neither the token nor what is asked; X's certificate is checked."""
    file, context = certificate(tmp_path)
    with serving(always(200, b"{}"), context) as x, proxying(tls=context if scheme == "https" else None) as proxy:
        assert _get(x.url, Route(file, _login(proxy.port, scheme))) == b"{}"

        assert len(x.requests) == 1
        [head] = proxy.heads
    assert "Proxy-Authorization: Basic Y292ZXk6cEBzcy93MHJk\r\n" in head
    assert "the-secret-token" not in head
    assert "ids" not in head


def test_tokens_are_renewed_the_same_way(tmp_path: Path) -> None:
    """The endpoint that issues tokens is X too."""
    file, context = certificate(tmp_path)
    answer = {"access_token": "new", "token_type": "bearer"}

    def issue(connection: socket.socket, head: str) -> None:
        connection.sendall(http(200, answer, {"Connection": "close"}))

    with serving(issue, context) as x, proxying() as proxy:
        endpoint = TokenEndpoint(x.url, route=Route(file, _login(proxy.port)))
        issued = endpoint.refresh(OAuthClient("app"), SecretStr("the-old-token"))

        assert len(proxy.heads) == 1
    assert issued.access.get_secret_value() == "new"


def test_the_settings_make_the_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are read from the environment, and the address of the proxy is shown nowhere."""
    monkeypatch.setenv("COVEY_X_CA_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("COVEY_X_PROXY", "http://covey:s3cret@proxy.example:3128")

    settings = Settings.load()
    route = route_to_x(settings)

    assert route == Route(tmp_path / "ca.pem", SecretStr("http://covey:s3cret@proxy.example:3128"))
    assert "s3cret" not in repr(settings) + str(settings.model_dump()) + repr(route)


@pytest.fixture
def of_a_company(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    def set_all(proxy: str) -> None:
        file, _ = certificate(tmp_path)
        for name in ENVIRONMENT:
            monkeypatch.setenv(name, proxy if "proxy" in name.lower() else str(file))

    return set_all


def test_the_environment_has_no_say(of_a_company: Callable[[str], None], tmp_path: Path) -> None:
    """What other programs are told by it changes neither how X is reached nor how media are."""
    with serving(always(200, JPEG)) as host, proxying() as proxy:
        of_a_company(f"http://127.0.0.1:{proxy.port}")
        fetcher = MediaFetcher(tmp_path / "media", hosts=[host.url], max_bytes=10**6, read_timeout_seconds=1.0)

        assert _get(host.url, Route()) == JPEG
        assert fetcher.fetch(f"{host.url}/file").byte_size == len(JPEG)
        assert proxy.connections == 0


def test_media_are_never_fetched_by_the_way_to_x(tmp_path: Path) -> None:
    """A process whose way to X is a proxy still fetches files by itself."""
    with serving(always(200, JPEG)) as host, proxying() as proxy:
        settings = Settings.alone(**SERVERS, x_proxy=_login(proxy.port), media_dir=tmp_path, media_hosts=(host.url,))
        services = build(settings, middleware=[])

        assert services.media.fetch(f"{host.url}/file").byte_size == len(JPEG)
        assert proxy.connections == 0


def test_the_error_of_an_untrusted_certificate_names_the_setting(tmp_path: Path) -> None:
    """An operator reads what to set, and that the environment is not read."""
    _, context = certificate(tmp_path)
    with serving(always(200, {}), context) as server, pytest.raises(NotSent) as caught:
        _get(server.url, Route())

    assert str(caught.value).startswith("tweets: no usable answer from X: X's certificate is not trusted here (")
    assert "set COVEY_X_CA_FILE" in str(caught.value)
    assert "REQUESTS_CA_BUNDLE is not read" in str(caught.value)


def test_the_error_of_a_wrong_authority_names_the_file(tmp_path: Path) -> None:
    """Where the setting is there already, it is what to look at."""
    (tmp_path / "other").mkdir()
    file, _ = certificate(tmp_path / "other")
    _, context = certificate(tmp_path)
    with serving(always(200, {}), context) as server, pytest.raises(NotSent, match=f"see COVEY_X_CA_FILE, .*{file}"):
        _get(server.url, Route(ca_file=file))


def test_the_error_of_an_x_that_is_not_reached_names_the_proxy() -> None:
    """Without a proxy that one may be needed; with one, that it may be at fault."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(NotSent, match=r"\(ConnectionRefusedError\): set COVEY_X_PROXY .*HTTPS_PROXY is not read"):
        _get(f"https://127.0.0.1:{port}", Route())
    with pytest.raises(NotSent, match=r"\(ConnectionRefusedError\): see COVEY_X_PROXY"):
        _get("https://api.x.invalid", Route(proxy=_login(port)))
    with (
        proxying(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy,
        pytest.raises(NotSent, match="the proxy of COVEY_X_PROXY answered 407"),
    ):
        _get("https://api.x.invalid", Route(proxy=_login(proxy.port)))


@pytest.mark.parametrize("refusal", [b"", b"HTTP/1.1 407 No\r\n\r\n"], ids=["no way", "no login"])
def test_no_error_shows_the_password_of_the_proxy(refusal: bytes) -> None:
    """Neither a message, nor a cause, nor a local variable of any frame behind it."""
    with proxying(refusal) as proxy, pytest.raises(NoAnswer) as caught:
        _get("https://127.0.0.1:1", Route(proxy=_login(proxy.port)))

    error: BaseException | None = caught.value
    while error is not None:
        assert "w0rd" not in repr(error)
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename != __file__]
        assert not [frame for frame in frames if "w0rd" in repr(frame.f_locals)]
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "address",
    [
        "proxy.example:3128",
        "socks5://u:s3cret@proxy.example",
        "http://",
        "http://:s3cret@:3128",
        "http://u:s3cret@proxy.example:port",
        "http://u:s3cret@proxy.example:99999",
        "http://u:s3cret/3@proxy.example:3128",
        "http://u:s3cret#3@proxy.example:3128",
        "http://u:s3cret?3@proxy.example:3128",
        "http://u:s3cret 3@proxy.example:3128",
        "http://u:s3cret@proxy.example:3128/path",
    ],
)
def test_an_address_that_is_no_proxy_is_refused_at_start(address: str) -> None:
    """In one line that names the setting, and shows nothing of what may be a password."""
    with pytest.raises(InputError, match=r"^COVEY_X_PROXY: not the address of a proxy, .*$") as caught:
        build(Settings.alone(**SERVERS, x_proxy=address), middleware=[])

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "it holds no certificate in PEM"),
        (b"no PEM", "it holds no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it holds no certificate in PEM"),
    ],
)
def test_a_file_that_is_no_authority_is_refused_at_start(content: bytes | None, reason: str, tmp_path: Path) -> None:
    """In one line that names the setting, the file and what is wrong with it."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(InputError, match=f"^COVEY_X_CA_FILE: {file}: {reason}$"):
        build(Settings.alone(**SERVERS, x_ca_file=file), middleware=[])


def test_a_command_ends_with_that_line(tmp_path: Path) -> None:
    """No traceback: the line, and a status that says so."""
    address = "ftp://u:s3cret@proxy.example"
    servers = {"REDIS_URL": SERVERS["redis_url"], "MONGO_URI": SERVERS["mongo_uri"]}
    done = subprocess.run(
        [sys.executable, "-m", "control.cli", "status"],
        env={"PYTHONPATH": str(ROOT), "COVEY_X_PROXY": address, **servers},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert "COVEY_X_PROXY: not the address of a proxy" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "s3cret" not in done.stdout + done.stderr
