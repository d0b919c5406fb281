"""Secrets that lie in files: where NAME may hold a secret, NAME_FILE may name the file that does.

A file is what Docker, systemd and Kubernetes hand to a process without showing it in the process's environment.
The place nearest to the process wins, in either form: what a command was given, then the environment, then `.env`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from shared.domain.errors import InputError


def plain(name: str) -> AliasChoices:
    """A setting whose environment name has no COVEY_ prefix."""
    return AliasChoices(name, name.lower())


class SecretFiles(BaseSettings):
    """The files that secrets may be read from. A class below has the secrets themselves, under the same names."""

    redis_url_file: Path | None = Field(
        None, validation_alias=plain("REDIS_URL_FILE"), description="a file that holds REDIS_URL, instead of it"
    )
    mongo_uri_file: Path | None = Field(
        None, validation_alias=plain("MONGO_URI_FILE"), description="a file that holds MONGO_URI, instead of it"
    )
    sentry_dsn_file: Path | None = Field(
        None, validation_alias=plain("SENTRY_DSN_FILE"), description="a file that holds SENTRY_DSN, instead of it"
    )
    x_bearer_token_file: Path | None = Field(
        None,
        validation_alias=plain("X_BEARER_TOKEN_FILE"),
        description="a file that holds X_BEARER_TOKEN, instead of it",
    )
    credential_keys_file: Path | None = Field(
        None, description="a file that holds COVEY_CREDENTIAL_KEYS, instead of it"
    )
    x_client_secret_file: Path | None = Field(
        None, description="a file that holds COVEY_X_CLIENT_SECRET, instead of it"
    )
    x_consumer_secret_file: Path | None = Field(
        None, description="a file that holds COVEY_X_CONSUMER_SECRET, instead of it"
    )
    alert_webhook_secret_file: Path | None = Field(
        None, description="a file that holds COVEY_ALERT_WEBHOOK_SECRET, instead of it"
    )
    qstash_current_signing_key_file: Path | None = Field(
        None, description="a file that holds COVEY_QSTASH_CURRENT_SIGNING_KEY, instead of it"
    )
    qstash_next_signing_key_file: Path | None = Field(
        None, description="a file that holds COVEY_QSTASH_NEXT_SIGNING_KEY, instead of it"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a command was given, then the environment, then `.env`."""
        return init_settings, _Below(settings_cls, env_settings), _Below(settings_cls, dotenv_settings)

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Put in what the files hold. Raises InputError that names every file setting that is of no use."""
        given = {name.lower() for name in values}
        found, faults = dict(values), []
        for key, path in values.items():
            secret = _secret_of(key.lower())
            if secret is None or path in (None, ""):
                continue
            try:
                if secret in given:
                    raise InputError(f"{_shown(secret)} is set too; unset one of the two")
                found[secret] = read_secret(Path(path))
            except InputError as error:
                faults.append(f"{_shown(secret)}_FILE: {error}")
        if faults:
            raise InputError("settings: " + "; ".join(faults))
        return found


def read_secret(path: Path) -> str:
    """The one line that a file holds. Raises InputError, without the content, where it holds none or cannot be read."""
    try:
        text = path.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not text:
        raise InputError(f"{path} is empty")
    if len(text.splitlines()) > 1:
        raise InputError(f"{path} holds more than one line")
    return text


class _Below(PydanticBaseSettingsSource):
    """A source that keeps quiet about a secret which a source above gave in either form."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._source = source

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """As the source does."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        above = {_pair(name) for name in self.current_state}
        return {name: value for name, value in self._source().items() if _pair(name) not in above}


def _pair(name: str) -> str:
    """One name for both forms of a secret; any other setting's name stays as it is."""
    return _secret_of(name.lower()) or name.lower()


def _secret_of(name: str) -> str | None:
    """The field whose value the file of this field holds; none where it is no such file."""
    return name.removesuffix("_file") if name in SecretFiles.model_fields else None


def _shown(secret: str) -> str:
    """What a secret is called in the environment."""
    aliased = SecretFiles.model_fields[f"{secret}_file"].validation_alias is not None
    return secret.upper() if aliased else f"COVEY_{secret.upper()}"


def without_files(environment: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """An environment in which no file names one of these secrets too."""
    return {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in secrets}
