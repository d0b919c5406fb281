"""`tokens`: what programs and people show to the API. The text of a token is nowhere, only its SHA-256.

active --revoke, or its time is over--> refused (the document stays: the audit trail names it)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pymongo import ASCENDING, DESCENDING

from shared.domain.access import Scope, Token
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

INDEXES = (
    Index("tokens", {"digest": ASCENDING}, {"unique": True}),
    Index("tokens", {"tenant": ASCENDING, "created_at": DESCENDING}),
)
# A use is noted no more often than this: each request would be a write otherwise.
NOTED_EVERY: Final = timedelta(minutes=1)


class TokenStore:
    """`_id` is an id of its own, which may be shown."""

    def __init__(self, db: Db) -> None:
        self._tokens = db["tokens"]

    @guarded
    def add(self, token: Token, *, digest: str) -> None:
        """Keep a new token."""
        self._tokens.insert_one(
            {
                "_id": token.id,
                "digest": digest,
                "name": token.name,
                "tenant": token.tenant,
                "scopes": sorted(token.scopes),
                "prefix": token.prefix,
                "created_at": token.created_at,
                "created_by": token.created_by,
                "expires_at": token.expires_at,
                "last_used_at": None,
                "revoked_at": None,
            }
        )

    @guarded
    def by_digest(self, digest: str) -> Token | None:
        """The token with that digest, in whatever state; None where there is none."""
        found = self._tokens.find_one({"digest": digest})
        return None if found is None else _token(found)

    @guarded
    def get(self, token_id: str, *, tenant: str | None = None) -> Token | None:
        """The token of that id, of one tenant or of any."""
        found = self._tokens.find_one({"_id": token_id} | ({} if tenant is None else {"tenant": tenant}))
        return None if found is None else _token(found)

    @guarded
    def all(self, *, tenant: str | None = None) -> list[Token]:
        """All tokens, of one tenant or of any, the newest first."""
        query: Document = {} if tenant is None else {"tenant": tenant}
        return [_token(one) for one in self._tokens.find(query).sort([("created_at", DESCENDING), ("_id", ASCENDING)])]

    @guarded
    def used(self, token: Token, *, now: datetime) -> None:
        """Note a use, once a minute."""
        if token.last_used_at is None or now - token.last_used_at >= NOTED_EVERY:
            self._tokens.update_one({"_id": token.id}, {"$max": {"last_used_at": now}})

    @guarded
    def revoke(self, token_id: str, *, now: datetime) -> bool:
        """Let it open nothing from now on; answers whether it did until now."""
        found = self._tokens.update_one({"_id": token_id, "revoked_at": None}, {"$set": {"revoked_at": now}})
        return found.modified_count == 1


def _token(found: Document) -> Token:
    return Token(
        id=found["_id"],
        name=found["name"],
        tenant=found["tenant"],
        scopes=frozenset(Scope(one) for one in found["scopes"] if one in tuple(Scope)),
        prefix=found["prefix"],
        created_at=found["created_at"],
        created_by=found["created_by"],
        expires_at=found["expires_at"],
        last_used_at=found["last_used_at"],
        revoked_at=found["revoked_at"],
    )
