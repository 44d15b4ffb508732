"""Certificates to trust besides the system's, for whoever connects by TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from publisher.errors import ConfigError, Problem


def trusting(ca_file: Path | None, place: str) -> ssl.SSLContext:
    """A context that believes the system's certificates, and those in the file. Raises ConfigError."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError([Problem(place, f"{ca_file} holds no certificates: {error}")]) from None
    return context
