"""Secrets are named in the configuration and stand elsewhere: in the environment or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from publisher.errors import ConfigError, Problem


def secret(key: str, env: str, file: Path | None, environ: Mapping[str, str]) -> str:
    """What `KEY_file` or `KEY_env` names, the file first; empty where neither is given.

    Raises ConfigError when it is not there, or nothing is in it.
    """
    if file:
        try:
            found = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Problem(f"{key}_file", f"cannot be read: {error}")]) from None
        if not found.strip():
            raise ConfigError([Problem(f"{key}_file", f"{file} is empty")])
        return found
    if env and not environ.get(env):
        raise ConfigError([Problem(f"{key}_env", f"the environment variable {env} is not set")])
    return environ[env] if env else ""
