"""Secrets that lie in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.domain.errors import InputError
from shared.runtime.settings import Settings, blank_environment, child_environment

NAMES = {
    "REDIS_URL": "redis_url",
    "MONGO_URI": "mongo_uri",
    "SENTRY_DSN": "sentry_dsn",
    "X_BEARER_TOKEN": "x_bearer_token",
    "COVEY_CREDENTIAL_KEYS": "credential_keys",
    "COVEY_X_CLIENT_SECRET": "x_client_secret",
    "COVEY_X_CONSUMER_SECRET": "x_consumer_secret",
    "COVEY_ALERT_WEBHOOK_SECRET": "alert_webhook_secret",
}
EACH = pytest.mark.parametrize(("name", "field"), NAMES.items(), ids=NAMES)


@pytest.fixture(autouse=True)
def dotenv_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`.env` is looked for in an empty working folder."""
    monkeypatch.delenv("COVEY_ENV_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def value(settings: Settings, field: str) -> object:
    """A setting, unsealed."""
    found = getattr(settings, field)
    return found.get_secret_value() if isinstance(found, SecretStr) else found


def hold(text: str) -> str:
    """The path of a file with this text."""
    Path("held").write_text(text)
    return str(Path("held").resolve())


@EACH
def test_a_secret_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, name: str, field: str) -> None:
    """The file's one line is the setting, without the end of the line."""
    monkeypatch.setenv(f"{name}_FILE", hold("hunter2\n"))

    settings = Settings.load()

    assert value(settings, field) == "hunter2"
    assert "hunter2" not in repr(settings)


@EACH
def test_both_forms_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, field: str) -> None:
    """Which of the two counts is not guessed, and neither is shown."""
    monkeypatch.setenv(f"{name}_FILE", hold("hunter2"))
    monkeypatch.setenv(name, "hunter3")

    with pytest.raises(InputError) as caught:
        Settings.load()

    assert str(caught.value) == f"settings: {name}_FILE: {name} is set too; unset one of the two"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"hunter2\nhunter3\n", "holds more than one line"),
        (b"\xff\xfehunter2", "is no text"),
    ],
    ids=["missing", "empty", "blank", "lines", "bytes"],
)
@EACH
def test_a_file_without_a_secret_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, field: str, content: bytes | None, fault: str
) -> None:
    """The error names the setting, the file and what is wrong with it, and shows nothing of what it holds."""
    if content is not None:
        Path("held").write_bytes(content)
    monkeypatch.setenv(f"{name}_FILE", "held")

    with pytest.raises(InputError) as caught:
        Settings.load()

    assert str(caught.value) == f"settings: {name}_FILE: held {fault}"


def test_a_folder_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker makes a folder where the file to be mounted is missing."""
    Path("held").mkdir()
    monkeypatch.setenv("REDIS_URL_FILE", "held")

    with pytest.raises(InputError, match="REDIS_URL_FILE: held cannot be read: Is a directory"):
        Settings.load()


def test_all_files_that_are_of_no_use_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person mends everything in one go."""
    monkeypatch.setenv("REDIS_URL_FILE", "one")
    monkeypatch.setenv("COVEY_CREDENTIAL_KEYS_FILE", "two")

    with pytest.raises(InputError, match=r"REDIS_URL_FILE: one cannot.*; COVEY_CREDENTIAL_KEYS_FILE: two cannot"):
        Settings.load()


def test_a_file_may_be_named_in_dotenv() -> None:
    """`.env` names files as the environment does, and an empty name is none."""
    Path(".env").write_text(f"X_BEARER_TOKEN_FILE={hold('hunter2')}\nREDIS_URL_FILE=\nREDIS_URL=redis://one\n")

    settings = Settings.load()

    assert (value(settings, "x_bearer_token"), settings.redis_url) == ("hunter2", "redis://one")


def test_both_forms_in_dotenv_are_refused() -> None:
    """In one place only one form counts."""
    Path(".env").write_text(f"X_BEARER_TOKEN_FILE={hold('hunter2')}\nX_BEARER_TOKEN=hunter3\n")

    with pytest.raises(InputError, match="X_BEARER_TOKEN_FILE: X_BEARER_TOKEN is set too"):
        Settings.load()


@pytest.mark.parametrize(("environment", "dotenv"), [("REDIS_URL", "REDIS_URL_FILE"), ("REDIS_URL_FILE", "REDIS_URL")])
def test_the_environment_wins_over_dotenv_in_either_form(
    monkeypatch: pytest.MonkeyPatch, environment: str, dotenv: str
) -> None:
    """What `.env` says about a secret that the environment gives is not heeded, and no fault."""
    Path("near").write_text("redis://near")
    values = {"REDIS_URL": "redis://near", "REDIS_URL_FILE": "near"}
    monkeypatch.setenv(environment, values[environment])
    Path(".env").write_text(f"{dotenv}=far\n")

    assert Settings.load().redis_url == "redis://near"


def test_what_a_command_was_given_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the environment is not even read."""
    monkeypatch.setenv("REDIS_URL_FILE", "missing")

    assert Settings.load(redis_url="redis://given").redis_url == "redis://given"


def test_a_child_that_is_given_a_secret_is_named_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process hands on takes the place of the file it read; a blank environment has no file at all."""
    monkeypatch.setenv("REDIS_URL_FILE", "held")
    monkeypatch.setenv("COVEY_X_CA_FILE", "authority.pem")

    child = child_environment(REDIS_URL="redis://one")

    assert (child["REDIS_URL"], child["COVEY_X_CA_FILE"]) == ("redis://one", "authority.pem")
    assert "REDIS_URL_FILE" not in child
    assert child_environment()["REDIS_URL_FILE"] == "held"
    assert "REDIS_URL_FILE" not in blank_environment()
