"""What a check finds."""

from __future__ import annotations

from publisher.errors import ContentError
from publisher.model.findings import Finding

__all__ = ["Finding", "of_error"]


def of_error(error: ContentError, rule: str) -> Finding:
    """A content error as a finding."""
    place = f"{error.path}:{error.line}" if error.line else error.path
    message = f"{error.field}: {error.reason}" if error.field else error.reason
    return Finding(place, rule, message, "error")
