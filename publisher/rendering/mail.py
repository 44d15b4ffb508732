"""Stories and their frame, rendered and inlined once, and the cheap joining of a variant from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from types import ModuleType
from typing import Any

import nh3
import pyromark
from markupsafe import Markup

from publisher.config.newsletters import Newsletter
from publisher.config.public import Look, Publication
from publisher.errors import ContentError
from publisher.languages import direction
from publisher.model import fields
from publisher.model.articles import Article
from publisher.model.mail import Piece, Role
from publisher.rendering import colours, stories
from publisher.rendering.environment import Templates
from publisher.rendering.joining import SLOT, without_fields
from publisher.rendering.plaintext import plain

_STYLES = "mail/mail.css"
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_BLANK_LINES = re.compile(r"\n{4,}")


@dataclass(frozen=True)
class Mail:
    """What every part of one edition shares.

    `name` and `number` are the edition's (`daily/12`, 12); `date` is the day of its slot; `archive_url` is
    empty where there is no archive. With `web` it is the copy for browsers: no fields, no way to unsubscribe.
    """

    publication: Publication
    look: Look
    logo_url: str
    newsletter: Newsletter
    name: str
    number: int
    date: date
    language: str
    archive_url: str
    feed_url: str
    index_url: str
    web: bool


def story(templates: Templates, article: Article, role: Role, mail: Mail) -> Piece:
    """One article as it stands in this edition, inlined and complete in itself.

    Raises ContentError for a fault in a template.
    """
    own = stories.context(article, role, mail.publication.zone, mail.language, templates.phrasebooks)
    context = _context(mail) | own
    return _piece(templates, role, context, mail.web)


def intro(templates: Templates, text: str, mail: Mail) -> Piece:
    """The editor's introduction, written in Markdown."""
    clean = nh3.clean(pyromark.html(text), url_schemes={"http", "https", "mailto"})
    context = {"body": Markup(clean), "body_text": plain(clean)}
    return _piece(templates, "intro", _context(mail) | context, mail.web)


def more(templates: Templates, count: int, url: str, mail: Mail) -> Piece:
    """The line that says how many articles did not fit, with a link to all of them."""
    return _piece(templates, "more", _context(mail) | {"count": count, "url": url}, mail.web)


def frame(templates: Templates, mail: Mail) -> Piece:
    """The whole document around the stories, with marks for the slots that `fill` fills.

    Raises ContentError for a fault in a template, such as a slot that is missing or stands twice.
    """
    name = f"mail/frame-{mail.newsletter.template}"
    context = _context(mail)
    context["kept_styles"] = Markup(templates.css("mail/kept.css", **context))
    html = _inliner().inline_document(
        templates.render(f"{name}.html", **context), templates.css(_STYLES, **context)
    )
    text = _tidy(templates.render(f"{name}.txt", **context))
    for part, suffix, needed in ((html, "html", {"subject", "preheader"}), (text, "txt", set())):
        _check_slots(f"{name}.{suffix}", part, needed | {"intro", "stories", "more"})
    return Piece(_for_web(html, html=True), _for_web(text, html=False)) if mail.web else Piece(html, text)


def line(
    templates: Templates, source: str, *, place: str, lead: Article, articles: Sequence[Article], mail: Mail
) -> str:
    """A template from the configuration, such as a subject, as one line of plain text that may hold fields.

    Raises ContentError that names `place`.
    """
    context = _context(mail) | {"lead": lead, "articles": articles}
    return _one_line(templates.line(source, place, **context))


def plain_line(text: str) -> str:
    """What somebody typed as one line of plain text: no field and no encoded word can stand in it."""
    return _one_line(without_fields(text, html=False).translate(fields.RESERVED))


def _one_line(rendered: str) -> str:
    text = _CONTROLS.sub("", " ".join(rendered.split()))
    # no encoded word may be smuggled into a header (RFC 2047)
    while "=?" in text:
        text = text.replace("=?", "")
    return text.strip()


def _context(mail: Mail) -> dict[str, Any]:
    light, dark = colours.palettes(mail.look.accent)
    return {
        "publication": mail.publication,
        "newsletter": mail.newsletter,
        "light": light,
        "dark": dark,
        "logo_url": mail.logo_url,
        "name": mail.name,
        "number": mail.number,
        "date": mail.date,
        "language": mail.language,
        "direction": direction(mail.language),
        "archive_url": mail.archive_url,
        "feed_url": mail.feed_url,
        "index_url": mail.index_url,
        "web": mail.web,
        "measure": stories.MEASURE,
    }


def _piece(templates: Templates, name: str, context: dict[str, Any], web: bool) -> Piece:
    rendered = templates.render(f"mail/{name}.html", **context)
    html = _inliner().inline(rendered, templates.css(_STYLES, **context))
    text = _tidy(templates.render(f"mail/{name}.txt", **context))
    return Piece(_for_web(html, html=True), _for_web(text, html=False)) if web else Piece(html, text)


def _inliner() -> ModuleType:
    # premailer takes a tenth of a second to load, and most commands render nothing
    from publisher.rendering import inlining

    return inlining


def _tidy(text: str) -> str:
    """Text that ends with two blank lines, so that pieces can be joined as they are."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))
    return _BLANK_LINES.sub("\n\n\n", lines) + "\n\n\n"


def _check_slots(template: str, text: str, needed: set[str]) -> None:
    found = SLOT.findall(text)
    for slot in sorted(needed):
        if found.count(slot) != 1:
            times = "is missing" if slot not in found else "stands there more than once"
            raise ContentError(template, 0, f"slot.{slot}", f"expected once, but it {times}")


def _for_web(text: str, html: bool) -> str:
    """`without_fields` that leaves the slots, which are filled later."""
    parts = SLOT.split(text)
    parts[::2] = [without_fields(part, html) for part in parts[::2]]
    parts[1::2] = [fields.mark(f"slot.{slot}") for slot in parts[1::2]]
    return "".join(parts)
