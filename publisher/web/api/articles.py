"""Articles: the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from publisher import permissions
from publisher.checking import single
from publisher.store import searching
from publisher.surveying import articles as surveying
from publisher.web.api.operations import Answer, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, part
from publisher.web.api.problems import Fault

Status = Literal["published", "draft", "waiting", "expired", "gone", "withdrawn"]


class ArticleShort(Answer):
    """An article as a list shows it."""

    id: str = Field(examples=["urn:uuid:5f0c2f6e-8a65-5d1c-9f0e-6a4d2b1d7b11"])
    path: str = Field(description="the file", examples=["tides.md"])
    title: str = Field(examples=["Tide tables"])
    status: Status
    source: str = Field(description="where it comes from")
    topics: list[str]
    authors: list[str]
    published_at: datetime
    released_at: datetime | None


class Remark(Answer):
    """What is wrong with its file, and in which line (0: none in particular)."""

    line: int
    rule: str
    message: str
    level: str


class Named(Answer):
    """An edition that named it, in how many messages: `exact`, or about so many."""

    edition: str
    messages: int
    exact: bool


class CarriedBy(Answer):
    """A feed of its topics, and its place there; 0: it is not in it any more."""

    name: str
    place: int


class ArticleWhole(ArticleShort):
    """An article, what is wrong with it, and where it appeared."""

    url: str = Field(examples=["https://courier.example/2026/11/tides/"])
    slug: str
    summary: str
    language: str
    labels: list[str] = Field(description="categories and tags as the author wrote them")
    updated_at: datetime
    release: int | None = Field(description="the number that it got when it first became public")
    revision: int
    correction: str
    html: str = Field(description="cleaned, with whole addresses")
    remarks: list[Remark]
    feeds: list[CarriedBy]
    editions: list[Named] = Field(description="the newest of them")


class Articles(Answer):
    """Some articles, the newest first."""

    items: list[ArticleShort]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class ArticlePlace(Given):
    """Which article."""

    id: str = Field(min_length=1, max_length=400, description="its id")


class ArticlesAsked(Paged):
    """Which articles."""

    q: str = Field("", max_length=200, description="words of the title, the authors or the topics, or parts")
    status: Status | Literal[""] = Field("", description="only those of this status")
    source: str = Field("", max_length=200, description="only those from there")
    topic: str = Field("", max_length=200, description="only those with this topic")


def listed(call: Call) -> object:
    """A part of the catalogue."""
    permissions.check(call.actor, "look")
    asked = call.query
    begin = begins(asked.after, str, str)
    try:
        before = (datetime.fromisoformat(begin[0]), begin[1]) if begin else None
    except ValueError:
        raise Fault(422, "query.after: expected `next` of the part before") from None
    wanted = (asked.q, asked.status, asked.source, asked.topic, before)
    with call.publisher.store.read() as tx:
        found = searching.articles(tx, *wanted, asked.limit + 1)
    shown, more = part(found, asked.limit, lambda x: (x.published_at.isoformat(), x.id))
    return {"items": shown, "next": more}


def one(call: Call) -> object:
    """One article."""
    p = call.publisher
    story = surveying.story(p.store, call.actor, p.config, call.place.id)
    listing, a = story.listing, story.article
    own = {name: getattr(a, name) for name in ArticleWhole.model_fields if hasattr(a, name)}
    held = {name: getattr(listing, name) for name in ("status", "source", "release", "released_at")}
    named = [
        {"edition": each.edition, "messages": reached.messages, "exact": reached.exact}
        for each, reached in story.editions
    ]
    more = {"remarks": single.remarks(p.config, listing.source, a), "feeds": story.feeds, "editions": named}
    return {**own, **held, **more, "authors": [author.name for author in a.authors]}


OPERATIONS = (
    Operation(
        "GET", "/articles", "listArticles", "The catalogue, the newest first",
        "look", listed, Articles, query=ArticlesAsked,
    ),
    Operation(
        "GET", "/articles/{id:path}", "getArticle", "One article",
        "look", one, ArticleWhole, place=ArticlePlace, refusals=(404,),
    ),
)  # fmt: skip
