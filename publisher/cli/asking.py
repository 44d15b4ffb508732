"""What somebody typed, turned into what a use case wants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from publisher.errors import NotFound, Refused

if TYPE_CHECKING:
    from publisher.app import Publisher


def article_ids(p: Publisher, given: list[str]) -> tuple[str, ...]:
    """The ids of articles that were named by id, path or slug, separated by spaces or commas. Raises NotFound."""
    from publisher.store import catalogue

    with p.store.read() as tx:
        listed = catalogue.listings(tx)
    known = {key: x.article.id for x in listed for key in (x.article.slug, x.article.path, x.article.id)}
    wanted = [one for text in given for one in text.split(",") if one]
    for one in wanted:
        if one not in known:
            raise NotFound(f"no article {one!r}; `publisher articles` lists them")
    return tuple(dict.fromkeys(known[one] for one in wanted))


def text_of(file: Path | None) -> str:
    """The text of a file; empty for none. Raises Refused."""
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file}: cannot be read as UTF-8 text: {error}") from None
