"""Topics: what labels come to, with and without groups in the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from publisher.model.naming import slugify

__all__ = ["carried", "keys_of", "slugify", "topics_of"]


def topics_of(labels: Iterable[str], groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The keys of the groups that hold one of the labels, in the order of the configuration, in any case.

    Without groups every label is a topic: their slugs, in order, without doubles.
    """
    if not groups:
        return tuple(dict.fromkeys(slugify(label) for label in labels))
    have = {label.casefold() for label in labels}
    return tuple(key for key, members in groups.items() if have & {member.casefold() for member in members})


def keys_of(names: Iterable[str], groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The topics that somebody named by key or by label; a name that leads to no group is passed over."""
    found = (key for name in names for key in ((name,) if name in groups else topics_of([name], groups)))
    return tuple(dict.fromkeys(found))


def carried(topics: str | Sequence[str], groups: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
    """The topics that a selection (`all`, or names) carries; None for all."""
    return None if isinstance(topics, str) else frozenset(keys_of(topics, groups))
