"""The search index: small static files that a browser fetches as somebody types.

A term is a word without case and accents; a run of a script without spaces gives its pairs of characters.
Terms lie in shards by their first characters, each with the numbers of the articles that have it; what a hit
looks like lies in cards, a few articles each. So an edited article changes its own shards and card only.
`templates/pages/search.js` cuts what is typed in the same way: whatever changes here changes there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from functools import lru_cache
from itertools import pairwise

from publisher.model.articles import Article
from publisher.rendering.common_words import COMMON

FOLDER = "search/"
CARDS = 16
_SUMMARY = 400
# scripts that write no spaces; of them, and of Hangul, one character says as much as two letters
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_RUNS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
_WIDE = re.compile(f"[{UNSPACED}\uac00-\ud7af]")
_ASCII = re.compile("[a-z0-9]{2,}")
# Latin, Greek, Cyrillic, Hebrew and Arabic; in other scripts marks are vowels
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
# the Arabic article, and Hebrew articles and prepositions, which are written onto their words
_ARTICLE = "\u0627\u0644"
_HEBREW_PREFIXED = re.compile("[הובלמשכ][א-ת]{3,}")


class _Letters(dict[int, int]):
    """Every character that is neither letter, mark nor digit as a space."""

    def __missing__(self, code: int) -> int:
        kept = unicodedata.category(chr(code))[0] in "LMN"
        self[code] = code if kept else 32
        return self[code]


_LETTERS = _Letters()


@lru_cache(16)
def common(language: str) -> frozenset[str]:
    """The words that no search in this language is about, and that are no terms."""
    return frozenset(COMMON.get(language.lower().partition("-")[0], "").split())


def words(text: str) -> list[str]:
    """The terms of a text, in order."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    found: list[str] = []
    for word in _folded(text).translate(_LETTERS).split():
        for run in _RUNS.findall(word):
            found += _pairs(run) if _UNSPACED.match(run) else _word(run)
    return found


def terms(article: Article, language: str) -> dict[str, bool]:
    """The terms of an article, and whether the headline has them; `language` is the publication's."""
    rest = (article.summary[:_SUMMARY], *(a.name for a in article.authors), *article.labels)
    found = dict.fromkeys(words(" \n ".join(rest)), False)
    found |= dict.fromkeys(words(article.title), True)
    if not all(map(str.isascii, found)):
        bare = {term[1:]: titled for term, titled in found.items() if _HEBREW_PREFIXED.fullmatch(term)}
        found = bare | found
    for term in found.keys() & common(language):
        del found[term]
    return found


def posting(number: int, titled: bool) -> int:
    """An article in the list of a term. `number` is its release, which never changes."""
    return number * 2 + titled


def shard_path(term: str) -> str:
    """The file that a term is in: named by the code points that it begins with, in hexadecimal."""
    return _shard_path(term[: 1 if _WIDE.match(term) else 2])


@lru_cache(16_384)
def _shard_path(start: str) -> str:
    return f"{FOLDER}terms/{'-'.join(f'{ord(char):x}' for char in start)}.json"


def shard(postings: Mapping[str, Iterable[int]]) -> bytes:
    """A shard: each of its terms with its postings, the newest as it is and the others by their distance."""
    held = {term: _distances(sorted(set(postings[term]), reverse=True)) for term in sorted(postings)}
    return _json({term: steps for term, steps in held.items() if steps})


def read_shard(data: bytes) -> dict[str, list[int]]:
    """The postings that `shard` wrote, newest first."""
    held = json.loads(data)
    for steps in held.values():
        for i in range(1, len(steps)):
            steps[i] = steps[i - 1] - steps[i]
    return dict(held)


def changed_shard(
    data: bytes, number: int, before: Mapping[str, bool], after: Mapping[str, bool], path: str
) -> bytes:
    """A shard after an article changed: `before` and `after` are its terms (none: it is new, or gone).

    `data` is the shard so far, empty where there is none; `{}` comes back where nothing is left in it.
    """
    held = {term: set(postings) for term, postings in read_shard(data).items()} if data else {}
    for term, titled in before.items():
        if term in held:
            held[term].discard(posting(number, titled))
    for term, titled in after.items():
        if shard_path(term) == path:
            held.setdefault(term, set()).add(posting(number, titled))
    return shard(held)


def card_path(number: int) -> str:
    """The file that the card of an article is in."""
    return f"{FOLDER}cards/{number // CARDS}.json"


def cards(articles: Mapping[int, Article], base: str, zone: tzinfo) -> bytes:
    """What hits look like, by number: headline, address (from the publication's `base`), local day."""
    return _json({str(number): _card(articles[number], f"{base}/", zone) for number in sorted(articles)})


def _card(article: Article, base: str, zone: tzinfo) -> list[str]:
    day = article.published_at.astimezone(zone).date().isoformat()
    return [article.title, article.url.removeprefix(base), day]


def _folded(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.lower())
    return unicodedata.normalize("NFKC", _MARKS.sub("", split)).replace("\u03c2", "\u03c3").replace("ß", "ss")


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run))]


def _word(word: str) -> list[str]:
    if word.startswith(_ARTICLE) and len(word) > 4:
        word = word[2:]
    return [word] if len(word) > 1 or _WIDE.match(word) else []


def _distances(postings: list[int]) -> list[int]:
    return postings[:1] + [newer - older for newer, older in pairwise(postings)]


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
