"""Which article is this file? Ids are minted once and never change, whatever is edited or renamed (rule 25)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from publisher.errors import ContentError
from publisher.model.articles import Manuscript
from publisher.store.catalogue import Listing

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:publisher:article")
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass
class Known:
    """The articles of a source, by everything that a file can be recognised by; each is claimed once a gather."""

    present: frozenset[str]
    by_id: dict[str, Listing] = field(default_factory=dict)
    by_explicit: dict[str, Listing] = field(default_factory=dict)
    by_path: dict[str, Listing] = field(default_factory=dict)
    by_body: dict[str, Listing] = field(default_factory=dict)
    by_title: dict[tuple[str, object], Listing] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(listings: Iterable[Listing], present: Iterable[str]) -> Known:
        """Index what the catalogue holds; `present` are the paths that exist now."""
        known = Known(frozenset(present))
        for listing in listings:
            article = listing.article
            known.by_id[article.id] = listing
            if listing.explicit_id:
                known.by_explicit[listing.explicit_id] = listing
            # a path that was given up and used again belongs to the one that has it now
            if listing.status not in ("gone", "withdrawn") or article.path not in known.by_path:
                known.by_path[article.path] = listing
            if article.path not in known.present:
                known.by_body.setdefault(listing.body_hash, listing)
                known.by_title.setdefault((article.title, article.published_at), listing)
        known.by_body.pop(_EMPTY, None)
        return known

    def recognise(self, manuscript: Manuscript) -> Listing | None:
        """The article that this file holds, by explicit id, path, body, or title and date; None: a new one.

        Raises ContentError when another file of the same gather carries the same explicit id.
        """
        path, explicit = manuscript.path, manuscript.explicit_id
        found = self.by_explicit.get(explicit) if explicit else None
        if found and found.article.path not in (path,) and self._owns(found, explicit):
            raise ContentError(path, 0, "id", f"{explicit!r} is already the id of {found.article.path}")
        candidates = (
            found,
            self.by_path.get(path),
            self.by_body.get(manuscript.body_hash),
            self.by_title.get((manuscript.title, manuscript.published_at)),
        )
        mine = next((c for c in candidates if c and c.article.id not in self.claimed), None)
        if mine:
            self.claimed[mine.article.id] = path
        return mine

    def _owns(self, listing: Listing, explicit: str) -> bool:
        return listing.article.path in self.present and listing.explicit_id == explicit

    def mint(self, manuscript: Manuscript, seed: str, taken: Mapping[str, object]) -> str:
        """A new id: the author's own where it is an IRI, else one that the same file would get again."""
        explicit = manuscript.explicit_id
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$", explicit):
            minted = explicit
        elif re.fullmatch(r"(?i)\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", explicit):
            minted = UUID(explicit).urn
        else:
            minted = uuid5(_NAMESPACE, f"{seed}\n{explicit or manuscript.path}").urn
        if minted in taken:
            if explicit:
                raise ContentError(manuscript.path, 0, "id", f"{explicit!r} is already the id of another article")
            minted = uuid4().urn
        return minted


def free_slug(wanted: str, id_: str, taken: Mapping[str, str]) -> str:
    """The slug, with a number where another article already has it."""
    slug, number = wanted, 2
    while taken.get(slug, id_) != id_:
        slug, number = f"{wanted}-{number}", number + 1
    return slug
