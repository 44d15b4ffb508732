"""What a kind of public file says before anything is made: where files go, and what they are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from publisher.model.articles import Article
from publisher.output.session import Session
from publisher.publishing.kit import Kit
from publisher.publishing.standing import Standing
from publisher.store.outlines import Outline


class Recipe(Protocol):
    """How files are made: a value that any process can be given."""

    @property
    def needs(self) -> Sequence[str]:
        """The ids of the articles whose texts it needs."""

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        """The files that it was planned for, by path."""


class Listing(ABC):
    """A recipe that shows articles as lists do; `articles` are those, with their keys."""

    __slots__ = ()
    articles: Sequence[tuple[str, Article | None]]
    needs: Sequence[str]

    @abstractmethod
    def make(self, kit: Kit) -> Mapping[str, bytes]:
        """As of any recipe."""

    @abstractmethod
    def with_lines(self, lines: Mapping[str, str]) -> Recipe:
        """The same without the articles of which there are lines, by their keys."""


class Planned(NamedTuple):
    """Files that are made together. Where each has this key, and is as it was left, nothing is made.

    A Path is copied. Without a recipe the files stay as they are, if they are there.
    """

    key: str
    paths: tuple[str, ...]
    recipe: Recipe | Path | None


class Kind(Protocol):
    """One kind of public file, in units that are planned as a whole: a topic's pages, say.

    To add a kind, write a module with one of these, and name it in `kinds.KINDS`.
    """

    name: str
    many: bool
    """Whether there may be so many that not all of their recipes are held until it is their turn."""

    def units(self, standing: Standing) -> Iterable[str]:
        """Every unit that there is."""

    def around(self, standing: Standing, outline: Outline) -> Iterable[str]:
        """The units that may change when this article, which stands there now, comes, goes or changes."""

    def plan(self, standing: Standing, unit: str, session: Session) -> Iterator[Planned]:
        """The files of a unit; none when it is no more."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Files that were made when they were planned."""

    files: Mapping[str, bytes]
    needs: Sequence[str] = ()

    def make(self, _kit: Kit) -> Mapping[str, bytes]:
        """As they are."""
        return self.files
