"""The search: its page, and the index that browsers fetch piece by piece.

Which shards an article is in is known by its terms alone, and to find these for every article takes longer
than all else that a build plans. So the key of the page stands for the state of the whole index: while it is
the same nothing is looked at, and after a change of a few articles their shards are changed as they are.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from publisher.model import addresses
from publisher.model.articles import Article
from publisher.output.session import Session
from publisher.publishing.kinds.collections import collection_of
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned, Ready
from publisher.publishing.standing import Change, Standing
from publisher.rendering import pages, searching
from publisher.rendering.pages import Collection
from publisher.store.outlines import Outline

_PAGE = f"{addresses.SEARCH}index.html"
_NOTHING: dict[str, bool] = {}


@dataclass(frozen=True, slots=True)
class _Page:
    topics: Sequence[Collection]
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        return {_PAGE: pages.search(kit.frame, self.topics).encode()}


class Search:
    """One unit."""

    name = "search"
    many = False

    def units(self, _standing: Standing) -> Iterable[str]:
        """The whole of it."""
        return [""]

    def around(self, _standing: Standing, _outline: Outline) -> Iterable[str]:
        """It is looked at whenever any article changes."""
        return [""]

    def plan(self, standing: Standing, _unit: str, session: Session) -> Iterator[Planned]:
        """The page, and every file of the index."""
        there = {p for p in session.manifest.files if p.startswith(searching.FOLDER) and p != _PAGE}
        if session.key(_PAGE) == _key(standing, standing.digest) and all(map(session.intact, there)):
            changed: Mapping[str, bytes] | None = {}
        else:
            changed = _changed(standing, session) if standing.changes else None
        if changed is None:
            changed, there = dict(_all(standing)), set()
        for path in there - changed.keys():
            yield Planned(session.key(path), (path,), None)
        for path, body in changed.items():
            if body:
                yield Planned(standing.key(body), (path,), Ready({path: body}))
        topics = [collection_of(standing, name) for name in standing.named(addresses.TOPICS)]
        # the last of them: as long as it has the old key, the index is not what it should be
        yield Planned(_key(standing, standing.digest), (_PAGE,), _Page(topics))


def _key(standing: Standing, digest: int) -> str:
    return standing.key("search", digest)


def _all(standing: Standing) -> Iterator[tuple[str, bytes]]:
    # two million numbers for a hundred thousand articles: as objects they would be most of the memory
    postings: defaultdict[str, array[int]] = defaultdict(_numbers)
    cards: defaultdict[str, dict[int, Article]] = defaultdict(dict)
    for number, outline in standing.released():
        article = outline.article
        cards[searching.card_path(number)][number] = article
        said = searching.posting(number, False), searching.posting(number, True)
        for term, titled in _terms(standing, outline).items():
            postings[term].append(said[titled])
    shards: defaultdict[str, dict[str, array[int]]] = defaultdict(dict)
    for term, numbers in postings.items():
        shards[searching.shard_path(term)][term] = numbers
    yield from ((path, searching.shard(held)) for path, held in shards.items())
    yield from ((path, _card(standing, held)) for path, held in cards.items())


def _numbers() -> array[int]:
    return array("Q")


def _changed(standing: Standing, session: Session) -> dict[str, bytes] | None:
    """What the index has instead, from what it has; empty bytes: nothing more. None: it must be made anew."""
    if session.key(_PAGE) != _key(standing, standing.digest_before):
        return None
    made: dict[str, bytes] = {}
    for change in standing.changes:
        before, after = (_terms(standing, one) if one else _NOTHING for one in change)
        number = _number(change)
        for path in {searching.shard_path(term) for term in {*before, *after}}:
            if path not in made:
                made[path] = b""
                if session.ours(path):
                    if not session.intact(path):
                        return None
                    made[path] = Path(session.writer.at(path)).read_bytes()
            made[path] = searching.changed_shard(made[path], number, before, after, path)
        made[searching.card_path(number)] = _card_of(standing, number)
    return {path: b"" if body == b"{}" else body for path, body in made.items()}


def _number(change: Change) -> int:
    found = change.after or change.before
    return (found.release or 0) if found else 0


def _card_of(standing: Standing, number: int) -> bytes:
    first = number - number % searching.CARDS
    held = standing.released(first, first + searching.CARDS)
    return _card(standing, {n: outline.article for n, outline in held})


def _card(standing: Standing, held: Mapping[int, Article]) -> bytes:
    return searching.cards(held, standing.config.publication.url, standing.zone)


def _terms(standing: Standing, outline: Outline) -> dict[str, bool]:
    return searching.terms(outline.article, standing.config.publication.language)
