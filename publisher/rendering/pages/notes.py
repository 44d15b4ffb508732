"""Pages with one question or one sentence: leaving, and addresses where nothing is (any more)."""

from __future__ import annotations

from collections.abc import Mapping

from publisher.languages import is_english
from publisher.rendering.pages.site import Frame


def ask_unsubscribe(frame: Frame, newsletter_title: str, action_url: str) -> str:
    """The page behind the unsubscribe link. It changes nothing: its buttons post to `action_url`."""
    return frame.render("unsubscribe", newsletter=_named(frame, newsletter_title), action_url=action_url)


def unsubscribed(frame: Frame, newsletter_title: str, feeds: Mapping[str, str]) -> str:
    """What a reader sees after leaving; `feeds` are those that they switched to, by format."""
    return frame.render("unsubscribed", newsletter=_named(frame, newsletter_title), feeds=feeds)


def not_found(frame: Frame) -> str:
    """The page for an address where nothing is."""
    return frame.render("not-found")


def expired_link(frame: Frame) -> str:
    """The page for a link from a mail whose token means nothing, or nothing any more."""
    return frame.render("expired-link")


def _named(frame: Frame, newsletter: str) -> str:
    """The newsletter inside a sentence: in English the Daily Briefing, but A Letter Home."""
    if not is_english(frame.templates.phrasebooks.spoken(frame.language)):
        return newsletter
    first = newsletter.partition(" ")[0].lower()
    return newsletter if first in {"the", "a", "an", "my", "our", "your"} else f"the {newsletter}"
