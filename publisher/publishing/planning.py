"""The plan of a folder: which unit has which files, and which of them must be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from publisher.output.content import check_paths, folders_above, folders_of
from publisher.output.session import Session
from publisher.publishing.kinds import KINDS
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing

# so many recipes are held until it is their turn; others are made again then
_HELD = 20_000
Unit = tuple[int, str]
"""The number of a kind in `KINDS`, and the name of a unit of it."""
_YIELDS = 0
"""The kind whose files give way to all others."""


class Stale(NamedTuple):
    """Files to be made: those of the paths that their unit has. None: whatever the unit's plan then says."""

    unit: Unit
    planned: Planned | None


class Entangled(Exception):
    """Two units want one place, or did: only a whole plan says who has it."""


class Plan:
    """What every unit has. `owner` is the unit of each path."""

    def __init__(self) -> None:
        self.owner: dict[str, Unit] = {}
        self.paths: dict[Unit, tuple[str, ...]] = {}
        self._contested: set[str] = set()

    def whole(self, standing: Standing, session: Session) -> list[Stale]:
        """Plan everything. Raises Refused for a path that may not be."""
        stale: list[Stale] = []
        for number, kind in enumerate(KINDS):
            for name in kind.units(standing):
                unit, some, paths = (number, name), list[Planned](), list[str]()
                for planned in kind.plan(standing, name, session):
                    self._own(unit, planned.paths)
                    paths += planned.paths
                    if not _current(planned, session, look=True):
                        some.append(planned)
                self.paths[unit] = tuple(paths)
                again = bool(some) and kind.many and len(stale) > _HELD
                stale += [Stale(unit, None)] if again else [Stale(unit, one) for one in some]
        self._give_way()
        check_paths(self.owner)
        return stale

    def of(self, stale: Iterable[Stale], standing: Standing, session: Session) -> Iterator[Planned]:
        """What must be made, one after the other, without the paths that another unit has."""
        for unit, planned in stale:
            if planned:
                own = tuple(path for path in planned.paths if self.owner.get(path) == unit)
                yield planned._replace(paths=own)
                continue
            number, name = unit
            # the texts that are held already, and not others that say the same
            held = {path: path for path in self.paths[unit] if self.owner.get(path) == unit}
            for one in KINDS[number].plan(standing, name, session):
                if not _current(one, session, look=True):
                    yield one._replace(paths=tuple(held[path] for path in one.paths if path in held))

    def made(self, stale: Iterable[Stale]) -> Iterator[str]:
        """The paths of what must be made, and perhaps of others in the same units."""
        for unit, planned in stale:
            paths = planned.paths if planned else self.paths[unit]
            yield from (path for path in paths if self.owner.get(path) == unit)

    def again(
        self, standing: Standing, session: Session, units: Iterable[Unit]
    ) -> tuple[list[Stale], set[str]]:
        """Plan these units anew: what must be made, and the paths that nothing names any more.

        Raises Entangled where that does not say enough.
        """
        stale: list[Stale] = []
        before, gone, made = set(units), set[str](), set[str]()
        for unit in before:
            gone.update(self.paths.pop(unit, ()))
        for path in gone:
            if path in self._contested:
                raise Entangled
            del self.owner[path]
        for unit in sorted(before):
            paths = list[str]()
            for planned in KINDS[unit[0]].plan(standing, unit[1], session):
                self._check(planned.paths, gone, session, made)
                self._own(unit, planned.paths)
                paths += planned.paths
                # what is not looked at was made in this process, or was when all was planned
                if not _current(planned, session, look=False):
                    stale.append(Stale(unit, planned))
            if paths:
                self.paths[unit] = tuple(paths)
        return stale, gone - self.owner.keys()

    def _own(self, unit: Unit, paths: tuple[str, ...]) -> None:
        for path in paths:
            if self.owner.setdefault(path, unit) != unit:
                self._contested.add(path)
                self.owner[path] = unit

    def _give_way(self) -> None:
        """A sign to a page stands nowhere where something else needs a folder, or is one."""
        folders = folders_above(self.owner)
        for path in [path for path, unit in self.owner.items() if unit[0] == _YIELDS]:
            if path in folders or any(folder in self.owner for folder in folders_of(path)):
                self._contested.add(path)
                del self.owner[path]

    def _check(self, paths: tuple[str, ...], before: set[str], session: Session, made: set[str]) -> None:
        """Places that other units may want as well: those that are new, and were not there `before`.

        `made` are the folders of new ones so far.
        """
        if any(path in self.owner or path in made for path in paths):
            raise Entangled
        new = [path for path in paths if path not in before]
        for path in new:
            above = list(folders_of(path))
            if path in self._contested or session.is_folder(path) or any(one in self.owner for one in above):
                raise Entangled
            made.update(above)
        if not made.isdisjoint(new):
            raise Entangled
        check_paths(new)


def _current(planned: Planned, session: Session, *, look: bool) -> bool:
    """Whether the files are what they should be; without `look` nobody else has touched them."""
    return planned.recipe is None or all(
        planned.key == session.key(path) and (not look or session.intact(path)) for path in planned.paths
    )


def units_around(standing: Standing, articles: Iterable[str]) -> Iterator[Unit]:
    """The units that these articles, as they stand now, have a part in."""
    held = [standing.held[id_] for id_ in articles if id_ in standing.held]
    for number, kind in enumerate(KINDS):
        for outline in held:
            yield from ((number, name) for name in kind.around(standing, outline))


def number_of(kind: str) -> int:
    """The number of the kind of this name."""
    return next(number for number, one in enumerate(KINDS) if one.name == kind)


def of_kind(kind: str, standing: Standing) -> Iterator[Unit]:
    """Every unit of a kind."""
    number = number_of(kind)
    yield from ((number, name) for name in KINDS[number].units(standing))
