"""Rows of a file become checked choices; what many have in common is checked once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from publisher.config.schema import Config
from publisher.errors import Refused
from publisher.store.consents import LONGEST_SOURCE, LONGEST_WHAT, Consent, version_of
from publisher.subscribing.choosing import (
    Choice,
    checked_person,
    checked_terms,
    only_newsletter,
    topics,
    weekday,
)

COLUMNS = (
    "address", "name", "newsletter", "status", "topics", "cadence", "weekday", "day", "hour", "zone",
    "language", "paused_until", "consents",
)  # fmt: skip
ALIAS = {"email": "address", "e-mail": "address", "mail": "address", "timezone": "zone"}
# a cell of this name that holds a JSON object is several attributes
ATTRIBUTES = "attributes"
# what a row says besides the person
_TERMS = COLUMNS[2:12]
_OWN = frozenset(COLUMNS)
_REMEMBERED = 10_000
SUPPRESSED = "suppressed"
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Away:
    """An address that the system it comes from does not mail any more, and why."""

    address: str
    reason: str


@dataclass
class Reading:
    """Turns the rows of a file into choices. `newsletter` and `status` are for rows without their own.

    `texts` are the wordings of consents that rows brought since it was last emptied.
    """

    config: Config
    newsletter: str
    status: str
    texts: set[str] = field(default_factory=set)
    _alike: dict[tuple[str | None, ...], Choice | str] = field(default_factory=dict)

    def choice(self, row: Row) -> Choice | Away:
        """The checked choice of a row. Raises Refused with what was expected."""
        address = row.get("address", "")
        if row.get("status") == SUPPRESSED:
            checked_person(address, None)
            return Away(address, row["reason"])
        told = row.get("consents")
        terms = self._terms(row)
        name = checked_person(address, row.get("name") or None)
        said = _consents(told, terms.newsletter, self.texts) if told else ()
        # by position: `replace` takes as long as all the rest
        return Choice(
            address,
            terms.newsletter,
            terms.status,
            name,
            terms.topics,
            terms.all_topics,
            terms.cadence,
            terms.weekday,
            terms.day,
            terms.hour,
            terms.zone,
            terms.language,
            _attributes(row),
            terms.paused_until,
            said,
        )

    def _terms(self, row: Row) -> Choice:
        alike = tuple(map(row.get, _TERMS))
        found = self._alike.get(alike)
        if found is None:
            if len(self._alike) >= _REMEMBERED:
                self._alike.clear()
            try:
                found = checked_terms(self._read(row), self.config)
            except Refused as error:
                found = str(error)
            self._alike[alike] = found
        if isinstance(found, str):
            raise Refused(found)
        return found

    def _read(self, row: Row) -> Choice:
        named, everything = topics(row.get("topics", ""))
        return Choice(
            address="",
            newsletter=self._newsletter(row.get("newsletter", "")),
            status=(row.get("status") or self.status).lower(),
            topics=named,
            all_topics=everything,
            cadence=row.get("cadence", "").lower() or None,
            weekday=weekday(row.get("weekday", "")),
            day=_number(row, "day"),
            hour=_number(row, "hour"),
            zone=row.get("zone") or None,
            language=row.get("language") or None,
            paused_until=moment(row["paused_until"], "paused_until") if row.get("paused_until") else None,
        )

    def _newsletter(self, own: str) -> str:
        if own and self.newsletter and own != self.newsletter:
            raise Refused(f"newsletter: this line is for {own!r}, and the import for {self.newsletter!r}")
        return own or self.newsletter or only_newsletter(self.config, "")


def moment(text: str, name: str) -> datetime:
    """A moment as ISO 8601 has it; without a zone it is UTC. Raises Refused."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{name}: expected a moment such as 2026-11-21T07:00, got {text[:40]!r}") from None


def _number(row: Row, name: str) -> int | None:
    text = row.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Refused(f"{name}: expected a number, got {text[:40]!r}")
    return int(text)


def _attributes(row: Row) -> dict[str, str]:
    found = {k: v for k, v in row.items() if v and k and k not in _OWN}
    if found.get(ATTRIBUTES, "").startswith("{"):
        found |= flat(found.pop(ATTRIBUTES))
    return found


def flat(text: str) -> dict[str, str]:
    """The pairs of a JSON object as text; what is more than text stays JSON. Raises Refused."""
    try:
        pairs: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"{ATTRIBUTES}: expected a JSON object, got {text[:40]!r}") from None
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in pairs.items()
        if value is not None
    }


def _consents(text: str, newsletter: str, texts: set[str]) -> tuple[Consent, ...]:
    """Consents as an export writes them: a JSON list of objects; the first of each wording brings it."""
    try:
        return tuple(_consent(one, newsletter, texts) for one in json.loads(text))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise Refused(f"consents: expected a list as an export writes it, got {text[:40]!r}") from None


def _consent(one: dict[str, str], newsletter: str, texts: set[str]) -> Consent:
    version, words = one.get("version", ""), one.get("text", "")
    if words:
        version = version_of(words)
        texts.add(words)
    what, source, at = one["what"], one["source"], moment(one["at"], "consents")
    if not (len(what) <= LONGEST_WHAT and len(source) <= LONGEST_SOURCE and len(version) in (0, 64)):
        raise ValueError
    return Consent(newsletter, what, source, version, at)
