"""`X_credentials`: who X may be asked as; each secret a ciphertext, everything else in the clear.

Owns every change of such a document. It must not open or log a ciphertext. Invariants: tokens are stored by a
compare-and-set on the version that they replace, and on the disk of a majority before anybody reads them; a verdict
(failed, lost) counts only from the holder of the claim; all times are MongoDB's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, WriteConcern
from pymongo.read_concern import ReadConcern

from shared.domain.models import CredentialKind
from shared.stores.database import Db, Document, guarded


@dataclass(frozen=True, slots=True)
class Refresh:
    """A renewal that was claimed (`holder` is set, until its lease ends), or that failed and waits until then.

    since: when the last try was claimed. tries: claims of this version so far.
    """

    holder: str | None
    since: datetime
    until: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCredential:
    """A document as it was at `read_at`.

    version: rises with every new token. refused_version: the version that X answered 401 to. replaced_refused: this
    version was issued in place of one that X refused. lifetime None: X did not say when the token ends.
    """

    id: str
    kind: CredentialKind
    sealed: str = field(repr=False)
    version: int
    is_renewable: bool
    scopes: tuple[str, ...] = ()
    issued_at: datetime
    expires_at: datetime | None = None
    reason: str | None = None
    lost_at: datetime | None = None
    paused_until: datetime | None = None
    refused_version: int | None = None
    replaced_refused: bool = False
    refresh: Refresh | None = None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class NewTokens:
    """What is written beside the ciphertext of new tokens. lifetime: from when they were asked for; None: unknown."""

    sealed: str = field(repr=False)
    is_renewable: bool
    lifetime: timedelta | None = None
    scopes: Sequence[str] = ()


class CredentialStore:
    """Reads and changes the stored credentials."""

    def __init__(self, db: Db) -> None:
        self._credentials = db.get_collection(
            "X_credentials",
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("majority"),
        )

    @guarded
    def all(self) -> list[StoredCredential]:
        """Every credential, by id."""
        rows = self._credentials.aggregate([{"$sort": {"_id": 1}}, {"$set": {"read_at": "$$NOW"}}])
        return [_from_document(row) for row in rows]

    @guarded
    def get(self, credential_id: str) -> StoredCredential | None:
        """One credential, None when it is not stored."""
        rows = self._credentials.aggregate([{"$match": {"_id": credential_id}}, {"$set": {"read_at": "$$NOW"}}])
        return next(map(_from_document, rows), None)

    @guarded
    def put(self, credential_id: str, kind: CredentialKind, tokens: NewTokens) -> None:
        """Store a credential, in place of one of the same id.

        The version is at least the present time in ms, so that it rises also over one that was removed meanwhile.
        """
        version = {"$max": [{"$add": [{"$ifNull": ["$version", 0]}, 1]}, {"$toLong": "$$NOW"}]}
        created_at = {"$ifNull": ["$created_at", "$$NOW"]}
        self._credentials.update_one(
            {"_id": credential_id},
            [
                {"$set": {"kind": kind.value, "version": version, "created_at": created_at}},
                {"$set": _present(tokens, since="$$NOW", replaced_refused=False)},
            ],
            upsert=True,
        )

    @guarded
    def remove(self, credential_id: str) -> bool:
        """Forget a credential; whether there was one."""
        return self._credentials.delete_one({"_id": credential_id}).deleted_count == 1

    @guarded
    def reseal(self, credential_id: str, before: str, after: str) -> bool:
        """Replace one ciphertext by another of the same secret; False when it changed meanwhile."""
        found = self._credentials.update_one({"_id": credential_id, "sealed": before}, {"$set": {"sealed": after}})
        return found.matched_count == 1

    @guarded
    def claim_refresh(self, credential_id: str, version: int, *, holder: str, lease: timedelta) -> Refresh | None:
        """Write down that `holder` renews this version now; None when somebody else does, or did, or it must wait."""
        is_free = {"$lte": [{"$ifNull": ["$refresh.until", "$$NOW"]}, "$$NOW"]}
        document = self._credentials.find_one_and_update(
            {"_id": credential_id, "version": version, "lost_at": None, "$expr": is_free},
            _set(
                refresh={
                    "holder": {"$literal": holder},
                    "since": "$$NOW",
                    "until": _in(lease),
                    "tries": {"$add": [{"$ifNull": ["$refresh.tries", 0]}, 1]},
                }
            ),
            return_document=ReturnDocument.AFTER,
        )
        return _refresh(document) if document else None

    @guarded
    def store_refreshed(self, credential_id: str, version: int, tokens: NewTokens, *, since: datetime) -> bool:
        """Store the tokens that X issued in place of this version, over a verdict of lost too.

        False when it is no longer the version. Asked twice with the same tokens it is stored once. since: of the claim.
        """
        was_refused = {"$eq": ["$refused_version", "$version"]}
        found = self._credentials.update_one(
            {"_id": credential_id, "version": version},
            [
                {"$set": _present(tokens, since=since, replaced_refused=was_refused)},
                {"$set": {"version": {"$add": ["$version", 1]}}},
            ],
        )
        if found.matched_count == 1:
            return True
        return self._credentials.count_documents({"_id": credential_id, "sealed": tokens.sealed}) == 1

    @guarded
    def refresh_failed(self, credential_id: str, version: int, *, holder: str, wait: timedelta, reason: str) -> bool:
        """The claimed renewal brought no tokens: nobody tries again before `wait` has passed."""
        change = {"refresh.holder": None, "refresh.until": _in(wait), "reason": {"$literal": reason}}
        return self._changed(_claimed(credential_id, version, holder), change)

    @guarded
    def mark_lost(self, credential_id: str, version: int, *, holder: str, reason: str) -> bool:
        """X does not take the refresh token: only a person can make a new one."""
        change = {"lost_at": "$$NOW", "reason": {"$literal": reason}, "refresh": None}
        return self._changed(_claimed(credential_id, version, holder), change)

    @guarded
    def mark_refused(self, credential_id: str, version: int) -> bool:
        """X answered 401 to this version; nothing where it is being renewed anyway."""
        which = {"_id": credential_id, "version": version, "refresh.holder": None}
        return self._changed(which, {"refused_version": version})

    @guarded
    def pause(self, credential_id: str, version: int, *, length: timedelta, reason: str) -> bool:
        """Nobody uses or renews this version until the time is over; then it is tried as if it had never failed."""
        change = {
            "paused_until": _in(length),
            "reason": {"$literal": reason},
            "refused_version": None,
            "replaced_refused": False,
            "refresh": None,
        }
        return self._changed({"_id": credential_id, "version": version}, change)

    def _changed(self, which: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
        return self._credentials.update_one(which, _set(**change)).matched_count == 1


def _set(**fields: Any) -> list[dict[str, Any]]:
    """The update that sets fields; as a pipeline, so that it may use MongoDB's time."""
    return [{"$set": {**fields, "updated_at": "$$NOW"}}]


