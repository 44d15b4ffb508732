"""Articles and pages: everything is read, placed and rendered once, and thrown away."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

from publisher import articles
from publisher.articles.profiles import People
from publisher.checking import links
from publisher.checking.findings import Finding, of_error
from publisher.config.schema import Config
from publisher.errors import ContentError
from publisher.model.articles import Article, Manuscript
from publisher.rendering.environment import Templates
from publisher.rendering.pages import Frame, Site
from publisher.rendering.pages.proofs import prove
from publisher.sources import folder
from publisher.sources.people import people

Progress = Callable[[int, int], None]
# The date of an article that has none yet; only the order depends on it here.
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


def read_all(config: Config, progress: Progress) -> tuple[list[Article], list[Finding]]:
    """Every article that can be read, drafts left out, and what is wrong with the files."""
    found: list[Article] = []
    findings: list[Finding] = []
    every: list[tuple[str, Article]] = []
    for source, path in config.named_sources.items():
        scan = folder.scan(path)
        if scan.missing:
            findings.append(Finding(str(path), "source", scan.missing, "error"))
        findings += [Finding(str(path / p.place), "source", p.message, "warning") for p in scan.unreadable]
        who, errors = people(path, scan)
        findings += [of_error(error, "profile") for error in errors]
        for number, name in enumerate(sorted(scan.articles), 1):
            try:
                article, draft = _read(config, path, name, scan.files, who, findings)
                every.append((source, article))
                found += [] if draft else [article]
            except ContentError as error:
                findings.append(of_error(error, "article"))
            progress(number, len(scan.articles))
    findings += links.astray(config.publication.url, every)
    return sorted(found, key=lambda a: a.published_at, reverse=True), findings


def read_one(config: Config, path: Path, name: str, findings: list[Finding]) -> None:
    """Read one article of a folder and add what is wrong with it. Raises ContentError."""
    _read(config, path, name, _OnDisk(path), {}, findings)


class _OnDisk:
    """The files of a folder that are no articles: looked for when they are asked for."""

    def __init__(self, at: Path) -> None:
        self._at = at

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and folder.find(self._at, path) is not None


def _read(
    config: Config,
    path: Path,
    name: str,
    files: Container[str],
    who: People,
    findings: list[Finding],
) -> tuple[Article, bool]:
    data, publication = folder.load(path, name), config.publication
    manuscript = articles.read(data, name, zone=publication.zone, language=publication.language)
    findings += [Finding(name, "article", note, "warning") for note in manuscript.notes]
    manuscript = replace(manuscript, authors=articles.credited(manuscript.authors, who))
    article = _placed(config, manuscript, files)
    findings += [Finding(name, "alternative text", what, "warning") for what in _unsaid(article)]
    findings += [
        Finding(name, "file", f"refers to {asset.file}, which is not there", "warning")
        for asset in article.assets
        if asset.file not in files
    ]
    return article, manuscript.draft


def _placed(config: Config, manuscript: Manuscript, files: Container[str]) -> Article:
    published_at = manuscript.published_at or _UNDATED
    return articles.place(
        manuscript,
        id=f"urn:check:{manuscript.path}",
        slug=manuscript.slug,
        url=f"{config.publication.url}/{manuscript.slug}/",
        published_at=published_at,
        topics=articles.topics_of(manuscript.labels, config.topics),
        revision=1,
        site=config.publication.url,
        default_language=config.publication.language,
        files=files,
    )


def _unsaid(article: Article) -> list[str]:
    """Pictures that say nothing to who cannot see them."""
    images = html.fragment_fromstring(article.html, create_parent=True).iter("img")
    silent = [_file_name(str(i.get("src", ""))) for i in images if not (i.get("alt") or "").strip()]
    if article.picture and not article.picture.alt.strip():
        silent.insert(0, _file_name(article.picture.url))
    return [f"a picture has no alternative text: {source}" for source in silent]


def _file_name(url: str) -> str:
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])[:80] or url[:80]


def rendered(config: Config, templates: Templates, found: Sequence[Article]) -> list[Finding]:
    """Pages whose templates are at fault."""
    findings = []
    site = Site(config.publication, config.look, "", "/assets/site.css", (), (), "/")
    try:
        with templates.settled():
            prove(Frame(templates, site), found)
    except ContentError as error:
        findings.append(of_error(error, "template"))
    return findings
