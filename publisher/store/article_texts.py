"""Articles in the catalogue: their text in `article_texts.html`, all else as JSON in `articles.data`.

The text is most of it. Apart it need not be read where only headlines are wanted, and is never escaped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import partial
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from publisher.model.articles import Article

KEY = "key"
_NAMES = [field.name for field in fields(Article) if field.name != "html"]


class Text(NamedTuple):
    """What the two columns hold of an article."""

    data: str
    html: str


def to_text(article: Article) -> tuple[str, Text]:
    """The article's key (16 hexadecimal digits, of all that it holds) and its text; `data` carries the key.

    Raises UnicodeEncodeError where a text holds half a character, which no encoding can carry.
    """
    plain = {name: getattr(article, name) for name in _NAMES}
    text = json.dumps(plain, default=_plain, ensure_ascii=False, separators=(",", ":"))
    said = hashlib.blake2b(text.encode(), digest_size=8)
    said.update(article.html.encode())
    key = said.hexdigest()
    return key, Text(f'{{"{KEY}":"{key}",{text[1:]}', article.html)


def from_json(data: Mapping[str, Any], html: str) -> Article:
    """The article that `to_text` wrote, or a program of an earlier version.

    That kept the text in `data`: where there is one it was written last, and `html` is from before.
    """
    html = data.get("html", html)
    values = {name: data[name] for name in _NAMES if name in data}
    for name, decode in _DECODERS.items():
        if values.get(name) is not None:
            values[name] = decode(values[name])
    return Article(html=html, **values)


def from_text(text: Text) -> Article:
    """As `from_json`, from the text itself."""
    return from_json(json.loads(text.data), text.html)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _decoder(hint: Any) -> Callable[[Any], Any] | None:
    """How a field of this type comes back from JSON, if not by itself."""
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        return partial(_tuple, inner) if is_dataclass(inner) else tuple
    kind = next((each for each in get_args(hint) if each is not NoneType), hint)
    if kind is datetime:
        return datetime.fromisoformat
    return partial(_made, kind) if is_dataclass(kind) else None


def _made(kind: Any, found: Mapping[str, Any]) -> Any:
    return kind(**found)


def _tuple(kind: Any, found: Iterable[Mapping[str, Any]]) -> tuple[Any, ...]:
    return tuple(kind(**each) for each in found)


def _decoders() -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(Article)
    found = {name: _decoder(hints[name]) for name in _NAMES}
    return {name: decode for name, decode in found.items() if decode}


_DECODERS = _decoders()