def _in(length: timedelta) -> dict[str, Any]:
    return {"$add": ["$$NOW", round(length.total_seconds() * 1000)]}


def _claimed(credential_id: str, version: int, holder: str) -> dict[str, Any]:
    return {"_id": credential_id, "version": version, "refresh.holder": holder}


def _present(tokens: NewTokens, *, since: Any, replaced_refused: Any) -> dict[str, Any]:
    """Every field that new tokens set or clear."""
    length = None if tokens.lifetime is None else round(tokens.lifetime.total_seconds() * 1000)
    return {
        "sealed": {"$literal": tokens.sealed},
        "is_renewable": tokens.is_renewable,
        "scopes": [{"$literal": scope} for scope in tokens.scopes],
        "issued_at": since,
        "expires_at": None if length is None else {"$add": [since, length]},
        "replaced_refused": replaced_refused,
        **dict.fromkeys(("reason", "lost_at", "paused_until", "refused_version", "refresh")),
        "updated_at": "$$NOW",
    }


def _from_document(document: Document) -> StoredCredential:
    return StoredCredential(
        id=document["_id"],
        kind=CredentialKind(document["kind"]),
        sealed=document["sealed"],
        version=document["version"],
        is_renewable=document["is_renewable"],
        scopes=tuple(document["scopes"]),
        issued_at=document["issued_at"],
        expires_at=document["expires_at"],
        reason=document["reason"],
        lost_at=document["lost_at"],
        paused_until=document["paused_until"],
        refused_version=document["refused_version"],
        replaced_refused=document["replaced_refused"],
        refresh=_refresh(document),
        read_at=document["read_at"],
    )


def _refresh(document: Document) -> Refresh | None:
    found = document["refresh"]
    return found and Refresh(found["holder"], found["since"], found["until"], found["tries"])
