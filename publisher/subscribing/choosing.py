"""What somebody asks for, checked: who, which newsletter, which topics, when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from publisher import articles
from publisher.config import values
from publisher.config.newsletters import Newsletter
from publisher.config.schema import Config
from publisher.editions.slots import WEEKDAYS
from publisher.errors import NotFound, Refused
from publisher.store.consents import Consent

STATUSES = ("pending", "confirmed", "unsubscribed")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody asks for; None leaves a thing as it is, or as the newsletter's default has it."""

    address: str
    newsletter: str
    status: str
    name: str | None = None
    topics: tuple[str, ...] | None = None
    all_topics: bool = False
    cadence: str | None = None
    weekday: int | None = None
    day: int | None = None
    hour: int | None = None
    zone: str | None = None
    language: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    paused_until: datetime | None = None
    consents: tuple[Consent, ...] = ()


def newsletter(config: Config, name: str) -> Newsletter:
    """The newsletter of that name. Raises NotFound, naming those there are."""
    if name not in config.newsletters:
        raise NotFound(f"no newsletter {name!r}; {_known(config)}")
    return config.newsletters[name]


def only_newsletter(config: Config, name: str) -> str:
    """`name`, or the one newsletter there is when none was named. Raises NotFound or Refused."""
    if name:
        newsletter(config, name)
        return name
    if len(config.newsletters) != 1:
        raise Refused(f"which newsletter (--newsletter)? {_known(config)}")
    return next(iter(config.newsletters))


def _known(config: Config) -> str:
    return (
        f"there is: {', '.join(config.newsletters)}" if config.newsletters else "the configuration has none"
    )


def weekday(text: str) -> int | None:
    """0 for Monday, from its name or its first three letters; None for nothing. Raises Refused."""
    if not text:
        return None
    for number, name in enumerate(WEEKDAYS):
        if text.lower() in (name, name[:3]):
            return number
    raise Refused(f"weekday: expected a name such as monday, got {text!r}")


def topics(text: str) -> tuple[tuple[str, ...] | None, bool]:
    """Topics as typed, with semicolons between them: (those named or None, whether that is all of them)."""
    named = tuple(t.strip() for t in text.split(";") if t.strip())
    everything = tuple(t.lower() for t in named) == ("all",)
    return (None, everything) if everything or not named else (named, False)


def checked(choice: Choice, config: Config) -> Choice:
    """The same choice, every value in its stored form. Raises Refused with what was expected."""
    name = checked_person(choice.address, choice.name)
    return replace(checked_terms(choice, config), name=name)


def checked_person(address: str, name: str | None) -> str | None:
    """The name in its stored form. Raises Refused for it or the address."""
    what = "address"
    try:
        values.address(address)
        what = "name"
        if name:
            _name(name := name.strip())
    except ValueError as error:
        raise Refused(f"{what}: {error}") from None
    return name


def checked_terms(choice: Choice, config: Config) -> Choice:
    """As `checked`, of everything but the person: what many choose alike. Raises Refused."""
    try:
        letter = newsletter(config, choice.newsletter)
    except NotFound as error:
        raise Refused(str(error)) from None
    _valid("zone", values.zone, choice.zone)
    _valid("language", values.language, choice.language)
    if choice.status not in STATUSES:
        raise Refused(f"status: expected {', '.join(STATUSES)}, got {choice.status!r}")
    if choice.cadence and choice.cadence not in letter.cadences:
        raise Refused(f"cadence: expected {', '.join(letter.cadences)}, got {choice.cadence!r}")
    if choice.weekday is not None and not 0 <= choice.weekday <= 6:
        raise Refused(f"weekday: expected 0 (monday) to 6, got {choice.weekday}")
    if choice.hour is not None and not 0 <= choice.hour <= 23:
        raise Refused(f"hour: expected 0 to 23, got {choice.hour}")
    if choice.day is not None and not 1 <= choice.day <= 31:
        raise Refused(f"day: expected 1 to 31, got {choice.day}")
    return replace(choice, topics=_topics(choice.topics, config))


def _valid(what: str, check: Callable[[str], object], value: str | None) -> None:
    if value is None:
        return
    try:
        check(value)
    except ValueError as error:
        raise Refused(f"{what}: {error}") from None


def _name(value: str) -> None:
    values.single_line(value)
    if len(value) > _LONGEST_NAME:
        raise ValueError(f"expected at most {_LONGEST_NAME} characters, got {len(value)}")


def _topics(chosen: tuple[str, ...] | None, config: Config) -> tuple[str, ...] | None:
    if chosen is None:
        return None
    for one in chosen:
        if not articles.keys_of([one], config.topics):
            raise Refused(f"topics: expected {', '.join(config.topics)}, got {one!r}")
    return articles.keys_of(chosen, config.topics)
