"""The actor of `download_media`."""

from __future__ import annotations

from shared.bootstrap import Services
from shared.jobs import DownloadMedia
from workers.actors.job_actor import declare_job
from workers.handlers.media import download_media


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, DownloadMedia, download_media)
