"""Articles cut, spliced, flipped, nested and repeated: read or refused, soon, and never into unsafe HTML."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from html.parser import HTMLParser
from random import Random
from zoneinfo import ZoneInfo

import pytest
from article_samples import SAMPLES

from publisher.articles import read
from publisher.errors import ContentError
from publisher.model.articles import Manuscript

MUTANTS = int(os.environ.get("FUZZ_ARTICLES", "2000"))
SECONDS = 2
PIECES = [text for sample in SAMPLES.values() for text in sample.encode().split(b"\n") if text.strip()]
OPENINGS = [
    b"[",
    b"{",
    b"<div>",
    b"> ",
    b"- ",
    b"*",
    b"`",
    b"(",
    b"![",
    b"{{",
    b"{% raw %}",
    b"\t",
    b"<b ",
    b"&",
]
# reStructuredText takes ten times as long as the others, and comes a third as often
PATHS = [path for path in SAMPLES for _ in range(1 if "rst" in path or path == "nikola.txt" else 3)]
ENCODINGS = ["utf-16", "utf-8-sig", "cp1252", "utf-16-le", "latin-1"]
VOID = {"area", "br", "col", "hr", "img", "input", "source", "wbr"}
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
ACTIVE = {
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "form",
    "input",
    "svg",
    "math",
    "link",
    "meta",
    "base",
}


def mutant(data: bytes, random: Random) -> bytes:
    """The article after one to four accidents."""
    for _ in range(random.randint(1, 4)):
        at, to = sorted(random.randrange(len(data) + 1) for _ in range(2))
        match random.randrange(8):
            case 0:
                data = data[:at] + data[to:]
            case 1:
                data = data[:at] + random.choice(PIECES) + data[at:]
            case 2:
                flipped = bytearray(data[:50_000])
                for _ in range(random.randint(1, 8)):
                    if flipped:
                        flipped[random.randrange(len(flipped))] = random.randrange(256)
                data = bytes(flipped)
            case 3:
                data = data[:at] + random.choice(OPENINGS) * random.choice([3, 60, 700]) + data[at:]
            case 4:
                data = data[:at] + data[at : at + 300] * random.choice([2, 5, 20]) + data[at:]
            case 5:
                other = random.choice(list(SAMPLES.values())).encode()
                data = data[:at] + other[random.randrange(len(other)) :]
            case 6:
                data = data.decode(errors="replace").encode(random.choice(ENCODINGS), errors="replace")
            case _:
                data = data.replace(b"\n", random.choice([b"\r\n", b"\r", b"\n\n", b"\n  "]))
    return data


class Judge(HTMLParser):
    """Counts what is open, and names what must not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag in ACTIVE:
            self.wrong.append(tag)
        for name, value in attrs:
            address = re.sub(r"[\s\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or (
                name in ("href", "src") and address.startswith(("javascript:", "vbscript:"))
            ):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def judged(found: Manuscript) -> list[str]:
    """What is wrong with an article that was read."""
    judge = Judge()
    judge.feed(found.html)
    judge.close()
    shown = [found.title, found.summary, *found.labels, *(a.name for a in found.authors)]
    judge.wrong += [
        f"not on one plain line: {text!r}" for text in shown if "\n" in text or FORBIDDEN.search(text)
    ]
    if FORBIDDEN.search(found.html):
        judge.wrong.append("a character that XML forbids")
    return judge.wrong + [f"<{tag}> stays open" for tag in judge.open] + ([] if found.title else ["no title"])


@pytest.mark.parametrize("path", SAMPLES)
def test_the_samples_themselves_are_read_and_safe(path: str) -> None:
    assert judged(read(SAMPLES[path].encode(), path, zone=ZoneInfo("UTC"))) == []


LONG = {
    "keys.md": "---\ntitle: A\n" + "a:\n" * 8_000 + "x",
    "colons.md": "---\ntitle: A\n" + "a: b: c\n" * 7_000 + "---\n",
    "quotes.md": "---\ntitle: 'A\n" + "b: 'c\n" * 9_000 + "---\n",
    "date.md": "---\ntitle: A\ndate: '2020-01-01 10:00" + " " * 60_000 + "x'\n---\n",
    "brackets.md": "---\ntitle: A\n---\n" + "{{" * 200_000,
    "raw.md": "---\ntitle: A\n---\n" + "`{% raw %}` " * 20_000 + "{% endraw %}",
    "comments.md": "---\ntitle: A\n---\n" + "{% comment %}" * 50_000,
    "shown.md": "---\ntitle: A\n---\n" + "{{</*" * 100_000,
    "scripts.md": "---\ntitle: A\n---\n" + "<script>" * 50_000,
    "frames.md": "---\ntitle: A\n---\n" + "<iframe src='a' " * 50_000,
    "objects.md": "---\ntitle: A\n---\n" + "<object><param name=movie " * 30_000,
    "tags.md": "---\ntitle: A\n---\n" + "{{< youtube " + "a-" * 3_000 + " >}}" + "{% gist a b %}" * 10_000,
    "meta.mdx": "export const meta = {\n" * 50_000,
    "notes.mdx": "a */} " + "{/*" * 100_000,
    "modules.mdx": "import a\n" * 50_000,
    "components.mdx": "<Box " * 100_000,
    "block.rst": ":title: A\n\n" + ("x " * 9_900 + "\n\n") * 9,
    "heads.rst": "".join(f"T{n}\n===\n\n" for n in range(9_000)),
    "lines.txt": "A\n\n" + "a\n" * 200_000,
    "fields.rst": ":title: A\n" + ":a: b\n" * 9_000,
}


@pytest.mark.parametrize("path", LONG)
def test_what_is_long_takes_no_longer_than_it_must(path: str) -> None:
    started = time.process_time()
    with suppress(ContentError):
        read(LONG[path].encode(), path, zone=ZoneInfo("UTC"))
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("part", range(4))
def test_mutants_are_read_or_refused_soon_and_never_unsafe(part: int) -> None:
    zone = ZoneInfo("Europe/Lisbon")
    for number in range(part, MUTANTS, 4):
        random = Random(number)
        path = random.choice(PATHS)
        data = mutant(SAMPLES[path].encode(), random)
        started = time.process_time()
        try:
            found = read(data, path, zone=zone)
        except ContentError:
            pass
        else:
            assert judged(found) == [], (number, path)
        assert time.process_time() - started < SECONDS, (number, path)
