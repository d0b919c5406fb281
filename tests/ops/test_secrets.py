"""`make secrets`, what it makes, and who is given it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from cryptography.fernet import Fernet

from tests.cases.servers import redis_with
from tests.ops.artifacts import OPS, ROOT, compose

MADE = {
    *("redis_url", "redis_users", "redis_admin_password", "mongo_uri", "mongo_analyst_uri"),
    *("mongo_root_password", "grafana_password", "credential_keys"),
}


def make(folder: Path, script: Path = OPS / "secrets.sh") -> str:
    """What the script prints."""
    return subprocess.run(["sh", script, folder], check=True, capture_output=True, text=True).stdout


def contents(folder: Path) -> dict[str, str]:
    """Every file of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder of fresh secrets."""
    make(tmp_path / "secrets")
    return tmp_path / "secrets"


def test_secrets_differ_from_each_other_and_are_printed_nowhere(tmp_path: Path) -> None:
    """Each password is made of 24 random bytes, and what the script says names files only."""
    folder = tmp_path / "secrets"
    said = make(folder)

    made = contents(folder)
    passwords = {str(urlsplit(made[name]).password) for name in ("redis_url", "mongo_uri", "mongo_analyst_uri")}
    passwords |= {made[name] for name in ("redis_admin_password", "mongo_root_password", "grafana_password")}
    assert made.keys() == MADE
    assert len(passwords) == 6
    assert all(len(bytes.fromhex(password)) == 24 for password in passwords)
    assert Fernet(made["credential_keys"])
    assert not any(password in said for password in passwords)


def test_containers_may_read_them_and_other_people_may_not(secrets: Path) -> None:
    """A container has users of its own: the files are open, the folder is the owner's."""
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}


def test_a_secret_of_yours_is_left_as_it_is_and_may_be_read_by_containers(secrets: Path) -> None:
    """A token that was put there for its owner's eyes only would end the container with "Permission denied"."""
    (secrets / "x_bearer_token").touch(0o600)
    (secrets / "x_bearer_token").write_text("hunter2")

    make(secrets)

    assert (secrets / "x_bearer_token").read_text() == "hunter2"
    assert (secrets / "x_bearer_token").stat().st_mode & 0o777 == 0o644


def test_what_is_there_stays(secrets: Path) -> None:
    """A second run says nothing and changes nothing; what is missing, or empty, is made."""
    before = contents(secrets)

    assert make(secrets) == ""
    assert contents(secrets) == before

    (secrets / "mongo_uri").unlink()
    (secrets / "grafana_password").chmod(0o644)
    (secrets / "grafana_password").write_text("")
    said = make(secrets)

    changed = {name for name, text in contents(secrets).items() if text != before[name]}
    assert changed == {"mongo_uri", "grafana_password"}
    assert said == "covey: made secrets/mongo_uri\ncovey: made secrets/grafana_password\n"


def test_redis_knows_the_user_and_nobody_else(secrets: Path, tmp_path: Path) -> None:
    """Redis takes the users that were made: covey does its work, admin all, and who has no password can only ping."""
    made = urlsplit((secrets / "redis_url").read_text().strip())
    admins = (secrets / "redis_admin_password").read_text()
    (tmp_path / "data").mkdir()

    with redis_with(tmp_path / "data", "--aclfile", str(secrets / "redis_users"), "--protected-mode", "no") as url:
        with redis.Redis.from_url(url, username="covey", password=made.password) as covey:
            assert covey.set("covey:x", 1)
            with pytest.raises(redis.exceptions.NoPermissionError):
                covey.set("other", 1)
        with redis.Redis.from_url(url, username="admin", password=admins) as admin:
            assert admin.config_get("maxmemory-policy")
        with redis.Redis.from_url(url) as anybody:
            assert anybody.ping()
            with pytest.raises(redis.exceptions.NoPermissionError):
                anybody.get("covey:x")


def test_new_rights_reach_the_users_of_redis_and_the_password_stays(secrets: Path, tmp_path: Path) -> None:
    """When docs/security.md lists another right, the users are made again with the password that is known."""
    before = (secrets / "redis_users").read_text()
    (tmp_path / "ops").mkdir()
    (tmp_path / "docs").mkdir()
    script = tmp_path / "ops" / "secrets.sh"
    script.write_text((OPS / "secrets.sh").read_text())
    page = (ROOT / "docs" / "security.md").read_text()
    (tmp_path / "docs" / "security.md").write_text(page.replace(" +info\n", " +info +lpush\n"))

    said = make(secrets, script)

    assert (secrets / "redis_users").read_text() == before.replace(" +info", " +info +lpush")
    assert "docker compose restart redis" in said


def test_every_secret_of_compose_is_made_or_yours() -> None:
    """A file of secrets/ is one that the script makes; any other is where .env says, or nothing."""
    made = {one["file"] for one in compose()["secrets"].values() if not one["file"].startswith("$")}
    yours = {one["file"] for one in compose()["secrets"].values() if one["file"].startswith("$")}

    assert made == {f"secrets/{name}" for name in MADE - {"credential_keys"}}
    assert yours == {
        *("${SENTRY_DSN_FILE:-/dev/null}", "${X_BEARER_TOKEN_FILE:-/dev/null}"),
        *("${COVEY_X_CLIENT_SECRET_FILE:-/dev/null}", "${COVEY_CREDENTIAL_KEYS_FILE:-/dev/null}"),
        "${ALERT_SECRET_FILE:-/dev/null}",
        "${COVEY_X_CONSUMER_SECRET_FILE:-/dev/null}",
        "${COVEY_ALERT_WEBHOOK_SECRET_FILE:-/dev/null}",
        "${COVEY_QSTASH_CURRENT_SIGNING_KEY_FILE:-/dev/null}",
        "${COVEY_QSTASH_NEXT_SIGNING_KEY_FILE:-/dev/null}",
    }


def test_each_service_is_given_what_it_needs_and_no_more() -> None:
    """X's secrets are for who asks X, that of webhooks for who sends them, and root of MongoDB for MongoDB alone."""
    servers = {"redis_url", "mongo_uri", "sentry_dsn"}

    assert {name: set(service.get("secrets", ())) for name, service in compose()["services"].items()} == {
        "scheduler": servers,
        "worker": servers | {"x_bearer_token", "x_client_secret", "x_consumer_secret", "credential_keys"},
        "worker-media": servers | {"alert_webhook_secret", "credential_keys"},
        "listener": servers | {"x_bearer_token", "x_client_secret", "x_consumer_secret", "credential_keys"},
        "control": servers | {"credential_keys", "qstash_current_signing_key", "qstash_next_signing_key"},
        "simulator": set(),
        "redis": {"redis_users", "redis_admin_password"},
        "mongo": {"mongo_root_password", "mongo_uri", "mongo_analyst_uri"},
        "prometheus": set(),
        "alertmanager": {"alert_secret"},
        "grafana": {"grafana_password"},
    }


def test_secrets_are_in_no_commit() -> None:
    """Git looks away from the folder, and from .env."""
    assert {"secrets/", ".env"} <= set((ROOT / ".gitignore").read_text().splitlines())
