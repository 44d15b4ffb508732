"""One article: what a gather and a check say of the file as it is now, with lines where they are known."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from publisher.articles.decoding import decode
from publisher.articles.linking import names_a_file
from publisher.checking import content
from publisher.checking.findings import Finding, of_error
from publisher.config.schema import Config
from publisher.errors import ContentError
from publisher.model.articles import Article
from publisher.sources import folder

log = logging.getLogger("publisher")
_LINE = re.compile(r"line (\d{1,7}): ")


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding about an article, and the line that it is about; 0 where none is."""

    line: int
    rule: str
    message: str
    level: str


def remarks(config: Config, source: str, article: Article) -> list[Remark]:
    """What is to be said of an article in a folder, the errors first. Nothing is changed."""
    path = config.named_sources.get(source)
    if path is None:
        return []
    found = [*_of_file(config, path, article.path), *_of_links(path, article)]
    return sorted(dict.fromkeys(found), key=lambda one: (one.level != "error", one.line, one.message))


def _of_file(config: Config, path: Path, name: str) -> Iterator[Remark]:
    findings: list[Finding] = []
    try:
        text = decode(folder.load(path, name), name)[0]
        content.read_one(config, path, name, findings)
    except ContentError as error:
        finding = of_error(error, "article")
        yield Remark(error.line, finding.rule, finding.message, finding.level)
        return
    except Exception as error:  # whatever one file does to a parser, the page is shown
        log.exception("%s", name)
        yield Remark(0, "article", f"it cannot be read, by a fault of this program: {error!r}", "error")
        return
    for one in findings:
        said = _LINE.match(one.message)
        line = int(said[1]) if said else _line_of(text, one.message)
        yield Remark(line, one.rule, _LINE.sub("", one.message, count=1), one.level)


def _of_links(path: Path, article: Article) -> Iterator[Remark]:
    """Links that can only mean another article, and lead to none."""
    lost = [link.written for link in article.links if names_a_file(link.written) and not link.article]
    if not lost:
        return
    try:
        text = decode(folder.load(path, article.path), article.path)[0]
    except ContentError:
        return
    for written in lost:
        yield Remark(_place(text, written), "link", f"there is no article {written} to link to", "warning")


def _line_of(text: str, message: str) -> int:
    """The first line that names the file of which something is said."""
    named = re.search(r"(?:refers to|alternative text:) (\S+?)(?:,|$)", message)
    return _place(text, named[1].rpartition("/")[2]) if named else 0


def _place(text: str, words: str) -> int:
    at = text.find(words)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0
