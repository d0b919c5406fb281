"""The jobs that fetch media files: what a page brought, and what was left behind."""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.errors import BadJob
from shared.domain.jobs import DownloadMedia, decode
from shared.runtime.log import get_logger

log = get_logger(__name__)


def downloads(keys: Iterable[str]) -> list[DownloadMedia]:
    """The jobs for media keys; one of a form that no job can carry is passed over, so that the others get theirs."""
    jobs = []
    for key in keys:
        try:
            jobs.append(decode(DownloadMedia, {"media_key": key}))
        except BadJob as error:
            log.warning("media not sent for", media_key=key, reason=str(error))
    return jobs
