"""The only reader of the environment: every setting, with its default, its unit and its meaning.

`covey` commands read it once at start. `.env.example` lists every name; a test holds the two together.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from shared.domain.errors import InputError
from shared.domain.models import WorkClass
from shared.domain.outcomes import UNKNOWN_JOB_SECONDS
from shared.domain.urls import safe_url
from shared.runtime import unknown
from shared.runtime.alerting import Alerting
from shared.runtime.rhythm import Rhythm
from shared.runtime.secret_files import plain, without_files
from shared.runtime.steering import Steering

# Settings whose environment name has no prefix: their values hold passwords or are secrets, and are never shown.
_UNPREFIXED = frozenset({"REDIS_URL", "MONGO_URI", "SENTRY_DSN", "X_BEARER_TOKEN"})
# Names the file that is read beside the environment, instead of `.env`; empty: none.
_FILE = "COVEY_ENV_FILE"
# Settings with the prefix that are secrets too.
_SECRET = frozenset(
    {"CREDENTIAL_KEYS", "X_CLIENT_SECRET", "X_CONSUMER_SECRET", "X_PROXY", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"}
    | {"QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"}
)


def _json(kind: type, what: str, example: str) -> Callable[[object], object]:
    """Reads JSON of one kind in a text, as a setting with several values is written."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if not isinstance(found, kind):
            raise ValueError(f"write a JSON {what}, such as {example}")
        return found

    return read


