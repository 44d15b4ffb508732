"""Taking files in: read all that changed, see whose they are, give each its place, and save them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from publisher import articles
from publisher.aside import Aside
from publisher.errors import ContentError
from publisher.gathering import files, linking
from publisher.gathering.feeds import Looked
from publisher.gathering.files import Place, Placed, Read
from publisher.gathering.listing import File, Registry
from publisher.gathering.ongoing import Ongoing, outcome
from publisher.gathering.recognition import Recognition
from publisher.gathering.source import Look
from publisher.model.articles import Manuscript
from publisher.store import catalogue, outlines
from publisher.store.outlines import Outline
from publisher.store.traces import Key

# so that no write takes 50 ms, while a send runs (rule 23)
_SAVED_AT_ONCE = 200


class _Entered(NamedTuple):
    """A file with its place, and the article that it was before."""

    signs: Manuscript
    place: Place
    status: str
    before: Outline | None


class Intake:
    """The files of one gather. Their texts are laid aside while it is found out whose they are."""

    def __init__(self, ongoing: Ongoing, looks: Mapping[str, Looked], aside: Aside[Key]) -> None:
        self.ongoing, self.looks, self.aside = ongoing, looks, aside
        self.signs: dict[Key, Manuscript] = {}
        self._entered: dict[Key, _Entered] = {}
        self._notes: dict[Key, Sequence[str]] = {}

    def read(self, changed: Sequence[Key]) -> None:
        """Read the files; what is wrong with any is in the report."""
        folders = {name: look.bare() for name, look in self.looks.items() if isinstance(look, Look)}
        publication = self.ongoing.config.publication
        how = (publication.zone, publication.language)
        pieces = _pieces([key for key in changed if key[0] in folders], files.AT_ONCE)
        # what came over the network lies in the memory of this process
        fetched = _pieces([key for key in changed if key[0] not in folders], files.AT_ONCE)
        found: dict[Key, Read] = {}
        for done in chain(
            map(files.reader(self.looks, *how), fetched),
            self.ongoing.crew.work(files.reader, (folders, *how), pieces, files.WORTH_A_CREW),
        ):
            for read in done:
                found[read.key] = read._replace(whole=b"")
                self.aside.put(read.key, read.whole)
            self.ongoing.progress(len(found), len(changed))
        # who comes first gets an id or a slug that two want: always the same one
        for key in changed:
            if signs := found[key].signs:
                self.signs[key] = signs
            elif error := found[key].error:
                self.refuse(key, error)

    def refuse(self, key: Key, error: ContentError) -> None:
        """Name a file that cannot be used."""
        self.ongoing.report.refused.append(self.looks[key[0]].error(key[1], error))

    def refuse_doubles(self, doubles: Mapping[Key, Key]) -> None:
        """Let go of files that carry the id of another one."""
        for key, other in doubles.items():
            explicit = self.signs.pop(key).explicit_id
            reason = f"{explicit!r} is already the id of {'/'.join(other)}"
            self.refuse(key, ContentError(key[1], 0, "id", reason))

    def save(self, recognised: Recognition, registry: Registry) -> None:
        """Make articles of the files, and save them, a few in each transaction."""
        publication = self.ongoing.config.publication
        beside = {name: look.files for name, look in self.looks.items()}
        arguments = (publication.url, publication.language, beside)
        places = self._places(recognised, registry)
        waiting: list[Placed] = []
        for done in self.ongoing.crew.work(files.placer, arguments, places, files.WORTH_A_CREW):
            waiting += done
            if len(waiting) >= _SAVED_AT_ONCE:
                self._write(waiting)
                waiting = []
        self._write(waiting)
        for key in self.signs:
            self.ongoing.report.notes += self._notes.get(key, ())

    def _places(
        self, recognised: Recognition, registry: Registry
    ) -> Iterator[list[tuple[Key, bytes, Place]]]:
        for keys in _pieces(list(self.signs), files.AT_ONCE):
            known = self._known([recognised.found[key].id for key in keys if key in recognised.found])
            entered = []
            for key in keys:
                trace = recognised.found.get(key)
                if place := self._enter(key, known[trace.id] if trace else None, registry):
                    entered.append((key, self.aside.take(key), place))
            yield entered

    def _known(self, ids: Sequence[str]) -> dict[str, Outline]:
        if not ids:
            return {}
        with self.ongoing.store.read() as tx:
            return {x.article.id: x for x in outlines.outlines(tx, ids)}

    def _enter(self, key: Key, before: Outline | None, registry: Registry) -> Place | None:
        look, signs = self.looks[key[0]], self.signs[key]
        try:
            place = registry.enter(File(signs, look.name, look.stamps[key[1]], look.written(key[1])), before)
        except ContentError as error:
            self.refuse(key, error)
            return None
        self._entered[key] = _Entered(signs, place, registry.status(signs, place), before)
        return place

    def _write(self, placed: Sequence[Placed]) -> None:
        for one in placed:
            if one.error:
                self.refuse(one.key, one.error)
        good = [one for one in placed if not one.error]
        if not good:
            return
        rows = [self._row(one) for one in good]
        with self.ongoing.store.write() as tx:
            catalogue.save_all(tx, rows, [one.text.html for one in good])
            self.ongoing.changed(tx, (row["id"] for row in rows))
            if any(self._loosens(one) for one in good):
                linking.set_loose(tx, self.ongoing.now)
        for one in good:
            self._note(one)

    def _loosens(self, placed: Placed) -> bool:
        """Whether links, its own or others', may lead elsewhere now."""
        signs, place, _, before = self._entered[placed.key]
        if before is None:
            return True
        old = before.article
        moved = (old.path, old.slug, old.url) != (placed.key[1], place.slug, place.url)
        same = {link.written for link in old.links} >= {link.written for link in placed.links}
        return moved or not same or old.aliases != articles.aliases(signs, place.url)

    def _row(self, placed: Placed) -> dict[str, Any]:
        (source, path), entered = placed.key, self._entered[placed.key]
        signs, place = entered.signs, entered.place
        return {
            "id": place.id,
            "source": source,
            "path": path,
            "stamp": self.looks[source].stamps[path],
            "explicit_id": signs.explicit_id,
            "body_hash": signs.body_hash,
            "slug": place.slug,
            "status": entered.status,
            "published_at": place.published_at,
            "expires_at": signs.expires_at,
            "revision": place.revision,
            "topics": list(place.topics),
            "data": placed.text.data,
        }

    def _note(self, placed: Placed) -> None:
        key, (signs, _, status, before) = placed.key, self._entered.pop(placed.key)
        notes = [*signs.notes, *(f"there is no {name} yet" for name in placed.absent)]
        if notes:
            self._notes[key] = [f"{'/'.join(key)}: {note}" for note in notes]
        if before and (before.key, before.status) == (placed.article_key, status):
            self.ongoing.outcomes[key] = outcome(status, "unchanged")
        else:
            self.ongoing.outcomes[key] = outcome(status, "updated" if before else "new")
            self.ongoing.report.changed = True


def _pieces(keys: Sequence[Key], size: int) -> Iterator[list[Key]]:
    rest = iter(keys)
    while piece := list(islice(rest, size)):
        yield piece
