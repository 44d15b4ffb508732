"""What a gather did, for people and for the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from publisher.errors import ContentError

COUNTS = ("new", "updated", "unchanged", "drafts", "waiting", "gone")
# fetched anew, as it was, not due yet, failed, gone for good (410), or due with no time left for it
FEEDS = ("fetched", "unchanged", "resting", "failed", "gone", "late")


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a remote feed in a gather, with the reason in words where something is to be said."""

    feed: str
    outcome: str
    reason: str = ""


@dataclass
class Gathered:
    """What became of every file: each is counted once, or stands in `refused`.

    `kept` says what was left as it was, and why; `changed` whether the catalogue is not what it was, and
    `touched` names the articles of which that may be so; all that changed it from the state `before` to
    `after` (`catalogue.state`); where these are many none is named, and `before` is empty. `feeds` are the
    remote feeds, each with one outcome of FEEDS.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    drafts: int = 0
    waiting: int = 0
    gone: int = 0
    refused: list[ContentError] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changed: bool = False
    touched: set[str] = field(default_factory=set)
    before: str = ""
    after: str = ""
    feeds: list[Asked] = field(default_factory=list)

    @property
    def incomplete(self) -> bool:
        """Whether something was refused, kept as it was, or could not be had."""
        return bool(self.refused or self.kept or any(each.outcome == "failed" for each in self.feeds))


def summary(report: Gathered) -> dict[str, object]:
    """The report as the command line's JSON."""
    return {
        **{name: getattr(report, name) for name in COUNTS},
        "refused": [
            {"path": e.path, "line": e.line, "field": e.field, "reason": e.reason} for e in report.refused
        ],
        "kept": report.kept,
        "notes": report.notes,
        "feeds": {name: sum(each.outcome == name for each in report.feeds) for name in FEEDS},
        "failures": [
            {"feed": each.feed, "reason": each.reason}
            for each in report.feeds
            if each.outcome in ("failed", "gone") and each.reason
        ],
    }


def problems(report: Gathered) -> Iterable[str]:
    """What a person must hear: refused files, sources that were kept as they were, and feeds in trouble."""
    feeds = [f"{each.feed}: {each.reason}" for each in report.feeds if each.reason]
    return [*map(str, report.refused), *report.kept, *feeds]
