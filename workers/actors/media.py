"""The actor of `download_media`."""

from __future__ import annotations

from shared.domain.jobs import DownloadMedia
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.media import download_media


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, DownloadMedia, download_media)
