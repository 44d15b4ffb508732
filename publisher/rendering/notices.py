"""A notice in the publication's look: a heading, a few sentences, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from publisher.config.schema import Config
from publisher.languages import direction
from publisher.model.mail import Piece
from publisher.rendering import colours, stories
from publisher.rendering.environment import Templates


@dataclass(frozen=True, slots=True)
class Words:
    """What a notice says. `commands` are lines to type; `why` says why the reader gets it.

    `action` names the one link that it has, and `after` are paragraphs behind it.
    """

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    why: str
    commands: tuple[str, ...] = ()
    action: str = ""
    after: tuple[str, ...] = ()


def notice(templates: Templates, config: Config, words: Words, link: str = "", language: str = "") -> Piece:
    """The HTML, inlined, and the text that says the same; `link` is where `words.action` leads.

    In the publication's language, if no other is said. Raises ContentError for a fault in a template.
    """
    # premailer takes a tenth of a second to load, and most processes render nothing
    from publisher.rendering import inlining

    light, dark = colours.palettes(config.look.accent)
    site, language = config.publication.url, language or config.publication.language
    context = {
        "publication": config.publication,
        "light": light,
        "dark": dark,
        "measure": stories.MEASURE,
        "logo_url": f"{site}/assets/{Path(config.look.logo).name}" if config.look.logo else "",
        "index_url": f"{site}/",
        "language": language,
        "direction": direction(language),
        "subject": words.subject,
        "heading": words.heading,
        "paragraphs": words.paragraphs,
        "commands": words.commands,
        "action": words.action,
        "after": words.after,
        "link": link,
        "why": words.why,
    }
    context["kept_styles"] = Markup(templates.css("mail/kept.css", **context))
    html = templates.render("mail/notice.html", **context)
    text = templates.render("mail/notice.txt", **context)
    return Piece(inlining.inline_document(html, templates.css("mail/mail.css", **context)), text)
