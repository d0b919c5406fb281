"""Every setting is in .env.example and reaches the containers; nothing else is listed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.runtime.settings import Settings
from shared.runtime.unknown import COMPOSE, PREFIX
from tests.ops.artifacts import OPS, ROOT, compose

# What a container has fixed: its servers, folders, ports, address and name.
FIXED_IN_CONTAINERS = {
    *("REDIS_URL", "REDIS_URL_FILE", "MONGO_URI", "MONGO_URI_FILE"),
    *("COVEY_DATA_DIR", "COVEY_MEDIA_DIR", "COVEY_INSTANCE"),
    *("COVEY_WORKER_METRICS_PORT", "COVEY_SCHEDULER_METRICS_PORT", "COVEY_METRICS_HOST"),
    "COVEY_LISTENER_METRICS_PORT",
    *("COVEY_CONTROL_PORT", "COVEY_CONTROL_HOST", "COVEY_CONTROL_REQUESTS_A_MINUTE"),
}
# What only the control process has.
OF_QSTASH = {
    *("COVEY_QSTASH_CURRENT_SIGNING_KEY", "COVEY_QSTASH_CURRENT_SIGNING_KEY_FILE"),
    *("COVEY_QSTASH_NEXT_SIGNING_KEY", "COVEY_QSTASH_NEXT_SIGNING_KEY_FILE"),
}
OF_CONTROL = {"COVEY_PUBLIC_URL", "COVEY_DEVELOPMENT"} | OF_QSTASH

# What only the worker of media has, which sends webhooks.
OF_WEBHOOKS = {"COVEY_ALERT_WEBHOOK_SECRET", "COVEY_ALERT_WEBHOOK_SECRET_FILE"}
# What opens credentials and webhook endpoints.
KEYS = {"COVEY_CREDENTIAL_KEYS", "COVEY_CREDENTIAL_KEYS_FILE"}


def environment_name(field: str, info: FieldInfo) -> str:
    """The name of a setting in the environment."""
    choices = getattr(info.validation_alias, "choices", None)
    return str(choices[0]) if choices else f"COVEY_{field.upper()}"


def as_text(value: object) -> str:
    """A default as it is written in an environment file."""
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, tuple):
        return json.dumps(list(value), separators=(",", ":"))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


SETTINGS = {environment_name(field, info): info for field, info in Settings.model_fields.items()}


def listed() -> dict[str, tuple[str, str]]:
    """Of .env.example, by name: (the comment above, the value)."""
    text = (ROOT / ".env.example").read_text()
    return {name: (comment, value) for comment, name, value in re.findall(r"^# (.*)\n#?([A-Z_]+)=(.*)$", text, re.M)}


def of_compose() -> set[str]:
    """The variables that docker-compose.yml itself puts in, and that are no settings."""
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())) - SETTINGS.keys()


def handed_through(name: str, value: str | None) -> bool:
    """Whether a container has this setting from .env: as it is, or as the place where its file is mounted."""
    secret = name.removeprefix("COVEY_").removesuffix("_FILE").lower()
    return value is None or value == f"${{{name}:+/run/secrets/{secret}}}"


def test_no_variable_of_compose_is_taken_for_a_misspelt_setting() -> None:
    """What compose reads from `.env` for itself is known, so that commands which read the same file do not warn."""
    ours = {name for name in of_compose() if name.startswith(PREFIX)}

    assert ours <= set(SETTINGS) | COMPOSE


def test_every_setting_is_listed_with_its_meaning_and_default() -> None:
    """.env.example has a comment and a default for each setting, the same as in shared/runtime/settings.py."""
    expected = {name: (info.description or "", as_text(info.default)) for name, info in SETTINGS.items()}

    found = {name: entry for name, entry in listed().items() if name not in of_compose()}

    missing = [f"# {meaning}\n#{name}={value}\n" for name, (meaning, value) in expected.items() if name not in found]
    assert not missing, "add to .env.example:\n" + "\n".join(missing)
    assert found == expected


def test_what_compose_puts_in_is_listed_too() -> None:
    """Each variable of docker-compose.yml is in .env.example, and nothing is listed that nobody reads."""
    assert listed().keys() == SETTINGS.keys() | of_compose()


def test_nothing_is_listed_twice() -> None:
    """Each name stands once."""
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)

    assert len(names) == len(set(names))


def test_a_worker_container_is_given_every_setting_that_is_not_fixed() -> None:
    """What an operator writes into .env reaches the processes: each setting is handed through, by its name."""
    handed = {**compose()["services"]["worker-media"]["environment"], **compose()["services"]["worker"]["environment"]}

    open_names = {name for name, value in handed.items() if handed_through(name, value)}
    expected = SETTINGS.keys() - FIXED_IN_CONTAINERS - OF_CONTROL
    missing = "\n".join(f"  {name}:" for name in sorted(expected - open_names))
    assert not missing, f"add to docker-compose.yml, beside the other settings:\n{missing}"
    assert open_names == expected


def test_only_those_who_need_a_secret_have_it() -> None:
    """Every secret but addresses, in either form, is known to worker and listener; those of webhooks to worker-media,
    which sends them, those of QStash to control, and the keys to both, for endpoints are sealed.
    """
    secrets = {name for name, info in SETTINGS.items() if "SecretStr" in str(info)}
    secrets -= {"SENTRY_DSN", "COVEY_ALERT_WEBHOOK_URL"}
    secrets |= {f"{name}_FILE" for name in secrets} & SETTINGS.keys()
    of_x = secrets - OF_WEBHOOKS - OF_QSTASH

    assert secrets >= {"X_BEARER_TOKEN", "COVEY_X_PROXY"} | OF_WEBHOOKS
    for name, service in compose()["services"].items():
        having = {"worker": of_x, "listener": of_x, "worker-media": OF_WEBHOOKS | KEYS, "control": OF_QSTASH | KEYS}
        expected = having.get(name, set())
        assert secrets & service.get("environment", {}).keys() == expected


def test_control_is_given_what_it_alone_has() -> None:
    """Each is handed through by its name, a secret in a file by where that is mounted."""
    handed = compose()["services"]["control"]["environment"]

    assert {name for name in OF_CONTROL if name in handed and handed_through(name, handed[name])} == OF_CONTROL


def test_the_settings_for_the_simulator_are_settings() -> None:
    """ops/simulator.env sets nothing that does not exist."""
    names = set(re.findall(r"^([A-Z_]+)=", (OPS / "simulator.env").read_text(), re.M))

    assert names - {"COMPOSE_PROFILES"} <= SETTINGS.keys()


def test_the_listed_defaults_are_read_as_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """.env.example with every line uncommented changes no setting: each value is written as it is read."""
    text = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(re.sub(r"^#([A-Z_]+=)", r"\1", text, flags=re.M))
    for name in (*SETTINGS, "COVEY_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)

    monkeypatch.chdir(tmp_path)
    listed_settings = Settings.load()
    (tmp_path / ".env").unlink()
    default_settings = Settings.load()

    assert listed_settings == default_settings
