"""Catalogues of words: gettext's .po files, ours and a publication's own, read when first asked for."""

from __future__ import annotations

import gettext
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from publisher.errors import ContentError

Catalogue = gettext.NullTranslations
_OURS = Path(__file__).parent
_SOURCE = "en"


class Catalogues:
    """The words of each language. `folders` hold LANGUAGE.po, which go before ours; both may have gaps.

    What no catalogue has is said in English. Raises ContentError for a file that cannot be read.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = (*folders, _OURS)
        self.of = lru_cache(64)(self._of)

    def known(self) -> list[str]:
        """Every language that there is a catalogue of, and English; by their tags."""
        return sorted({_SOURCE, *(file.stem for folder in self._folders for file in folder.glob("*.po"))})

    def _of(self, language: str) -> Catalogue:
        """The words of a language tag (RFC 5646); `de-AT` looks into `de-AT` and then into `de`."""
        found = gettext.NullTranslations()
        for name in reversed(list(_names(language))):
            for folder in reversed(self._folders):
                if (file := folder / f"{name}.po").is_file():
                    newer = _read(file)
                    newer.add_fallback(found)
                    found = newer
        return found


def _names(language: str) -> list[str]:
    """`zh-Hant-TW`, `zh-Hant`, `zh`: as far as it is a tag and no path."""
    parts = [part for part in language.split("-") if part.isalnum()]
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _read(file: Path) -> gettext.GNUTranslations:
    # loaded only where a page is not in English
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    compiled = io.BytesIO()
    try:
        with file.open("rb") as opened:
            write_mo(compiled, read_po(opened, locale=file.stem.replace("-", "_"), abort_invalid=True))
    except PoFileError as error:
        raise ContentError(str(file), error.lineno + 1, "", str(error)) from None
    except (OSError, ValueError) as error:
        raise ContentError(str(file), 0, "", f"cannot be read as a catalogue of words: {error}") from None
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
