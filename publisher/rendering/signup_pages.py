"""The pages on which readers sign up, confirm, and choose: one question at a time, and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from publisher.rendering.environment import Templates
from publisher.rendering.pages import Frame, Site


@dataclass(frozen=True, slots=True)
class Offered:
    """A newsletter that somebody may choose; `chosen`: it is ticked."""

    name: str
    title: str
    description: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that a newsletter carries, as it is called; `chosen`: it is ticked."""

    key: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One newsletter of a subscriber: what they chose, what they may choose, and what comes next."""

    name: str
    title: str
    description: str
    active: bool
    everything: bool
    topics: Sequence[Topic]
    cadence: str
    cadences: Sequence[str]
    weekday: int
    day: int
    hour: int
    zone: str
    language: str
    paused_until: date | None
    next_due_at: datetime | None
    coming: Sequence[str]
    feeds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choices:
    """All that a subscriber may choose among; `languages` by their tags, as they call themselves."""

    address: str
    readings: Sequence[Reading]
    offered: Sequence[Offered]
    zones: Sequence[str]
    languages: Mapping[str, str]
    today: date


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was sent and cannot be: the field (empty: nobody can tell which), in the form of which newsletter.

    `until` and `address` are as they were typed.
    """

    field: str = ""
    newsletter: str = ""
    until: str = ""
    address: str = ""


@dataclass
class SignUpPages:
    """Each method is one page, in the publication's language. Raises ContentError for a template's fault."""

    templates: Templates
    site: Site

    def subscribe(
        self, offered: Sequence[Offered], stamp: str, consent: str, address: str = "", wrong: str = ""
    ) -> str:
        """The form; `wrong` names what must be said otherwise: `address`, `newsletters` or `again`."""
        given = {"offered": offered, "stamp": stamp, "consent": consent, "address": address, "wrong": wrong}
        return self._page("subscribe", **given)

    def embedded(self, action: str, offered: Sequence[Offered]) -> str:
        """The form as HTML to be put into any page, without style or script."""
        return self._page("subscribe-form", action=action, offered=offered)

    def look_into_mail(self, address: str, kind: str) -> str:
        """After a form: the same whether or not the address is known."""
        return self._page("look-into-mail", address=address, kind=kind)

    def ask(self, kind: str, **given: object) -> str:
        """The page behind the link of a mail that asks; its button posts."""
        return self._page(f"confirm-{kind}", **given)

    def done(self, kind: str, **given: object) -> str:
        """What holds from now on."""
        return self._page(f"done-{kind}", **given)

    def preferences(self, choices: Choices, said: str = "", wrong: Wrong | None = None) -> str:
        """Everything on one page; `said` is what was just done, `wrong` what could not be."""
        return self._page("preferences", choices=choices, said=said, wrong=wrong)

    def _page(self, name: str, **context: object) -> str:
        return Frame(self.templates, self.site).render(name, **context)