Share = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(Alerting, Steering, Rhythm):
    """All settings. In the environment: `COVEY_` + the field in capitals, but for the first four and their files."""

    model_config = SettingsConfigDict(
        env_prefix="COVEY_",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    # --- servers and secrets
    redis_url: str | None = Field(
        None, validation_alias=plain("REDIS_URL"), repr=False, description="Redis; none: start our own"
    )
    mongo_uri: str | None = Field(
        None, validation_alias=plain("MONGO_URI"), repr=False, description="MongoDB; none: start our own"
    )
    sentry_dsn: SecretStr | None = Field(None, validation_alias=plain("SENTRY_DSN"), description="errors go to Sentry")
    x_bearer_token: SecretStr | None = Field(
        None, validation_alias=plain("X_BEARER_TOKEN"), description="app-only bearer token of the X API"
    )
    credential_keys: SecretStr | None = Field(
        None, description="Fernet keys for stored credentials, comma separated: the first encrypts, all decrypt"
    )

    mongo_database: str = Field("covey", pattern=r"^[A-Za-z0-9_-]{1,38}$", description="name of the database")
    data_dir: Path = Field(Path("var"), description="where embedded servers, media and reports live")
    media_dir: Path | None = Field(None, description="where media files are stored; default DATA_DIR/media")

    collect: bool = Field(True, description="false: no call of X and no download, until it is true; the rest goes on")

    # --- X
    x_base_url: str = Field("https://api.x.com", description="base of the X API, or of the simulator")
    x_authorize_url: str = Field("https://x.com/i/oauth2/authorize", description="where a person lets the app in")
    x_client_id: str | None = Field(None, description="OAuth 2.0 client id of the app, for `covey connect`")
    x_client_secret: SecretStr | None = Field(None, description="its secret; none for a public client")
    x_consumer_secret: SecretStr | None = Field(None, description="API key secret of the app: X signs webhooks with it")
    x_dialect: Literal["auto", "old", "new"] = Field("auto", description="names of request fields (tweet.* or post.*)")
    x_along: Annotated[
        tuple[Literal["places", "polls", "referenced_posts"], ...],
        NoDecode,
        BeforeValidator(_json(list, "list", '["places", "polls"]')),
    ] = Field(
        ("places", "polls"),
        description="what comes along with posts, as a JSON list; X bills each of referenced_posts as a post, $0.005",
    )
    x_query_max_length: int = Field(512, ge=64, le=4096, description="characters in a search query of your plan")
    x_search_lag_seconds: float = Field(30.0, ge=0, description="how far behind now X's search ends")
    x_connect_timeout_seconds: float = Field(5.0, gt=0, description="to connect to X")
    x_read_timeout_seconds: float = Field(20.0, gt=0, description="between two bytes of an answer of X")
    x_ca_file: Path | None = Field(None, description="authorities to trust for X, as PEM, instead of the public ones")
    x_proxy: SecretStr | None = Field(None, description="http or https address of the proxy that X is reached through")
    call_intervals_seconds: Annotated[
        dict[str, Seconds], NoDecode, BeforeValidator(_json(dict, "object", '{"search/recent": 1}'))
    ] = Field({}, description="least time between two calls of an endpoint by a credential, as a JSON object")
    rate_window_seconds: int = Field(900, ge=1, description="length of X's rate window; the simulator's may be shorter")

    # --- money
    price_post_usd: float = Field(0.005, ge=0, description="X's price of a post; 0 on a plan with a flat fee")
    price_user_usd: float = Field(0.010, ge=0, description="X's price of an account")
    budget_day_usd: float | None = Field(None, ge=0, description="the most to spend in a UTC day; none: no limit")
    budget_month_usd: float | None = Field(None, ge=0, description="the most to spend in a month; none: no limit")
    budget_month_posts: int | None = Field(3_000_000, ge=0, description="posts to buy in a month; X's plan has 3000000")
    budget_month_requests: int | None = Field(None, ge=0, description="calls to make in a month; none: no limit")
    budget_shares: Annotated[
        dict[WorkClass, Share], NoDecode, BeforeValidator(_json(dict, "object", '{"backfill": 0.1}'))
    ] = Field({}, description="the part of each budget that a class of work may spend, as a JSON object")
    credential_budget_day_usd: float | None = Field(
        None, ge=0, description="the most that one credential may spend in a UTC day; none: no limit"
    )
    credential_budget_month_usd: float | None = Field(
        None, ge=0, description="the most that one credential may spend in a month; none: no limit"
    )
    credential_budget_month_posts: int | None = Field(
        None, ge=0, description="posts that one credential may buy in a month; none: no limit"
    )
    credential_budget_month_requests: int | None = Field(
        None, ge=0, description="calls that one credential may make in a month; none: no limit"
    )

    # --- media
    media_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_json(list, "list", '["pbs.twimg.com", "video.twimg.com"]'))
    ] = Field(("pbs.twimg.com", "video.twimg.com"), description="hosts media may come from, as a JSON list")
    media_max_bytes: int = Field(512 * 1024 * 1024, ge=1, description="largest file that is stored")
    media_min_free_bytes: int = Field(200 * 1024 * 1024, ge=0, description="no file is fetched while the disk has less")
    media_attempts: int = Field(3, ge=1, description="tries before a file counts as failed")
    media_timeout_seconds: float = Field(30.0, gt=0, description="between two bytes of a media file")

    # --- processes
    worker_threads: int = Field(8, ge=1, le=256, description="threads of one worker process")
    job_limit_seconds: float = Field(
        900.0, gt=0, description="a job that runs longer is ended, if need be with its process"
    )
    shutdown_grace_seconds: float = Field(25.0, gt=0, description="for running jobs to end after SIGTERM")
    heartbeat_timeout_seconds: float = Field(15.0, gt=0, description="a silent worker's jobs are given to others then")
    unknown_job_seconds: float = Field(
        UNKNOWN_JOB_SECONDS, gt=0, description="a job that no worker knows is left for a newer one this long"
    )
    leader_lease_seconds: float = Field(15.0, gt=0, description="a silent scheduler is replaced after this")
    worker_metrics_port: int = Field(9191, ge=0, le=65535, description="0 picks a free port")
    scheduler_metrics_port: int = Field(9192, ge=0, le=65535, description="0 picks a free port")
    listener_metrics_port: int = Field(9193, ge=0, le=65535, description="0 picks a free port")
    control_port: int = Field(8000, ge=0, le=65535, description="of `covey control`; 0 picks a free port")
    control_host: str = Field("127.0.0.1", description="address `covey control` listens on")
    control_requests_a_minute: int = Field(600, ge=1, description="requests of one token that control answers")
    metrics_host: str = Field("0.0.0.0", description="address the metrics are served on")  # noqa: S104  # scraped from other containers
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for people")
    instance: str = Field(default_factory=socket.gethostname, description="name of this process in logs and leases")

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment and the file; tell of names that are no settings. Raises InputError for each misfit."""
        file = os.environ.get(_FILE, ".env") or None
        there = {**(dotenv_values(file) if file else {}), **os.environ}
        unknown.tell((name for name, value in there.items() if value), cls.model_fields, others={*_UNPREFIXED, _FILE})
        try:
            return cls(_env_file=file, **overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            raise InputError("settings: " + "; ".join(_fault(dict(e)) for e in error.errors())) from None

    @staticmethod
    def alone(**values: object) -> Settings:
        """These values over the defaults; neither the environment nor a file has a say. Raises InputError as `load`."""
        return _Alone.load(**values)

    @property
    def media_path(self) -> Path:
        """Where media files are stored."""
        return self.media_dir or self.data_dir / "media"


class _Alone(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _fault(error: dict[str, Any]) -> str:
    """What one setting is called, what it was, and what is expected; the value of a secret is left out."""
    name = str(error["loc"][0]).upper()
    if name.removesuffix("_FILE") in _UNPREFIXED:
        return f"{name}: {error['msg']}"
    if name in _SECRET:
        return f"COVEY_{name}: {error['msg']}"
    return f"COVEY_{name}: {error['msg']}, got {_shown(error['input'])}"


def _shown(value: object) -> str:
    """A value that does not fit; a URL with a login may be another setting's, and is not shown."""
    text = repr(value)
    return "a URL with a login" if "://" in text and "@" in text else safe_url(text)


def child_environment(**overrides: str) -> dict[str, str]:
    """This process's environment with `overrides`, to start a child process with."""
    return {**without_files(os.environ, overrides), **overrides}


def blank_environment(**overrides: str) -> dict[str, str]:
    """The same without one setting of ours, for a child that must see no other than `overrides`."""
    ours = _UNPREFIXED | {f"{name}_FILE" for name in _UNPREFIXED}
    others = {name: value for name, value in os.environ.items() if not (name.startswith("COVEY_") or name in ours)}
    return {**others, _FILE: "", **overrides}


def search_path() -> str | None:
    """The PATH on which programs are looked for."""
    return os.environ.get("PATH")
