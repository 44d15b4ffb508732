"""Words: phrasebooks that cannot be read, and languages that pages and mail do not speak altogether."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from publisher.checking.findings import Finding, of_error
from publisher.config.schema import Config
from publisher.errors import ContentError
from publisher.languages import Phrasebooks
from publisher.languages.phrasebooks import FOLDER


def look(config: Config) -> Iterator[Finding]:
    """Of the publication's language and its own phrasebooks: faults, and how much is said in English."""
    phrasebooks = Phrasebooks.of_publication(config.templates)
    own = {file.stem: file for file in sorted((config.templates / FOLDER).glob("*.po"))}
    for language in dict.fromkeys([config.publication.language, *own]):
        try:
            phrasebooks.of(language)
            missing, total = phrasebooks.lacking(language)
        except ContentError as error:
            # as the templates that meet it say, so that it is named once
            yield of_error(error, "template")
            continue
        if missing:
            message = f"{missing} of {total} sentences ({share(missing, total)}) are said in English"
            yield Finding(_place(language, own), "words", f"{language}: {message}", "warning")


def share(part: int, total: int) -> str:
    """A part of a whole in percent, never nothing for something, nor all for less."""
    percent = round(100 * part / total)
    return f"{min(max(percent, 1), 99) if part < total else 100} %"


def _place(language: str, own: dict[str, Path]) -> str:
    return str(own[language]) if language in own else "publication.language"
