"""What a person is asked to let the app do (OAuth 2.0)."""

from __future__ import annotations

from typing import Final

DEFAULT_SCOPES: Final = ("tweet.read", "users.read", "offline.access")
