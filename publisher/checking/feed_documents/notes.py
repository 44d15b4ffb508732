"""What is found while a feed is read: where, which rule, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from publisher.checking.findings import Finding

_LONGEST_NAME = 60


@dataclass
class Notes:
    """Findings about one document; `entry` is the one that is being looked at, empty for the feed itself.

    `places` are those of the entries, in order: what is wrong with one of them is said of its own place.
    """

    place: str
    places: Sequence[str] = ()
    entry: str = ""
    number: int = 0
    found: list[Finding] = field(default_factory=list)

    def error(self, rule: str, message: str) -> None:
        """What programs trip over, or readers are harmed by."""
        self._add(rule, message, error=True)

    def warning(self, rule: str, message: str) -> None:
        """What validators complain of, and some readers show badly."""
        self._add(rule, message, error=False)

    def look_at(self, number: int, name: str) -> None:
        """From here on it is about this entry (from 1), which is called so."""
        self.number, name = number, " ".join(name.split())
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        self.entry = f"entry {number} ({shown})" if shown else f"entry {number}"

    def look_up(self) -> None:
        """From here on it is about the feed itself again."""
        self.number, self.entry = 0, ""

    def missing(self, rule: str, what: Iterable[str]) -> None:
        """Parts that are required."""
        for name in what:
            self.error(rule, f"{name} is missing or empty")

    def _add(self, rule: str, message: str, *, error: bool) -> None:
        place, words = self.place, f"{self.entry}: {message}" if self.entry else message
        if 0 < self.number <= len(self.places):
            place, words = self.places[self.number - 1], message
        self.found.append(Finding(place, rule, words, "error" if error else "warning"))
