"""Phrasebooks: gettext's .po files, ours and a publication's own, read when first asked for."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

Phrasebook = gettext.NullTranslations
SOURCE = "en"
# of the publication's own, below its templates
FOLDER = "words"
_OURS = Path(__file__).parent
# Holds every sentence there is; a test sees to it.
_COMPLETE = "de"


class Phrasebooks:
    """The words of each language. `folders` hold LANGUAGE.po, which go before ours; all may have gaps.

    What no phrasebook has is said in English.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = (*folders, _OURS)
        self.of = lru_cache(64)(self._of)
        self.spoken = lru_cache(64)(self._spoken)

    @staticmethod
    def of_publication(templates: Path) -> Phrasebooks:
        """Those in `words/` of a publication's folder of templates, and ours."""
        return Phrasebooks([templates / FOLDER])

    def known(self) -> list[str]:
        """Every language that there is a phrasebook of, and English; by their tags."""
        return sorted({SOURCE, *(file.stem for folder in self._folders for file in folder.glob("*.po"))})

    def lacking(self, language: str) -> tuple[int, int]:
        """How many sentences are said in English for want of words, and of how many. Raises ContentError."""
        from publisher.languages import po_files

        every = po_files.sentences(_OURS / f"{_COMPLETE}.po")
        there = set(every) if is_english(language) else set()
        for file in self._files(language):
            there |= po_files.sentences(file)
        return len(every - there), len(every)

    def _of(self, language: str) -> Phrasebook:
        """The words of a language tag (RFC 5646); `de-AT` looks into `de-AT` and then into `de`.

        Raises ContentError, with file and line, for a phrasebook that cannot be read.
        """
        found = gettext.NullTranslations()
        for file in reversed(list(self._files(language))):
            # loaded only where a page is not in English
            from publisher.languages import po_files

            newer = po_files.read(file)
            newer.add_fallback(found)
            found = newer
        return found

    def _spoken(self, language: str) -> str:
        """The language that these words are in: `language`, or English where it has no phrasebook."""
        return language if is_english(language) or any(self._files(language)) else SOURCE

    def _files(self, language: str) -> Iterator[Path]:
        """The phrasebooks of a language that there are, the nearest first."""
        for name in _names(language):
            yield from (file for folder in self._folders if (file := folder / f"{name}.po").is_file())


@lru_cache(256)
def is_english(language: str) -> bool:
    """Whether a language tag says English, of any country."""
    return re.split("[-_]", language, maxsplit=1)[0].lower() == SOURCE


def _names(language: str) -> list[str]:
    """`zh-Hant-TW`, `zh-Hant`, `zh`: as far as it is a tag and no path, however it is written."""
    first, *rest = [part.lower() for part in language.split("-") if part.isalnum()] or [""]
    parts = [first, *map(_subtag, rest)]
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1) if first]


def _subtag(part: str) -> str:
    """As it is commonly written (RFC 5646 section 2.1.1)."""
    return part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part
