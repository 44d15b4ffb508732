"""Everything that is made of many articles at once: topics, authors, archive, search, sitemap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from publisher.feeds import derived
from publisher.model import addresses
from publisher.model.articles import Article
from publisher.model.naming import slug_of
from publisher.rendering import pages, searching
from publisher.rendering.pages import Collection, Frame, paging, search_page, sitemaps

File = tuple[str, bytes]


def files(frame: Frame, articles: Mapping[int, Article]) -> Iterator[File]:
    """Every file, by its path. `articles` are by release, newest first; their texts are not needed."""
    held = list(_collections(frame, list(articles.values())))
    lines = {article.id: pages.line(frame, article) for article in articles.values()}
    for one, members in held:
        for at in paging.stretches(len(members)):
            rows = [lines[article.id] for article in members[at.start : at.stop]]
            path = addresses.page_path(one.path, at.number)
            yield f"{path}index.html", pages.collection(frame, one, at, rows).encode()
    yield from _directories(frame, [one for one, _ in held])
    yield from _search(frame, articles)
    yield from _for_crawlers(frame, articles, {one.path: members for one, members in held})


def _collections(frame: Frame, articles: Sequence[Article]) -> Iterator[tuple[Collection, list[Article]]]:
    """Topics, authors and months, each with its articles."""
    topics, authors = defaultdict[str, list[Article]](list), defaultdict[str, list[Article]](list)
    months = defaultdict[tuple[int, int], list[Article]](list)
    for article in articles:
        at = frame.local(article.published_at)
        months[at.year, at.month].append(article)
        for key in article.topics:
            topics[key].append(article)
        for slug in dict.fromkeys(slug_of(author.name) for author in article.authors):
            authors[slug].append(article)
    grouped = bool(frame.site.groups)
    for key, held in topics.items():
        name = derived.title(f"topics/{key}", held, grouped)
        yield Collection("topic", name, addresses.topic_path(key), len(held)), held
    for slug, held in authors.items():
        name, path = derived.title(f"authors/{slug}", held, grouped), f"{addresses.AUTHORS}{slug}/"
        yield Collection("author", name, path, len(held), note=_post(slug, held)), held
    for (year, month), held in months.items():
        yield pages.month(frame, year, month, len(held)), held


def _post(slug: str, held: Sequence[Article]) -> str:
    """As what an author wrote last."""
    mine = (a for article in held for a in article.authors if slug_of(a.name) == slug and a.title)
    return next((author.title for author in mine), "")


def _directories(frame: Frame, held: Sequence[Collection]) -> Iterator[File]:
    for kind, folder, make in (
        ("topic", addresses.TOPICS, pages.topics),
        ("author", addresses.AUTHORS, pages.authors),
    ):
        every = [one for one in held if one.kind == kind]
        for number, path in enumerate(pages.directory_paths(folder, len(every)), 1):
            yield f"{path}index.html", make(frame, every, number).encode()
    months = [one for one in held if one.kind == "month"]
    yield f"{addresses.ARCHIVE}index.html", pages.months(frame, months).encode()
    yield (
        f"{addresses.SEARCH}index.html",
        pages.search(frame, [x for x in held if x.kind == "topic"]).encode(),
    )
    yield search_page.SCRIPT, pages.script(frame.templates, frame.language).encode()


def _search(frame: Frame, articles: Mapping[int, Article]) -> Iterator[File]:
    shards = defaultdict[str, dict[str, list[int]]](dict)
    cards = defaultdict[str, dict[int, Article]](dict)
    for number, article in articles.items():
        cards[searching.card_path(number)][number] = article
        for term, titled in searching.terms(article, frame.language).items():
            postings = shards[searching.shard_path(term)].setdefault(term, [])
            postings.append(searching.posting(number, titled))
    yield from ((path, searching.shard(postings)) for path, postings in shards.items())
    publication = frame.site.publication
    for path, held in cards.items():
        yield path, searching.cards(held, publication.url, publication.zone)


def _for_crawlers(
    frame: Frame, articles: Mapping[int, Article], lists: Mapping[str, Sequence[Article]]
) -> Iterator[File]:
    by_part = defaultdict[str, list[pages.Address]](list)
    for article in articles.values():
        month = f"{frame.local(article.published_at):%Y-%m}"
        by_part[month].append(pages.Address(article.url, article.updated_at))
    for path, members in lists.items():
        by_part["lists"].append(pages.Address(frame.url(path), max(a.updated_at for a in members)))
    changed = dict[str, datetime | None]()
    for name, listed in by_part.items():
        for path, body in sitemaps.parts(name, listed):
            changed[path] = max(one.changed for one in listed if one.changed)
            yield path, body
    yield sitemaps.SITEMAP, pages.sitemap(frame.site.publication.url, changed)
    yield sitemaps.ROBOTS, pages.robots(frame).encode()
