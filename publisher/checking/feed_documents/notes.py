"""What is found while a feed is read: where, which rule, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from publisher.checking.findings import Finding

_LONGEST_NAME = 60


@dataclass
class Notes:
    """Findings about one document; `entry` is the one that is being looked at, empty for the feed itself."""

    place: str
    entry: str = ""
    found: list[Finding] = field(default_factory=list)

    def error(self, rule: str, message: str) -> None:
        """What programs trip over, or readers are harmed by."""
        self._add(rule, message, error=True)

    def warning(self, rule: str, message: str) -> None:
        """What validators complain of, and some readers show badly."""
        self._add(rule, message, error=False)

    def look_at(self, number: int, name: str) -> None:
        """From here on it is about this entry (from 1), which is called so."""
        name = " ".join(name.split())
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        self.entry = f"entry {number} ({shown})" if shown else f"entry {number}"

    def missing(self, rule: str, what: Iterable[str]) -> None:
        """Parts that are required."""
        for name in what:
            self.error(rule, f"{name} is missing or empty")

    def _add(self, rule: str, message: str, *, error: bool) -> None:
        words = f"{self.entry}: {message}" if self.entry else message
        self.found.append(Finding(self.place, rule, words, "error" if error else "warning"))
