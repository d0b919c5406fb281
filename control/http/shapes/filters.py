"""Filters that lists of posts and mentions have in common."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from shared.domain.mentions import MentionStatus

SourceId = Annotated[str | None, Query(max_length=200, description="Only of this source.")]
Language = Annotated[str | None, Query(max_length=20, description="Only in this language, as X calls it, such as en.")]
Handle = Annotated[
    str | None,
    Query(max_length=50, description="Only by this account: one that is followed in any case, others as X writes it."),
]
Status = Annotated[MentionStatus | None, Query(description="Only with this status.")]
