"""The freezer of one edition: every story is rendered and inlined once, and variants are joined from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from publisher import messages
from publisher.config.schema import Config
from publisher.editions import arranging, layout
from publisher.errors import ContentError
from publisher.freezing.variants import digest, join, key_of
from publisher.model.articles import Article
from publisher.model.mail import Piece, Role
from publisher.rendering import mail as mails
from publisher.rendering.environment import Templates
from publisher.store.editions import Edition
from publisher.store.frozen import DROPPED, VariantRow


def mail_of(config: Config, edition: Edition, language: str, *, web: bool) -> mails.Mail:
    """What every piece of an edition shares."""
    newsletter = config.newsletters[edition.newsletter]
    site = config.publication.url
    archive = f"{site}/archive/{edition.newsletter}/{edition.number}/"
    return mails.Mail(
        publication=config.publication,
        look=config.look,
        logo_url=f"{site}/assets/{Path(config.look.logo).name}" if config.look.logo else "",
        newsletter=newsletter,
        name=edition.newsletter,
        number=edition.number,
        date=date.fromisoformat(edition.day),
        language=language,
        archive_url=archive if newsletter.archive == "public" else "",
        feed_url=f"{site}/feed.xml",
        index_url=f"{site}/",
        web=web,
    )


@dataclass
class Freezer:
    """The frozen pieces of one edition, by name; `fresh` are those that are not stored yet.

    Raises ContentError for a fault in a template.
    """

    config: Config
    templates: Templates
    edition: Edition
    articles: Mapping[str, Article]
    frozen: dict[str, Piece]
    fresh: dict[str, Piece] = field(default_factory=dict)

    def variant(self, shown: Sequence[tuple[str, int]], language: str) -> VariantRow:
        """The variant of these (article, revision), in order, as the editors arranged them.

        Where they dropped all of them it is empty: nobody is sent it.
        """
        shown, dropped = arranging.arranged(shown, self.edition.arrangement)
        revisions = dict(shown)
        subject, preheader = self._lines(shown, language)
        plan = self._plan(shown, language, escape(subject) + escape(preheader))
        names = self._names(plan, revisions, language, len(shown) - len(plan))
        joined = join(self.frozen, names, subject, preheader)
        size = sum(map(messages.encoded_size, joined[0]))
        if self.edition.intro and size > layout.LIMIT:
            raise ContentError("the introduction", 0, "", f"too long: with it the message has {size} bytes")
        roles = dict(plan)
        return VariantRow(
            edition_id=self.edition.id,
            key=key_of((*shown, *dropped), language, self.edition.edits),
            language=language,
            subject=subject,
            preheader=preheader,
            pieces=names,
            sha256=digest(subject, joined),
            size=size,
            edit=self.edition.edits,
            articles=(*((a, r, roles.get(a, "")) for a, r in shown), *((a, r, DROPPED) for a, r in dropped)),
        )

    def _lines(self, shown: Sequence[tuple[str, int]], language: str) -> tuple[str, str]:
        """Subject and preheader."""
        newsletter, edition = self.config.newsletters[self.edition.newsletter], self.edition
        if not shown:
            return "", ""
        lead, *_ = ordered = [self.articles[a] for a, _ in shown]
        place, mail = f"newsletters.{self.edition.newsletter}", self._mail(language)

        def line(what: str, source: str) -> str:
            at = f"{place}.{what}"
            return mails.line(self.templates, source, place=at, lead=lead, articles=ordered, mail=mail)

        return (
            mails.plain_line(edition.subject) or line("subject", newsletter.subject),
            mails.plain_line(edition.preheader) or line("preheader", newsletter.preheader),
        )

    def _plan(
        self, shown: Sequence[tuple[str, int]], language: str, lines: str
    ) -> Sequence[tuple[str, Role]]:
        """(article, role) of what fits around the frame, the introduction and the lines."""
        newsletter = self.config.newsletters[self.edition.newsletter]
        revisions = dict(shown)
        around = [self.frame(language).html, lines]
        if self.edition.intro:
            around.append(self.frozen[self._intro(language)].html)

        def size(article: str, role: Role) -> int:
            return messages.encoded_size(self._story(article, revisions[article], role, language)[1].html)

        fixed = sum(map(messages.encoded_size, around))
        return layout.roles([a for a, _ in shown], newsletter.template, fixed, size, newsletter.max_articles)

    def archive(self, shown: Sequence[tuple[str, int]], language: str) -> dict[str, Any]:
        """The names of the archive page's pieces: first article, others, then headlines of the rest."""
        newsletter = self.config.newsletters[self.edition.newsletter]
        self.frame(language)
        first: Role = "letter" if newsletter.template == "letter" else "lead"
        roles: list[tuple[str, Role]] = []
        for n, (a, _) in enumerate(shown):
            roles.append((a, first if n == 0 else "item" if n < newsletter.max_articles else "headline"))
        return self._names(roles, dict(shown), language, 0)

    def frame(self, language: str) -> Piece:
        """The frame, and with it the one for browsers and the introduction."""
        for name, web in (("frame", False), ("web", True)):
            if f"{name}/{language}" not in self.frozen:
                self._keep(f"{name}/{language}", mails.frame(self.templates, self._mail(language, web)))
        if self.edition.intro and self._intro(language) not in self.frozen:
            made = mails.intro(self.templates, self.edition.intro, self._mail(language))
            self._keep(self._intro(language), made)
        return self.frozen[f"frame/{language}"]

    def _intro(self, language: str) -> str:
        """The name of the introduction: another text is another piece, for what is frozen stays."""
        if not self.edition.edits:
            return f"intro/{language}"
        return f"intro/{hashlib.sha256(self.edition.intro.encode()).hexdigest()[:16]}/{language}"

    def _names(
        self, plan: Sequence[tuple[str, Role]], revisions: Mapping[str, int], language: str, left: int
    ) -> dict[str, Any]:
        stories = [self._story(a, revisions[a], role, language) for a, role in plan]
        self.fresh.update(stories)
        names: dict[str, Any] = {"frame": f"frame/{language}", "stories": [name for name, _ in stories]}
        if self.edition.intro:
            names["intro"] = self._intro(language)
        if left:
            names["more"] = f"more/{left}/{language}"
            mail = self._mail(language)
            if names["more"] not in self.frozen:
                url = mail.archive_url or mail.index_url
                self._keep(names["more"], mails.more(self.templates, left, url, mail))
        return names

    def _story(self, article: str, revision: int, role: Role, language: str) -> tuple[str, Piece]:
        name = f"{article}@{revision}/{role}/{language}"
        if name not in self.frozen:
            self.frozen[name] = mails.story(
                self.templates, self.articles[article], role, self._mail(language)
            )
        return name, self.frozen[name]

    def _keep(self, name: str, piece: Piece) -> None:
        self.frozen[name] = self.fresh[name] = piece

    def _mail(self, language: str, web: bool = False) -> mails.Mail:
        return mail_of(self.config, self.edition, language, web=web)
