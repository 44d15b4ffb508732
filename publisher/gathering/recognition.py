"""Which article is this file? Ids are minted once and never change, whatever is renamed (rule 25)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from publisher.errors import ContentError
from publisher.model.articles import Manuscript
from publisher.store.traces import Key, Trace

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:publisher:article")
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S{1,300}")
_UUID = re.compile(r"(?i)\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?")
K = TypeVar("K", bound=Hashable)


class Recognition:
    """Whose files these are: `found` by file, and `doubles`, which carry the explicit id of another file.

    A file is recognised by explicit id, then path, then the body of a vanished file, then its title and
    date; what an earlier sign decided for any file, no later sign takes away.
    """

    def __init__(
        self, manuscripts: Mapping[Key, Manuscript], traces: Iterable[Trace], vanished: Set[Key]
    ) -> None:
        self.found: dict[Key, Trace] = {}
        self.doubles: dict[Key, Key] = {}
        self._claimed: set[str] = set()
        self._manuscripts = manuscripts
        # what is here now is known better than what is long gone, and of those the newest
        traces = sorted(traces, key=lambda t: (not t.gone, t.release or 0))
        gone = [t for t in traces if t.gone]
        lost = [t for t in traces if t.key in vanished and not t.gone]
        by_path = {t.key: t for t in traces}
        by_body = _unique(gone, _body) | _unique(lost, _body)
        by_title = _unique(gone, _title) | _unique(lost, _title)
        self._by_explicit_id(traces, vanished)
        self._claim(lambda key, _: by_path.get(key))
        self._claim(lambda _, m: _agreeing(m, by_body.get(m.body_hash)))
        self._claim(lambda _, m: _agreeing(m, by_title.get((m.title, m.published_at))))

    def _claim(self, sign: Callable[[Key, Manuscript], Trace | None]) -> None:
        for key, manuscript in self._manuscripts.items():
            trace = sign(key, manuscript)
            if trace and key not in self.found and key not in self.doubles and trace.id not in self._claimed:
                self.found[key] = trace
                self._claimed.add(trace.id)

    def _by_explicit_id(self, traces: Iterable[Trace], vanished: Set[Key]) -> None:
        owners = {(t.source, t.explicit_id): t for t in traces if t.explicit_id}
        # an id may come back from another source, when its own has let it go
        free = {t.explicit_id: t for t in traces if t.explicit_id and (t.gone or t.key in vanished)}
        groups: dict[tuple[str, str], list[Key]] = {}
        for key, manuscript in self._manuscripts.items():
            if manuscript.explicit_id:
                groups.setdefault((key[0], manuscript.explicit_id), []).append(key)
        chosen: dict[Key, Trace] = {}
        for (source, explicit), keys in groups.items():
            owner = owners.get((source, explicit)) or free.get(explicit)
            first = self._first(owner, keys, vanished)
            self.doubles |= {key: first for key in keys if key != first}
            if owner and first in keys:
                chosen[first] = owner
        self._claim(lambda key, _: chosen.get(key))

    def _first(self, owner: Trace | None, keys: list[Key], vanished: Set[Key]) -> Key:
        """The file that an explicit id belongs to: who has it already, as long as the file still says so."""
        if owner and not owner.gone and owner.key not in vanished and owner.key not in self._manuscripts:
            return owner.key
        return owner.key if owner and owner.key in keys else min(keys)


def _unique(traces: Sequence[Trace], sign: Callable[[Trace], K]) -> dict[K, Trace]:
    """The traces by a sign; what several of them share tells nothing."""
    by_sign = {sign(trace): trace for trace in traces}
    counted = Counter(map(sign, traces))
    return {key: trace for key, trace in by_sign.items() if counted[key] == 1 and key != _EMPTY}


def _body(trace: Trace) -> str:
    return trace.body_hash


def _title(trace: Trace) -> Hashable:
    return trace.title, trace.published_at


def _agreeing(manuscript: Manuscript, trace: Trace | None) -> Trace | None:
    """The trace, unless both carry an explicit id, which are not the same."""
    ids = {manuscript.explicit_id, trace.explicit_id if trace else ""} - {""}
    return trace if len(ids) < 2 else None


def mint(manuscript: Manuscript, seed: str, taken: Set[str]) -> str:
    """A new id: the author's own where it is an IRI or UUID, else one that the same file would get again.

    Raises ContentError when another article has the author's own. An entry of a remote feed, which is free
    to say anything, gets one of ours then.
    """
    explicit = manuscript.explicit_id
    own = explicit if _IRI.fullmatch(explicit) else UUID(explicit).urn if _UUID.fullmatch(explicit) else ""
    if own in taken and manuscript.url:
        own, explicit = "", ""
    if own in taken:
        raise ContentError(manuscript.path, 0, "id", f"{explicit!r} is already the id of another article")
    minted = own or uuid5(_NAMESPACE, f"{seed}\n{explicit or manuscript.path}").urn
    return uuid4().urn if minted in taken else minted


def free_slug(wanted: str, id_: str, taken: Mapping[str, str]) -> str:
    """The slug, with a number where another article already has it."""
    slug, number = wanted, 2
    while taken.get(slug, id_) != id_:
        slug, number = f"{wanted}-{number}", number + 1
    return slug
