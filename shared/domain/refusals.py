"""What somebody asked for and cannot have, told apart from what they wrote wrong."""

from __future__ import annotations

from shared.domain.errors import InputError


class NotThere(InputError):
    """What the user named is not there, or is somebody else's."""


class DoesNotFit(InputError):
    """What the user asked for does not fit what is there."""
