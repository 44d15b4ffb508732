"""Words, dates and times in a template, in the language that it is rendered in: its variable `language`."""

from __future__ import annotations

from datetime import date, datetime

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from publisher.languages import Phrasebook, Phrasebooks, clock_time, direction, long_date

_SOURCE = "en"


class Translator:
    """What `{% trans %}`, `gettext()`, `words_lang()`, `long_date` and `clock_time` do."""

    def __init__(self, phrasebooks: Phrasebooks) -> None:
        self.phrasebooks = phrasebooks

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
    def words_lang(self, context: Context) -> str:
        """The attributes `lang` and `dir` for our own words, where they are in English for want of others."""
        spoken = self.phrasebooks.spoken(language_of(context))
        if spoken == language_of(context):
            return ""
        return Markup(' lang="{}" dir="{}"').format(spoken, direction(spoken))

    @pass_context
    def long_date(self, context: Context, day: date) -> str:
        """A date in words."""
        return long_date(day, language_of(context))

    @pass_context
    def clock_time(self, context: Context, at: datetime) -> str:
        """A time of day."""
        return clock_time(at, language_of(context))

    def _of(self, context: Context) -> Phrasebook:
        return self.phrasebooks.of(language_of(context))


def language_of(context: Context | dict[str, object]) -> str:
    """The language of a page or mail; English where it does not say."""
    return str(context.get("language", _SOURCE))


def in_quotes(words: object) -> Markup:
    """Words inside the quotation marks of an attribute: a translation may hold such marks."""
    return Markup(str(words).replace('"', "&#34;"))
