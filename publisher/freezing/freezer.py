"""The freezer of one edition: every story is rendered and inlined once, and variants are planned from the pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from publisher import messages
from publisher.config.schema import Config
from publisher.editions import layout
from publisher.freezing.variants import digest, join, key_of
from publisher.model.articles import Article
from publisher.model.mail import Piece, Role
from publisher.rendering import mail as mails
from publisher.rendering.environment import Templates
from publisher.store.editions import Edition, VariantRow


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
        """The variant of these (article, revision), in order."""
        newsletter = self.config.newsletters[self.edition.newsletter]
        revisions = dict(shown)
        frame = self.frame(language)
        plan = layout.roles(
            [a for a, _ in shown],
            newsletter.template,
            messages.encoded_size(frame.html),
            lambda a, role: messages.encoded_size(self._story(a, revisions[a], role, language)[1].html),
            newsletter.max_articles,
        )
        lead, *_ = ordered = [self.articles[a] for a, _ in shown]
        mail = self._mail(language)
        place = f"newsletters.{self.edition.newsletter}"
        subject, preheader = (
            mails.line(
                self.templates, source, place=f"{place}.{what}", lead=lead, articles=ordered, mail=mail
            )
            for what, source in (("subject", newsletter.subject), ("preheader", newsletter.preheader))
        )
        names = self._names(plan, revisions, language, len(shown) - len(plan))
        joined = join({**self.frozen, **self.fresh}, names, subject, preheader)
        roles = dict(plan)
        return VariantRow(
            edition_id=self.edition.id,
            key=key_of(shown, language),
            language=language,
            subject=subject,
            preheader=preheader,
            pieces=names,
            sha256=digest(subject, joined),
            size=sum(map(messages.encoded_size, joined[0])),
            articles=tuple((a, r, roles.get(a, "")) for a, r in shown),
        )

    def archive(self, shown: Sequence[tuple[str, int]], language: str) -> dict[str, Any]:
        """The names of the pieces of the archive page: the first article, the others, then headlines of the rest."""
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
        if self.edition.intro and f"intro/{language}" not in self.frozen:
            made = mails.intro(self.templates, self.edition.intro, self._mail(language))
            self._keep(f"intro/{language}", made)
        return self.frozen[f"frame/{language}"]

    def _names(
        self, plan: Sequence[tuple[str, Role]], revisions: Mapping[str, int], language: str, left: int
    ) -> dict[str, Any]:
        stories = [self._story(a, revisions[a], role, language) for a, role in plan]
        for name, piece in stories:
            self.fresh[name] = piece
        names: dict[str, Any] = {"frame": f"frame/{language}", "stories": [name for name, _ in stories]}
        if self.edition.intro:
            names["intro"] = f"intro/{language}"
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
