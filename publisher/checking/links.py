"""Links that can only mean another article, and lead to none."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.articles.linking import Addresses, Known, names_a_file
from publisher.checking.findings import Finding
from publisher.model.articles import Article


def astray(site: str, found: Sequence[tuple[str, Article]]) -> list[Finding]:
    """What is wrong with the links of articles, each with the name of its source."""
    addresses = Addresses(
        site, (Known(f"{s}/{a.path}", s, a.path, a.slug, a.url, a.aliases) for s, a in found)
    )
    return [
        Finding(article.path, "link", f"there is no article {_plain(link.written)} to link to", "warning")
        for source, article in found
        for link in article.links
        if names_a_file(link.written)
        and not addresses.find(link.written, source, article.path, article.aliases)
    ]


def _plain(written: str) -> str:
    return written.removeprefix("@post/").removeprefix("@ref/")
