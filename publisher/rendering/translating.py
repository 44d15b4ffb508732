"""Translator and dates in a template, in the language that it is rendered in: its variable `language`."""

from __future__ import annotations

from datetime import date

from jinja2 import pass_context
from jinja2.runtime import Context

from publisher.languages import Catalogue, Catalogues, long_date

_SOURCE = "en"


class Translator:
    """What `{% trans %}`, `gettext()` and the filter `long_date` do."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues

    @pass_context
    def gettext(self, context: Context, text: str) -> str:
        """The same in the language of the page."""
        return self._of(context).gettext(text)

    @pass_context
    def ngettext(self, context: Context, one: str, many: str, count: int) -> str:
        """The same, for so many."""
        return self._of(context).ngettext(one, many, count)

    @pass_context
    def pgettext(self, context: Context, about: str, text: str) -> str:
        """The same, where one word has several meanings."""
        return self._of(context).pgettext(about, text)

    @pass_context
    def long_date(self, context: Context, day: date) -> str:
        """A date in words."""
        return long_date(day, str(context.get("language", _SOURCE)))

    def _of(self, context: Context) -> Catalogue:
        return self._catalogues.of(str(context.get("language", _SOURCE)))
