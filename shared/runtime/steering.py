"""The settings of who may steer Covey over HTTP beside the bearers of tokens; part of `shared.runtime.settings`."""

from __future__ import annotations

from pydantic import Field, SecretStr

from shared.domain.errors import InputError
from shared.runtime.secret_files import SecretFiles


class Steering(SecretFiles):
    """QStash signs its requests instead of showing a token; closed unless a key and the public address are set."""

    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="the address under which others reach `covey control`, such as https://covey.example",
    )
    qstash_current_signing_key: SecretStr | None = Field(
        None, min_length=16, description="lets QStash ask for what is due; with COVEY_PUBLIC_URL"
    )
    qstash_next_signing_key: SecretStr | None = Field(
        None, min_length=16, description="the key that follows it, once the present one is rolled"
    )
    development: bool = Field(False, description="lets `covey control` store made-up posts; never in production")

    def require_public_url(self) -> None:
        """Raises InputError where QStash may ask, and nobody knows under which address it does."""
        if (self.qstash_current_signing_key or self.qstash_next_signing_key) and not self.public_url:
            raise InputError(
                "COVEY_PUBLIC_URL is not set, and a signature of QStash counts for the address that was called alone: "
                "set it to what QStash calls, such as https://covey.example"
            )
