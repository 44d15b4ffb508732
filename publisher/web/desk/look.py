"""How pages of the desk are made: one layout, one stylesheet, in the publication's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from publisher import permissions
from publisher.admitting import Session
from publisher.app import Publisher
from publisher.errors import PublisherError
from publisher.languages import clock_time, direction, long_date, number
from publisher.rendering.colours import palettes
from publisher.web.desk.errands import Errands
from publisher.web.desk.scripts import SCRIPTS


class Look:
    """Pages and stylesheet. Raises ContentError for a fault in a template."""

    def __init__(self, publisher: Publisher, base: str) -> None:
        self.publisher, self.base = publisher, base
        self.errands = Errands()
        self.language = publisher.config.publication.language

    @cached_property
    def css(self) -> str:
        """The stylesheet, in the publication's accent."""
        light, dark = palettes(self.publisher.config.look.accent)
        return self.publisher.templates.css("desk/desk.css", light=light, dark=dark)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return {
            "desk": f"{self.base}/desk",
            "paper": self.publisher.config.publication,
            "css_url": f"{self.base}/desk/desk.css?{sha256(self.css.encode()).hexdigest()[:12]}",
            "script_urls": [f"{self.base}/desk/files/{name}" for name in SCRIPTS],
            "front_url": f"{self.base}/",
            "language": self.language,
            "direction": direction(self.language),
            "number": partial(number, language=self.language),
        }

    def address(self, path: str, **query: str) -> str:
        """The address of a page, wherever the publication lives."""
        return f"{self.base}{path}{f'?{urlencode(query)}' if query else ''}"

    def page(self, name: str, me: Session | None, context: Mapping[str, object]) -> str:
        """The page of a template below desk/, for somebody who is signed in, or nobody."""

        def may(action: permissions.Action) -> bool:
            return me is not None and not permissions.may(me.actor, action)

        given = {**self._shared, "may": may, "here": name, "me": me, "wrong": "", **context}
        given["wrong"] = self.words(given["wrong"])
        return self.publisher.templates.render(f"desk/{name}.html", **given)

    def words(self, refusal: object) -> str:
        """A refusal, or its sentence, in the language of the desk; so are states that it names."""
        if not str(refusal):
            return ""
        say = self.publisher.templates.words(self.language).gettext
        if not isinstance(refusal, PublisherError) or not refusal.values:
            return say(str(refusal))
        values = {name: say(str(value)) if value else "" for name, value in refusal.values.items()}
        return say(refusal.sentence) % values

    def moment(self, at: datetime, now: datetime) -> str:
        """A moment in words: the time alone, where it is of today."""
        zone, words = self.publisher.config.publication.zone, self.publisher.templates.words(self.language)
        local = at.astimezone(zone)
        time = clock_time(local, self.language)
        if local.date() == now.astimezone(zone).date():
            return words.gettext("today, %(time)s") % {"time": time}
        return words.gettext("%(date)s, %(time)s") % {"date": long_date(local, self.language), "time": time}
