"""Making public files, some at a time, in this process or in those of a crew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from publisher.aside import Aside
from publisher.config.schema import Config
from publisher.crew import Crew
from publisher.output.content import Content
from publisher.output.session import Session
from publisher.output.writing import File, Writer, Written
from publisher.publishing.kinds import KINDS
from publisher.publishing.kinds.feed_documents import shelf
from publisher.publishing.kit import Kit, templates_of
from publisher.publishing.planned import Listing, Planned, Recipe
from publisher.publishing.planning import Plan, Stale
from publisher.publishing.standing import Standing
from publisher.store import outlines
from publisher.store.article_texts import Text

_AT_ONCE = 100
# a list brings the lines of a hundred articles
_LISTS = 40
# a process takes half a second to begin, in which so many files are made
WORTH_A_CREW = 800 // _AT_ONCE


class Order(NamedTuple):
    """Files to be made, and which of them are ours already."""

    planned: Sequence[Planned]
    ours: frozenset[str]
    texts: Mapping[str, Text]
    lines: Mapping[str, str]


class Made(NamedTuple):
    """What became of an order: the files, the folders made for them, and lines that were made for lists."""

    written: list[Written]
    folders: set[str]
    lines: Mapping[str, str]


def maker(config: Config, folders: tuple[Path, ...]) -> Callable[[Order], Made]:
    """Makes and writes files, in a process that has no store."""
    templates = templates_of(folders)
    kit, writer = Kit(config, templates), Writer(str(config.output.path))

    def make(order: Order) -> Made:
        kit.lines = dict(order.lines)
        with templates.settled():
            made = make_here(kit, writer, order)
        return made._replace(lines={key: line for key, line in kit.lines.items() if key not in order.lines})

    return make


def make_here(kit: Kit, writer: Writer, order: Order) -> Made:
    """Make and write files; the lines that were made are in the kit."""
    kit.lay_out(order.texts)
    made: list[File] = []
    for planned in order.planned:
        for path, content in contents(kit, planned).items():
            if path in planned.paths:
                made.append(File(path, planned.key, content, path in order.ours))
    return Made(*writer.write(made), {})


def contents(kit: Kit, planned: Planned) -> dict[str, Content]:
    """The files that were planned."""
    recipe = planned.recipe
    if isinstance(recipe, Path):
        return dict.fromkeys(planned.paths, recipe)
    return dict(recipe.make(kit)) if recipe else {}


class Making:
    """Makes what is stale, in a session."""

    def __init__(self, kit: Kit, session: Session, plan: Plan, standing: Standing, crew: Crew) -> None:
        assert kit.store
        self.kit, self.session, self.plan, self.standing, self.crew = kit, session, plan, standing, crew
        self.store = kit.store
        self.lines: Aside[str] = Aside(self.store.folder)
        self._names: dict[str, str] = {}

    def run(self, stale: list[Stale]) -> Iterator[str]:
        """Make all of it, and empty the list; the paths of the files that have other bytes now."""
        with self.lines:
            yield from self._run(stale)

    def _run(self, stale: list[Stale]) -> Iterator[str]:
        self.session.begin()
        here = [one for one in stale if one.planned and _here(one.planned.recipe)]
        there = sorted(
            (x for x in stale if not (x.planned and _here(x.planned.recipe))), key=self._turn, reverse=True
        )
        stale.clear()
        arguments = (self.kit.config, self.kit.templates.folders)
        alone = sum(1 for _ in self.plan.made(there)) < WORTH_A_CREW * _AT_ONCE
        orders = (self._order(some) for some in self._pieces(_popped(there)))
        done: Iterator[Made]
        if alone:
            # what is compiled and remembered here need not be made again
            done = (make_here(self.kit, self.session.writer, order) for order in orders)
        else:
            done = self.crew.work(maker, arguments, orders, WORTH_A_CREW)
        last = (make_here(self.kit, self.session.writer, self._order(some)) for some in self._pieces(here))
        for made in chain(done, last):
            for key, line in made.lines.items():
                self.lines.put(key, line.encode())
            # the plan's own path, and not another text that says the same
            written = [one._replace(path=self._names.pop(one.path, one.path)) for one in made.written]
            self.session.note(written, made.folders)
            yield from (one.path for one in written if one.changed)

    def content(self, stale: Iterable[Stale], path: str) -> Content:
        """One file that is to be made, to be looked at."""
        mine = (one for one in stale if one.unit == self.plan.owner[path])
        (planned,) = (x for x in self.plan.of(mine, self.standing, self.session) if path in x.paths)
        self.kit.lay_out(self._texts([planned]))
        return contents(self.kit, planned)[path]

    def _pieces(self, stale: Iterable[Stale]) -> Iterator[list[Planned]]:
        """So many files at once, or fewer where they need the texts of many articles."""
        some, needs = list[Planned](), set[str]()
        for planned in self.plan.of(stale, self.standing, self.session):
            recipe = _recipe(planned)
            more = needs.union(recipe.needs) if recipe else needs
            if some and (len(more) > _AT_ONCE or len(some) >= (2 * _AT_ONCE if more else _LISTS)):
                yield some
                some, more = [], set(recipe.needs) if recipe else set()
            some.append(planned)
            needs = more
        if some:
            yield some

    def _turn(self, one: Stale) -> tuple[bool, int]:
        """Lists last: by then their lines have been made with the articles' own pages.

        And these beside the archive document that carries their articles: one text serves both.
        """
        number, name = one.unit
        kind = KINDS[number].name
        return kind == "collection", shelf(self.standing, name) if kind in ("article", "feed") else 0

    def _order(self, planned: list[Planned]) -> Order:
        lines = dict[str, str]()
        for at, one in enumerate(planned):
            if isinstance(one.recipe, Listing):
                held = (key for key, _ in one.recipe.articles if key in self.lines and key not in lines)
                lines |= {key: self.lines.take(key).decode() for key in held}
                planned[at] = one._replace(recipe=one.recipe.with_lines(lines))
        paths = [path for one in planned for path in one.paths]
        self._names.update(zip(paths, paths, strict=True))
        return Order(planned, frozenset(filter(self.session.ours, paths)), self._texts(planned), lines)

    def _texts(self, planned: Sequence[Planned]) -> dict[str, Text]:
        needs = {id_ for one in planned if (recipe := _recipe(one)) for id_ in recipe.needs}
        if not needs:
            return {}
        with self.store.read() as tx:
            return outlines.texts(tx, needs)


def _popped(stale: list[Stale]) -> Iterator[Stale]:
    """From the last to the first; what was given is held no longer."""
    while stale:
        yield stale.pop()


def _recipe(planned: Planned) -> Recipe | None:
    return None if isinstance(planned.recipe, Path) else planned.recipe


def _here(recipe: Recipe | Path | None) -> bool:
    return bool(getattr(recipe, "here", False))
