"""Complete history in archive documents (RFC 5005 section 4), which stay as they are.

A document stands for a range of releases, which never change hands: an article that vanishes, moves or is
dated back changes its own document at most. It exists once its range is full.
"""

from __future__ import annotations

from collections.abc import Iterable


def page_of(release: int, size: int) -> int:
    """The number of the archive document that holds a release; the oldest is 1."""
    return (release - 1) // size + 1


def pages(releases: Iterable[int], newest: int, size: int) -> list[int]:
    """The archive documents that a feed has, oldest first, empty ones left out.

    `releases` are those of the feed's articles (an article's first one), `newest` the highest in the whole
    catalogue: up to it ranges are full, whatever became of their articles.
    """
    full = newest // size
    return sorted({page for release in releases if (page := page_of(release, size)) <= full})


def neighbours(page: int, pages: list[int]) -> tuple[int, int]:
    """The archive documents before and behind one of them; 0 where there is none. For page 0: the newest."""
    if not page:
        return (pages[-1] if pages else 0), 0
    at = pages.index(page)
    return (pages[at - 1] if at else 0), (pages[at + 1] if at + 1 < len(pages) else 0)
