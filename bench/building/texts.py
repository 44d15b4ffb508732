"""Articles of the sizes and the make-up that real ones have, the same ones at every run."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

LONG_AGO = 1_500_000_000
TOPICS = ["World", "Sports", "Harbour", "Science", "Books", "Music", "Politics", "Weather", "Food", "Travel"]
TOPICS += ["Schools", "Housing", "Obituaries", "Theatre", "Gardens", "Markets", "Letters", "Shipping"]
_FIRST = datetime(2006, 1, 2, 7, 30, tzinfo=UTC)
# of 140 articles of twenty newsrooms and blogs: a tenth is shorter than 0.8 kB, a tenth longer than 11 kB
_MEDIAN, _SPREAD, _LONGEST = 2_500, 1.0, 40_000
_WORDS = [
    "the",
    "of",
    "and",
    "a",
    "to",
    "in",
    "is",
    "that",
    "it",
    "was",
    "for",
    "on",
    "with",
    "as",
    "at",
    "by",
    "from",
    "harbour",
    "ship",
    "tide",
    "quay",
    "council",
    "evening",
    "morning",
    "people",
    "street",
    "water",
    "school",
    "house",
    "market",
    "light",
    "theatre",
    "price",
    "weather",
    "letter",
    "garden",
    "winter",
    "summer",
    "engine",
    "bridge",
    "island",
    "captain",
    "teacher",
    "doctor",
    "answer",
    "question",
    "number",
    "window",
    "corner",
    "history",
    "machine",
    "system",
    "module",
    "package",
    "version",
    "release",
    "function",
    "value",
    "table",
    "picture",
    "music",
    "paper",
    "stone",
    "river",
    "mountain",
    "village",
    "city",
    "north",
    "south",
    "under",
    "over",
    "between",
    "without",
    "because",
    "although",
    "nothing",
    "something",
    "always",
    "never",
    "often",
    "almost",
    "quietly",
    "slowly",
    "early",
    "late",
    "small",
    "large",
    "old",
    "new",
    "long",
    "short",
    "open",
    "closed",
]


def write(target: Path, count: int, seed: int = 6) -> None:
    """So many articles in folders by year below `target`, dated one after the other over twenty years."""
    chance = random.Random(seed)
    step = timedelta(days=20 * 365) / count
    for number in range(count):
        at = (_FIRST + step * number).replace(microsecond=0)
        file = target / f"{at:%Y}" / f"{at:%Y-%m-%d}-{_slug(chance)}-{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(article(chance, number, at), encoding="utf-8")
        os.utime(file, (LONG_AGO, LONG_AGO))


def article(chance: random.Random, number: int, at: datetime) -> str:
    """One Markdown file with its front matter."""
    title = " ".join(chance.choices(_WORDS, k=chance.randint(3, 9))).capitalize()
    topics = chance.sample(TOPICS, chance.randint(1, 3))
    head = (
        f'---\ntitle: "{title} ({number})"\ndate: {at:%Y-%m-%dT%H:%M:%SZ}\n'
        f"author: {_author(chance)}\ntags: [{', '.join(topics)}]\n"
        f'description: "{_sentence(chance)}"\n---\n'
    )
    size = min(int(chance.lognormvariate(0, _SPREAD) * _MEDIAN), _LONGEST)
    return head + _body(chance, size)


def _body(chance: random.Random, size: int) -> str:
    pieces: list[str] = []
    while size > 0:
        pieces.append(_block(chance))
        size -= len(pieces[-1])
    return "\n".join(pieces)


def _block(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.68:
        return " ".join(_sentence(chance, rich=True) for _ in range(chance.randint(2, 7))) + "\n"
    if kind < 0.78:
        return f"## {_sentence(chance)}\n"
    if kind < 0.86:
        return "".join(f"- {_sentence(chance, rich=True)}\n" for _ in range(chance.randint(3, 7)))
    if kind < 0.90:
        return f"> {_sentence(chance)}\n> {_sentence(chance)}\n"
    if kind < 0.94:
        lines = (f"    {_word(chance)} = {_word(chance)}({chance.randint(1, 99)})" for _ in range(8))
        return "```python\ndef work():\n" + "\n".join(lines) + "\n```\n"
    if kind < 0.98:
        return f"![{_sentence(chance)}](https://pictures.example/{_slug(chance)}.jpg)\n"
    rows = "".join(f"| {_word(chance)} | {chance.randint(1, 999)} |\n" for _ in range(6))
    return "| what | how many |\n|---|---|\n" + rows


def _sentence(chance: random.Random, rich: bool = False) -> str:
    words = chance.choices(_WORDS, k=chance.randint(6, 18))
    if rich and chance.random() < 0.5:
        at = chance.randrange(len(words))
        marks = ("**{}**", "*{}*", "`{}`", "[{}](https://elsewhere.example/a/page)", "[{}](/about/)")
        words[at] = chance.choices(marks, (6, 3, 4, 8, 1))[0].format(words[at])
    return " ".join(words).capitalize() + "."


def _word(chance: random.Random) -> str:
    return chance.choice(_WORDS)


def _slug(chance: random.Random) -> str:
    return "-".join(chance.choices(_WORDS, k=4))


def _author(chance: random.Random) -> str:
    return f"{chance.choice('ABCDEFGHIJ')}. {chance.choice(['Teetree', 'Smit', 'Okafor', 'Lindqvist'])}"
