"""How long 10,000 variants of 20 stories take: a whole cut in process, against premailer once per variant.

`python bench/variants.py` prints seconds, µs per variant and the ratio; exits 1 if it took over 20 s.
Every subscriber chose a set of topics of their own; stories are inlined by premailer once, and every variant,
delivery row and mark is written to a SQLite file. The rival inlines each variant whole, measured on a few.
"""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher import cutting, gathering
from publisher.app import Publisher, open_publisher
from publisher.freezing.freezer import mail_of
from publisher.rendering import inlining
from publisher.rendering import mail as mails
from publisher.store import catalogue, editions
from publisher.store.schema import subscribers, subscriptions

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
VARIANTS, STORIES, LIMIT = 10_000, 20, 20.0
CONFIG = """
publication: {url: https://courier.example, title: The Harbour Courier}
newsletters: {daily: {title: Daily Briefing, from: "Courier <daily@courier.example>"}}
"""
PARAGRAPH = "The tide waits for no timetable, “as ever”, and the ferry is late again. "


def publication(folder: Path) -> Publisher:
    """Twenty articles with a topic each, and a subscriber for each of 10,000 different sets of topics."""
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "content").mkdir()
    for n in range(STORIES):
        front = (
            f"---\ntitle: The ferry is late, part {n}\ndate: 2026-11-21T{n:02}:00:00Z\ntags: [t{n}]\n---\n"
        )
        file = folder / "content" / f"{n}.md"
        file.write_text(front + (PARAGRAPH * 6 + "\n\n") * 5, encoding="utf-8")
    p = open_publisher(folder / "config.yaml", lambda: NOW)
    gathering.gather(p.store, p.config, NOW)
    dice, sets = random.Random(1), set[tuple[str, ...]]()
    while len(sets) < VARIANTS:
        sets.add(tuple(f"t{n}" for n in range(STORIES) if dice.random() < 0.7))
    with p.store.write() as tx:
        people = [
            {"id": n, "address": f"p{n}@example.org", "address_key": f"p{n}@example.org", "attributes": {}}
            for n in range(1, VARIANTS + 1)
        ]
        tx.execute(subscribers.insert(), [{**person, "created_at": NOW} for person in people])
        same = {
            "newsletter": "daily", "status": "confirmed", "cadence": "daily", "weekday": 0, "day": 1,
            "hour": 6, "zone": "UTC", "language": "en", "mark": 0, "since": 0,
            "next_due_at": NOW, "created_at": NOW,
        }  # fmt: skip
        rows = [{**same, "subscriber_id": n, "topics": list(t)} for n, t in enumerate(sorted(sets), 1)]
        tx.execute(subscriptions.insert(), rows)
    return p


def cut(p: Publisher) -> float:
    """Seconds for the whole cut."""
    request = cutting.asked(p.config, "daily", "", NOW)
    begun = perf_counter()
    made = cutting.cut(p.store, p.config, p.templates, request, NOW)
    spent = perf_counter() - begun
    assert made.variants == VARIANTS, made.variants
    assert made.recipients == VARIANTS, made.recipients
    return spent


def rival(p: Publisher, count: int) -> float:
    """Seconds a variant when premailer inlines each one whole: the same templates, joined before it runs."""
    inline = inlining.inline
    with p.store.read() as tx:
        found = {x.article.id: x.article for x in catalogue.listings(tx)}
        edition = editions.listed(tx)[0]
    mail, raw, css = mail_of(p.config, edition, "en", web=False), list[str](), ""

    def keep(html: str, stylesheet: str) -> str:
        nonlocal css
        raw.append(html)
        css = stylesheet
        return inline(html, stylesheet)

    setattr(inlining, "inline", keep)  # noqa: B010
    for article in found.values():
        mails.story(p.templates, article, "item", mail)
    setattr(inlining, "inline", inline)  # noqa: B010
    assert raw, "the rival has stories to inline"
    dice, begun = random.Random(2), perf_counter()
    for _ in range(count):
        inline("".join(html for html in raw if dice.random() < 0.7), css)
    return (perf_counter() - begun) / count


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        p = publication(Path(folder))
        spent = cut(p)
        slow = rival(p, 20)
        p.close()
    each = spent / VARIANTS
    print(f"cut                {spent:8.2f} s for {VARIANTS:,} variants of {STORIES} stories, rows and marks")
    print(f"a variant          {each * 1e6:8.0f} µs")
    print(f"premailer each     {slow * 1e6:8.0f} µs, {slow * VARIANTS:.0f} s for all of them (from 20)")
    print(f"ratio              {slow / each:8.0f} times")
    sys.exit(spent > LIMIT)


if __name__ == "__main__":
    main()
