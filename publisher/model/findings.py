"""What somebody who looks finds wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: where, which rule, in words. An error keeps something from going out."""

    place: str
    rule: str
    message: str
    level: Literal["error", "warning"]
