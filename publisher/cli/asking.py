"""What somebody typed, turned into what a use case wants."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from publisher.errors import NotFound, Refused

if TYPE_CHECKING:
    from publisher.app import Publisher


def article_ids(p: Publisher, given: list[str]) -> tuple[str, ...]:
    """The ids of articles named by id, path or slug, with spaces or commas between them. Raises NotFound."""
    from publisher.store import catalogue

    with p.store.read() as tx:
        listed = catalogue.listings(tx)
    known = {key: x.article.id for x in listed for key in (x.article.slug, x.article.path, x.article.id)}
    wanted = [one for text in given for one in text.split(",") if one]
    for one in wanted:
        if one not in known:
            raise NotFound(f"no article {one!r}; `publisher articles` lists them")
    return tuple(dict.fromkeys(known[one] for one in wanted))


def instant(text: str, zone: Any, option: str) -> datetime:
    """A moment as typed (ISO 8601); without a zone, in the publication's. Raises a usage error."""
    try:
        found = datetime.fromisoformat(text)
        if not 1970 <= found.year <= 9000:
            raise ValueError
    except ValueError:
        raise typer.BadParameter(
            f"expected a moment such as 2026-11-21T07:00, got {text!r}", param_hint=option
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def text_of(file: Path | None) -> str:
    """The text of a file; empty for none. Raises Refused."""
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refused(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{file}: expected UTF-8 text: {error.reason}") from None
