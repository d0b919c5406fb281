"""`download_media`: one file."""

from __future__ import annotations

from shared.domain.errors import MediaRejected, MediaUnavailable
from shared.domain.jobs import DownloadMedia
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.media import PENDING

log = get_logger(__name__)


def download_media(services: Services, job: DownloadMedia) -> None:
    """Store the photo, or the mp4 of the highest bit rate, with its SHA-256 and size; three attempts.

    The document says what became of it. A file that cannot be had is marked failed: not an error of the system.
    """
    found = services.stores.media.get(job.media_key)
    if found is None:
        return
    media, download = found
    if download.get("status") != PENDING:
        return
    last_try = download.get("attempts", 0) + 1 >= services.settings.media_attempts
    now = services.clock.now()
    try:
        if media.best_url is None:
            raise MediaRejected("X gave no file for it")
        file = services.media.fetch(media.best_url)
    except MediaRejected as error:
        _failed(services, job.media_key, error, last=True)
    except MediaUnavailable as error:
        _failed(services, job.media_key, error, last=last_try)
        if not last_try:
            raise
    else:
        services.stores.media.mark_ok(
            job.media_key, path=file.path, byte_size=file.byte_size, checksum=file.checksum, now=now
        )
        metrics.MEDIA_FILES.labels("ok").inc()
        metrics.MEDIA_BYTES.inc(file.byte_size)


def _failed(services: Services, key: str, error: Exception, *, last: bool) -> None:
    services.stores.media.mark_attempt(key, error=str(error), now=services.clock.now(), failed=last)
    metrics.MEDIA_FILES.labels("failed" if last else "retry").inc()
    if last:
        log.warning("media not stored", media_key=key, reason=str(error))
