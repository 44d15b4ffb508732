"""The past editions of a newsletter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from publisher.languages import month
from publisher.rendering.pages.site import Frame


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One past edition: its number, subject, moment (aware), page, and how many articles it carried."""

    number: int
    subject: str
    date: datetime
    url: str
    count: int


def archive(frame: Frame, title: str, editions: Sequence[ArchiveEntry]) -> str:
    """The past editions of the newsletter called `title`, newest first, by month."""
    newest = sorted(editions, key=lambda e: e.number, reverse=True)
    dated = [(frame.local(e.date), e) for e in newest]
    months = [
        (name, list(rows)) for name, rows in groupby(dated, key=lambda row: month(row[0], frame.language))
    ]
    return frame.render("archive", newsletter=title, months=months)
