"""Files of words in gettext's format: read, and refused where a sentence could not be put together."""

from __future__ import annotations

import gettext
import io
import re
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from publisher.errors import ContentError

# of a sentence; what does not fit is a lone sign, which no formatting survives
_PERCENT = re.compile(r"%%|%\((\w+)\)[sd]|%")


def read(file: Path) -> gettext.GNUTranslations:
    """The words in a file. Raises ContentError with file and line."""
    compiled = io.BytesIO()
    try:
        write_mo(compiled, _translated(file))
        compiled.seek(0)
        return gettext.GNUTranslations(compiled)
    except (ValueError, LookupError) as error:
        raise ContentError(str(file), 0, "", f"cannot be read as a phrasebook: {error}") from None


def sentences(file: Path) -> frozenset[tuple[str, str]]:
    """What a file has words for, each with the context that tells it from its like. Raises ContentError."""
    try:
        about = file.stat()
    except OSError as error:
        raise ContentError(str(file), 0, "", f"cannot be read as a phrasebook: {error}") from None
    return _sentences(file, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=16)
def _sentences(file: Path, _changed_at: int, _size: int) -> frozenset[tuple[str, str]]:
    """Of a file as it was then: to read one takes longer than a page may."""
    return frozenset((m.context or "", _first(m)) for m in _translated(file) if m.id)


def placeholders(text: str) -> frozenset[str] | None:
    """The names in a sentence that are filled in; None where a sign of percent stands alone."""
    found = list(_PERCENT.finditer(text))
    return None if any(f[0] == "%" for f in found) else frozenset(f[1] for f in found if f[1])


def _translated(file: Path) -> Catalog:
    """The entries of a file that have words, and are not doubtful."""
    try:
        with file.open("rb") as opened:
            catalog = read_po(opened, locale=_locale(file.stem), abort_invalid=True)
    except PoFileError as error:
        raise ContentError(str(file), error.lineno + 1, "", str(error)) from None
    except (OSError, ValueError) as error:
        raise ContentError(str(file), 0, "", f"cannot be read as a phrasebook: {error}") from None
    for message in [m for m in catalog if m.id]:
        if message.fuzzy or not all(_strings(message)):
            catalog.delete(message.id, message.context)
        elif reason := _fault(message):
            raise ContentError(str(file), message.lineno or 0, "", reason)
    return catalog


def _fault(message: Message) -> str:
    """Why a sentence could not be put together from these words."""
    allowed = [placeholders(text) for text in ([message.id] if isinstance(message.id, str) else message.id)]
    if None in allowed:
        return ""
    for string in _strings(message):
        names = placeholders(string)
        if names is None:
            return f"a % stands alone in {string!r}: expected %% for the sign itself"
        if unknown := sorted(names.difference(*map(frozenset, filter(None, allowed)))):
            return f"%({unknown[0]})s is not in the sentence that {string!r} stands for"
    return ""


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ("",))


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else str(message.id[0])


def _locale(language: str) -> Locale | None:
    """For the rule of its plurals, where the file does not say it."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None
