"""What is known of a post's engagement, as documents and back. Pure.

Invariant: a state comes back from its document as it was, also from one of a version before.
"""

from __future__ import annotations

from shared.domain.counts import PostMetrics
from shared.domain.days import midnight
from shared.domain.engagement.refresh import Engagement, Snapshot
from shared.domain.engagement.tiers import Tier
from shared.domain.models import PostState
from shared.stores.database import Document
from shared.stores.posts import metrics_from_document, metrics_to_document, stored_names


def snapshot_to_document(snapshot: Snapshot) -> Document:
    """The document of a snapshot, without `_id`. `fallen` is only there where a count fell."""
    deltas = metrics_to_document(snapshot.deltas)
    fallen = stored_names(snapshot.fallen) if deltas else []
    return {
        **({"fallen": fallen} if fallen else {}),
        "post_id": str(snapshot.post_id),
        "at": snapshot.at,
        "metrics": metrics_to_document(snapshot.metrics),
        "deltas": deltas,
        "velocity": snapshot.velocity,
        "tier": snapshot.tier.value,
    }


def stored_deltas(deltas: PostMetrics) -> Document:
    """The update of a snapshot whose differences are told anew."""
    fallen = stored_names(deltas.fallen)
    told: Document = {"deltas": metrics_to_document(deltas)} | ({"fallen": fallen} if fallen else {})
    return {"$set": told} | ({} if fallen else {"$unset": {"fallen": ""}})


def to_document(engagement: Engagement) -> Document:
    """The document of a state, without `_id`."""
    metrics = metrics_to_document(engagement.metrics) if engagement.metrics else None
    lacks = {} if engagement.follow_from is None else {"follow_from": engagement.follow_from}
    is_base = engagement.base is engagement.metrics  # of a post that was just found
    return {
        "created_at": engagement.created_at,
        "state": engagement.state.value,
        "tier": engagement.tier.value,
        "velocity": engagement.velocity,
        "metrics": metrics,
        "read_at": engagement.read_at,
        "bought_on": midnight(engagement.read_at) if engagement.read_at else None,
        "base": metrics if is_base else metrics_to_document(engagement.base) if engagement.base else None,
        "base_at": engagement.base_at,
        "changed_at": engagement.changed_at,
        "rate": engagement.rate,
        "usual": engagement.usual,
        "next_refresh_at": engagement.next_refresh_at,
        "gone_reports": engagement.gone_reports,
        "gone_first_at": engagement.gone_first_at,
        **lacks,
    }


def from_document(document: Document) -> Engagement:
    """The state in a document."""
    metrics = document.get("metrics")
    base = document.get("base", metrics)  # before there were bases, a velocity was measured from the last counts
    return Engagement(
        post_id=int(document["_id"]),
        created_at=document["created_at"],
        state=PostState(document["state"]),
        tier=Tier(document["tier"]),
        velocity=document["velocity"],
        metrics=metrics_from_document(metrics) if metrics else None,
        read_at=document["read_at"],
        base=metrics_from_document(base) if base else None,
        base_at=document.get("base_at", document["read_at"]),
        changed_at=document.get("changed_at"),
        rate=document.get("rate", 0.0),
        usual=document.get("usual", 0.0),
        next_refresh_at=document["next_refresh_at"],
        gone_reports=document["gone_reports"],
        gone_first_at=document.get("gone_first_at"),
        follow_from=document.get("follow_from"),
    )
