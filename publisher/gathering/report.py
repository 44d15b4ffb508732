"""What a gather did, for people and for the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from publisher.errors import ContentError

COUNTS = ("new", "updated", "unchanged", "drafts", "waiting", "gone")


@dataclass
class Gathered:
    """What became of every file: each is counted once, or stands in `refused`.

    `kept` says what was left as it was, and why; `changed` whether the catalogue is not what it was, and
    `touched` names the articles of which that may be so.
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


def summary(report: Gathered) -> dict[str, object]:
    """The report as the command line's JSON."""
    return {
        **{name: getattr(report, name) for name in COUNTS},
        "refused": [
            {"path": e.path, "line": e.line, "field": e.field, "reason": e.reason} for e in report.refused
        ],
        "kept": report.kept,
        "notes": report.notes,
    }


def problems(report: Gathered) -> Iterable[str]:
    """What a person must hear: refused files and sources that were kept as they were."""
    return [*map(str, report.refused), *report.kept]
