"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from publisher.errors import ContentError


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: where, which rule, in words. An error keeps something from going out."""

    place: str
    rule: str
    message: str
    level: Literal["error", "warning"]


def of_error(error: ContentError, rule: str) -> Finding:
    """A content error as a finding."""
    place = f"{error.path}:{error.line}" if error.line else error.path
    message = f"{error.field}: {error.reason}" if error.field else error.reason
    return Finding(place, rule, message, "error")
