"""Media types by file extension, from a table of our own: the system's differs between machines."""

from __future__ import annotations

import re

MEDIA_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "ogv": "video/ogg",
    "webm": "video/webm",
}
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})(?:[?#]|$)")


def media_type(address: str) -> str:
    """The type of a picture, sound or film by its address's extension; empty for anything else."""
    found = _EXTENSION.search(address.rpartition("/")[2])
    return MEDIA_TYPES.get(found[1].lower(), "") if found else ""
