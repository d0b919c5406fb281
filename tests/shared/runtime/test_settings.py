"""The only reader of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.domain.errors import InputError
from shared.domain.models import WorkClass
from shared.runtime.settings import Settings, blank_environment, child_environment, search_path

SECRETS = {
    "REDIS_URL": "redis://:secret-one@redis:6379/0",
    "MONGO_URI": "mongodb://covey:secret-two@mongo:27017",
    "SENTRY_DSN": "https://secret-three@sentry.example/1",
    "X_BEARER_TOKEN": "secret-four",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting in the environment, and no `.env` in the working folder."""
    for field, info in Settings.model_fields.items():
        monkeypatch.delenv(f"COVEY_{field.upper()}", raising=False)
        monkeypatch.delenv(str(info.alias or field).upper(), raising=False)
    for name in (*SECRETS, "COVEY_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_an_environment_everything_has_its_default() -> None:
    """No server, no token, X itself, and media under the data folder."""
    settings = Settings.load()

    assert (settings.redis_url, settings.mongo_uri, settings.sentry_dsn, settings.x_bearer_token) == (None,) * 4
    assert settings.x_base_url == "https://api.x.com"
    assert settings.media_path == Path("var/media")
    assert settings.instance


def test_every_setting_says_what_it_is() -> None:
    """Its description is what a person reads beside its name."""
    assert not [name for name, info in Settings.model_fields.items() if not info.description]


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers and secrets by their own names, all else with the prefix."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COVEY_WORKER_THREADS", "3")
    monkeypatch.setenv("COVEY_MEDIA_DIR", "/data/media")
    monkeypatch.setenv("COVEY_MEDIA_HOSTS", '["one.example", "http://127.0.0.1:8090"]')

    settings = Settings.load()

    assert settings.redis_url == SECRETS["REDIS_URL"]
    assert settings.mongo_uri == SECRETS["MONGO_URI"]
    assert settings.x_bearer_token is not None
    assert settings.x_bearer_token.get_secret_value() == "secret-four"
    assert settings.worker_threads == 3
    assert settings.media_path == Path("/data/media")
    assert settings.media_hosts == ("one.example", "http://127.0.0.1:8090")


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` in the working folder gives what the environment does not."""
    Path(".env").write_text("COVEY_WORKER_THREADS=5\nCOVEY_LOG_LEVEL=debug\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("COVEY_LOG_LEVEL", "error")

    settings = Settings.load()

    assert (settings.worker_threads, settings.log_level) == (5, "error")


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose passes empty variables on: they leave the default."""
    monkeypatch.setenv("COVEY_WORKER_THREADS", "")
    monkeypatch.setenv("REDIS_URL", "")

    settings = Settings.load()

    assert (settings.worker_threads, settings.redis_url) == (8, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COVEY_WORKER_THREADS", "many"),
        ("COVEY_WORKER_THREADS", "0"),
        ("COVEY_X_DIALECT", "middle"),
        ("COVEY_X_QUERY_MAX_LENGTH", "9999"),
        ("COVEY_MONGO_DATABASE", "a b"),
        ("COVEY_SEARCH_INTERVAL_SECONDS", "-1"),
        ("COVEY_SEARCH_INTERVAL_SECONDS", "nan"),
        ("COVEY_REFRESH_TIME_SCALE", "inf"),
        ("COVEY_MEDIA_HOSTS", "one.example,two.example"),
        ("COVEY_MEDIA_HOSTS", '{"a": 1}'),
    ],
)
def test_a_value_that_does_not_fit_names_variable_and_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """One line says which variable is wrong, what it was, and what is expected."""
    monkeypatch.setenv(name, value)

    with pytest.raises(InputError) as caught:
        Settings.load()

    assert name in str(caught.value)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person mends everything in one go."""
    monkeypatch.setenv("COVEY_WORKER_THREADS", "x")
    monkeypatch.setenv("COVEY_LOG_LEVEL", "loud")

    with pytest.raises(InputError, match=r"COVEY_WORKER_THREADS.*COVEY_LOG_LEVEL"):
        Settings.load()


def test_an_error_about_a_secret_does_not_show_it() -> None:
    """The four that may hold a password are named as they are called, without their value."""
    with pytest.raises(InputError, match="REDIS_URL") as caught:
        Settings.load(redis_url=["redis://:hunter2@h"], x_bearer_token=12345, credential_keys=12345)

    assert "COVEY_REDIS_URL" not in str(caught.value)
    assert "X_BEARER_TOKEN" in str(caught.value)
    assert "COVEY_CREDENTIAL_KEYS" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_secrets_are_hidden_in_every_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr nor str nor a traceback's line shows a password, a token or the DSN."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    settings = Settings.load()

    assert "secret-" not in repr(settings)
    assert "secret-" not in f"{settings}"


def test_settings_cannot_be_changed() -> None:
    """What a process was started with is what it runs with."""
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().worker_threads = 2  # type: ignore[misc]


def test_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of a command come before the environment."""
    monkeypatch.setenv("COVEY_WORKER_THREADS", "3")

    assert Settings.load(worker_threads=4).worker_threads == 4


def test_a_child_gets_the_environment_and_what_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The PATH of this process, and the overrides."""
    monkeypatch.setenv("PATH", "/bin")

    child = child_environment(REDIS_URL="redis://x")

    assert (child["PATH"], child["REDIS_URL"], search_path()) == ("/bin", "redis://x", "/bin")


def test_budgets_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits, prices and shares by class; without them no money is capped, and posts at X's plan."""
    default = Settings.load()
    monkeypatch.setenv("COVEY_BUDGET_DAY_USD", "2.50")
    monkeypatch.setenv("COVEY_BUDGET_MONTH_POSTS", "5000")
    monkeypatch.setenv("COVEY_BUDGET_SHARES", '{"engagement": 0.5}')
    settings = Settings.load()

    assert (default.budget_day_usd, default.budget_month_usd, default.budget_month_posts) == (None, None, 3_000_000)
    assert (settings.budget_day_usd, settings.budget_month_posts) == (2.5, 5_000)
    assert settings.budget_shares == {WorkClass.ENGAGEMENT: 0.5}


@pytest.mark.parametrize("text", ["half", "[1]", '{"refreshes": 0.5}', '{"search": 1.5}', '{"search": 0}'])
def test_shares_that_are_none_are_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A share has a class of work and lies above 0 and up to 1."""
    monkeypatch.setenv("COVEY_BUDGET_SHARES", text)

    with pytest.raises(InputError, match="COVEY_BUDGET_SHARES"):
        Settings.load()


def test_budgets_of_credentials_and_intervals_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap of calls, the caps of each credential, and the least time between two calls; none by default."""
    default = Settings.load()
    monkeypatch.setenv("COVEY_BUDGET_MONTH_REQUESTS", "90000")
    monkeypatch.setenv("COVEY_CREDENTIAL_BUDGET_DAY_USD", "0.5")
    monkeypatch.setenv("COVEY_CREDENTIAL_BUDGET_MONTH_REQUESTS", "7")
    monkeypatch.setenv("COVEY_CALL_INTERVALS_SECONDS", '{"search/recent": 1, "tweets": 0.2}')
    settings = Settings.load()

    assert (default.budget_month_requests, default.call_intervals_seconds) == (None, {})
    assert settings.budget_month_requests == 90_000
    assert (settings.credential_budget_day_usd, settings.credential_budget_month_requests) == (0.5, 7)
    assert (settings.credential_budget_month_usd, settings.credential_budget_month_posts) == (None, None)
    assert settings.call_intervals_seconds == {"search/recent": 1, "tweets": 0.2}


@pytest.mark.parametrize(
    ("text", "named"),
    [("1", "JSON object"), ('{"tweets": 0}', "greater than 0")],
)
def test_intervals_that_are_none_are_named(monkeypatch: pytest.MonkeyPatch, text: str, named: str) -> None:
    """An interval is above 0."""
    monkeypatch.setenv("COVEY_CALL_INTERVALS_SECONDS", text)

    with pytest.raises(InputError, match=f"COVEY_CALL_INTERVALS_SECONDS.*{named}"):
        Settings.load()


def test_another_file_is_read_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """COVEY_ENV_FILE names it; empty, no file is read."""
    Path(".env").write_text("COVEY_WORKER_THREADS=5\n")
    Path("other.env").write_text("COVEY_WORKER_THREADS=6\n")
    threads = []

    for name in ("other.env", ""):
        monkeypatch.setenv("COVEY_ENV_FILE", name)
        threads.append(Settings.load().worker_threads)

    assert threads == [6, 8]


def test_what_stands_alone_heeds_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a file reaches settings that stand alone, nor a child with a blank environment."""
    Path(".env").write_text("COVEY_BUDGET_DAY_USD=3\n")
    monkeypatch.setenv("COVEY_MEDIA_DIR", "/data/media")
    monkeypatch.setenv("SENTRY_DSN", SECRETS["SENTRY_DSN"])
    monkeypatch.setenv("PATH", "/bin")

    settings, child = Settings.alone(worker_threads=3), blank_environment(REDIS_URL="redis://x")

    assert (settings.worker_threads, settings.budget_day_usd, settings.media_dir, settings.sentry_dsn) == (
        3,
        *(None,) * 3,
    )
    assert (child["PATH"], child["REDIS_URL"], child["COVEY_ENV_FILE"]) == ("/bin", "redis://x", "")
    assert not child.keys() & {"COVEY_MEDIA_DIR", "SENTRY_DSN"}
    with pytest.raises(InputError, match="COVEY_WORKER_THREADS"):
        Settings.alone(worker_threads=0)
