"""The catalogue with its search, the page of each article, and its preview."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from publisher.checking import single
from publisher.errors import ContentError
from publisher.publishing.proofs import proof
from publisher.surveying import articles
from publisher.surveying.articles import Wanted
from publisher.web.desk.visits import Door, Visit

_LONGEST = 400
_FILTERS = ("q", "status", "source", "topic")
# no script, no form, and nobody is asked but this server, however it is opened
PREVIEW = (
    "default-src 'none'; style-src data:; img-src 'self' data:; sandbox; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def show_all(visit: Visit) -> Response:
    """Every article, newest first, 50 a page: searched by words, chosen by status, source and topic."""
    p, asked = visit.publisher, visit.request.query_params
    # what no database can hold was not typed by anybody
    given = {name: asked.get(name, "")[:_LONGEST].replace("\0", "").strip() for name in (*_FILTERS, "before")}
    wanted = Wanted(*given.values())
    shelf = articles.shelf(p.store, visit.session.actor, wanted)
    chosen = {name: given[name] for name in _FILTERS if given[name]}
    return visit.page(
        "articles",
        shelf=shelf,
        wanted=wanted,
        newest=visit.look.address("/desk/articles", **chosen),
        older=visit.look.address("/desk/articles", **chosen, before=shelf.older) if shelf.older else "",
        statuses=articles.STATUSES,
        sources=[*p.config.named_sources, *p.config.named_feeds],
        topics=articles.topics(p.store, visit.session.actor, p.config),
        address=_address,
    )


def show_one(visit: Visit) -> Response:
    """One article: what it says of itself, what is wrong with it, and where it appeared."""
    p = visit.publisher
    story = articles.story(p.store, visit.session.actor, p.config, visit.request.path_params["id"])
    listing = story.listing
    return visit.page(
        "article",
        here="articles",
        story=story,
        remarks=single.remarks(p.config, listing.source, story.article) if listing.source else [],
        remote=listing.source in p.config.named_feeds,
        preview=visit.look.address(f"/desk/previews/articles/{_address(story.article.id)}"),
    )


def preview(visit: Visit) -> Response:
    """An article's page, to be looked at in a frame, or by itself: it runs nothing and asks nobody."""
    p = visit.publisher
    listing = articles.look_at(p.store, visit.session.actor, visit.request.path_params["id"])
    try:
        page = proof(p.config, p.templates, listing.article, withdrawn=listing.status == "withdrawn")
    except ContentError as error:
        return visit.page("refused", 422, wrong=error)
    headers = {"Content-Security-Policy": PREVIEW, "X-DNS-Prefetch-Control": "off"}
    return HTMLResponse(page, headers=headers)


def _address(id_: str) -> str:
    """An id as a part of an address: it may hold anything."""
    return quote(id_, safe="")


DOORS = (
    Door("/desk/articles", show_all),
    Door("/desk/articles/{id:path}", show_one),
    Door("/desk/previews/articles/{id:path}", preview),
)
