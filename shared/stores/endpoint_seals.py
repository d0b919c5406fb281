"""What is sealed in `endpoints`, for those who move it to another key."""

from __future__ import annotations

from dataclasses import dataclass

from shared.stores.database import Db, guarded


@dataclass(frozen=True, slots=True)
class SealedEndpoint:
    """id: what the vault knows it by."""

    id: str
    sealed: str


class EndpointSeals:
    """Lists ciphertexts and replaces them."""

    def __init__(self, db: Db) -> None:
        self._endpoints = db["endpoints"]

    @guarded
    def all(self) -> list[SealedEndpoint]:
        """Every ciphertext."""
        return [SealedEndpoint(_PREFIX + one["_id"], one["sealed"]) for one in self._endpoints.find({}, {"sealed": 1})]

    @guarded
    def reseal(self, owner: str, before: str, after: str) -> bool:
        """Put the same secret under another key; False where it was replaced meanwhile."""
        wanted = {"_id": owner.removeprefix(_PREFIX), "sealed": before}
        return self._endpoints.update_one(wanted, {"$set": {"sealed": after}}).matched_count == 1


_PREFIX = "endpoint:"
