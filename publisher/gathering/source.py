"""One source at one moment: what changed since it was last read, and what is no longer there."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from publisher import articles
from publisher.articles.profiles import People, credited
from publisher.errors import ContentError
from publisher.model.articles import Manuscript
from publisher.sources import folder
from publisher.sources.people import people
from publisher.store.traces import Stamped

log = logging.getLogger("publisher")


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a source found. Paths count from its folder.

    `stamps` are those of every article that is there, empty for one that may change again under the same
    stamp: then it is in `unsettled`. `vanished` were known and are no longer there; `kept`
    says in words what was left as it was, and `kept_whole` that the source was not there. `people` are the
    authors whom its profiles tell about, and `errors` what is wrong with those.
    """

    name: str
    path: Path
    stamps: Mapping[str, str] = field(default_factory=dict)
    unsettled: Mapping[str, folder.Stamp] = field(default_factory=dict)
    files: Container[str] = frozenset()
    changed: tuple[str, ...] = ()
    vanished: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()
    people: People = field(default_factory=dict)
    kept_whole: bool = False
    errors: tuple[ContentError, ...] = ()
    highlight: bool = True

    def read(self, path: str, zone: tzinfo, language: str) -> Manuscript:
        """Parse one file. Raises ContentError."""
        try:
            data = folder.load(self.path, path)
            found = articles.read(data, path, zone=zone, language=language, highlight=self.highlight)
            return replace(found, authors=credited(found.authors, self.people)) if self.people else found
        except ContentError:
            raise
        except Exception as error:  # whatever one file does to a parser, the others go on
            log.exception("%s/%s", self.name, path)
            raise ContentError(
                path, 0, "", f"it cannot be read, by a fault of this program: {error!r}"
            ) from None

    def written(self, path: str) -> datetime:
        """When a file was written; a whole second says all that a date needs."""
        stamp = self.stamps[path]
        at = int(stamp.split(":")[1]) if stamp else self.unsettled[path].mtime_ns
        return datetime.fromtimestamp(at // 10**9, UTC)

    def bare(self) -> Look:
        """As much of it as reading a file takes."""
        return Look(self.name, self.path, people=self.people, highlight=self.highlight)

    def error(self, path: str, error: ContentError) -> ContentError:
        """The same error, which names the file as it is seen from outside the source."""
        return ContentError(f"{self.name}/{path}", error.line, error.field, error.reason)


def look(
    name: str,
    path: Path,
    reading: str,
    known: Mapping[str, Stamped],
    *,
    accept_gone: bool,
    highlight: bool = True,
) -> Look:
    """Look at a source; `reading` is what its articles depend on besides their files,
    and `known` are those that there were.

    One that is missing has neither changed nor lost anything, unless that is accepted (rule 24).
    """
    scan = folder.scan(path)
    if scan.missing and not accept_gone:
        why = f"{path}: {scan.missing}; its articles are kept (--accept-gone lets them go)"
        return Look(name, path, kept=(why,), kept_whole=True)
    stamps, changed = _stamps(reading, scan, known)
    who, errors = people(path, scan)
    return Look(
        name,
        path,
        stamps,
        {at: scan.articles[at] for at in scan.unsettled},
        scan.files,
        tuple(sorted(changed)),
        frozenset(at for at in known if at not in stamps and not _hidden(at, scan)),
        tuple(f"{path / p.place}: {p.message}" for p in scan.unreadable),
        who,
        errors=tuple(errors),
        highlight=highlight,
    )


def stamp_of(reading: str, stamp: folder.Stamp) -> str:
    """The stamp of an article that is settled: in the middle the time at which its file was written."""
    return f"{reading}:{stamp.mtime_ns}:{stamp.size}"


def _stamps(
    reading: str, scan: folder.Scan, known: Mapping[str, Stamped]
) -> tuple[dict[str, str], list[str]]:
    """The stamps of all articles, and who has another than before."""
    stamps, changed = dict[str, str](), list[str]()
    for at, stamp in scan.articles.items():
        now = "" if at in scan.unsettled else stamp_of(reading, stamp)
        before = known.get(at)
        if before and before.stamp == now != "":
            # the text that is held already: there may be a hundred thousand
            stamps[at] = before.stamp
        else:
            stamps[at] = now
            changed.append(at)
    return stamps, changed


def _hidden(path: str, scan: folder.Scan) -> bool:
    """Whether a file may still be there, below a folder that cannot be looked into."""
    return any(
        path == p.place or (p.place.endswith("/") and path.startswith(p.place)) for p in scan.unreadable
    )
