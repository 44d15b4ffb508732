"""The publication as its pages see it: title, colours, feeds, newsletters."""

from __future__ import annotations

from urllib.parse import urlsplit

from publisher import feeds
from publisher.config.schema import Config
from publisher.rendering.pages import FeedLink, NewsletterLink, Site

STYLESHEET = "assets/site.css"


def logo_path(config: Config) -> str:
    """Where the logo goes under output.path; empty without one."""
    return f"assets/{config.look.logo.name}" if config.look.logo else ""


def site_of(config: Config) -> Site:
    """What every page shares."""
    url = config.publication.url
    logo = logo_path(config)
    offered = any(newsletter.signup == "open" for newsletter in config.newsletters.values())
    return Site(
        publication=config.publication,
        look=config.look,
        logo_url=f"{url}/{logo}" if logo else "",
        css_url=f"{urlsplit(url).path}/{STYLESHEET}",  # a path, so that the pages are whole at any host
        feeds=tuple(
            FeedLink(feed.title or config.publication.title, feeds.MEDIA_TYPES[kind], f"{url}/{path}")
            for name, feed in config.feeds.items()
            for kind, path in feeds.paths(name, feed).items()
        ),
        newsletters=tuple(
            NewsletterLink(
                n.title,
                n.description,
                f"{url}/archive/{name}/" if n.archive == "public" else "",
            )
            for name, n in config.newsletters.items()
        ),
        index_url=f"{url}/",
        subscribe_url=f"{url}/subscribe" if offered else "",
        groups=config.topics,
    )
