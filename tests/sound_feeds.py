"""Every feed that a test makes is judged: for the rooms whose conftest.py imports this fixture.

A test whose articles are not fit to be published asks for `wild_input`, too: then only what the program
itself answers for is judged, whatever it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from publisher import feeds
from publisher.checking.feed_documents import validate
from publisher.config.public import Publication
from publisher.model.articles import FeedDocument

# of articles: their addresses, titles and texts
_OF_ARTICLES = {
    "address",
    "author",
    "characters",
    "html",
    "id",
    "language",
    "relative address",
    "size",
    "title",
}


@pytest.fixture(scope="session")
def wild_input() -> None:
    """The articles of this test are no articles."""


@pytest.fixture(autouse=True)
def every_feed_is_sound(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: dict[tuple[str, bytes], FeedDocument] = {}
    real = feeds.documents

    def documents(
        name: str, feed: Any, publication: Publication, *rest: Any, **more: Any
    ) -> list[FeedDocument]:
        found = real(name, feed, publication, *rest, **more)
        made.update({(publication.url, d.body): d for d in found})
        return found

    monkeypatch.setattr(feeds, "documents", documents)
    yield
    wild = "wild_input" in request.fixturenames
    for (url, _), document in made.items():
        address = "" if wild else f"{url}/{quote(document.path)}"
        found = [f for f in validate(document, address) if not (wild and f.rule in _OF_ARTICLES)]
        assert not found, [f"{f.place}: {f.rule}: {f.message}" for f in found][:5]
