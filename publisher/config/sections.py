"""What every section of config.yaml has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A mapping in config.yaml: frozen, and closed against keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
