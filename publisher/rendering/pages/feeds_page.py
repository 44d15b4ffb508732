"""How to follow in a feed reader: every feed with its addresses, and what a feed in a browser looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from publisher.rendering.colours import palettes
from publisher.rendering.pages.site import FeedLink, Frame


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """A feed: what it is called, its addresses by format, and the page beside it (empty: none of its own)."""

    name: str
    links: tuple[FeedLink, ...]
    description: str = ""
    page_url: str = ""


def feeds(
    frame: Frame, named: Sequence[ListedFeed], topics: Sequence[ListedFeed], authors: Sequence[ListedFeed]
) -> str:
    """The page of all feeds: those of the configuration, of topics, and of authors, as they come."""
    _ = frame.words.gettext
    return frame.render("feeds", named=named, derived=[(_("Topics"), topics), (_("Authors"), authors)])


def feed_stylesheet(frame: Frame) -> str:
    """The style of a feed that a browser shows as XML; browsers no longer know XSLT."""
    light, dark = palettes(frame.site.look.accent)
    said = frame.words.gettext(
        "This is a feed: copy its address into a feed reader, which shows you every new article. "
        "All feeds and how to follow them: %(url)s"
    )
    notice = _in_css(said % {"url": frame.feeds_url})
    return frame.templates.css(
        "pages/feed.css", light=light, dark=dark, notice=notice, direction=frame.direction
    )


def _in_css(text: str) -> str:
    """Inside a string of CSS, whatever the words are (CSS Syntax section 4.3.5)."""
    return "".join(c if c.isalnum() or c in " .,:;/-_%?=~" else f"\\{ord(c):x} " for c in text)
