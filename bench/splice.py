"""How long one message takes: a 20 kB digest with eight fields, against the standard library's EmailMessage.

`python bench/splice.py` prints median and 99th percentile in microseconds, the time to compile, the ratio.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from time import perf_counter_ns

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher.messages import Letterhead, compile_message
from publisher.model.fields import Field, address_mark, mark, split
from publisher.model.mail import Recipient, Variant

LETTERHEAD = Letterhead(
    from_="The Harbour Courier <daily@courier.example>",
    reply_to="editors@courier.example",
    list_id="Daily Briefing <daily.courier.example>",
    list_archive="https://courier.example/archive/daily/",
    list_owner="mailto:editors@courier.example",
    list_help="https://courier.example/preferences",
    archived_at="https://courier.example/archive/daily/12/",
    feedback_id="12:daily:courier:courier.example",
    unsubscribe_mailto="mailto:unsubscribe@courier.example",
)
STORY = (
    "<tr><td><h2>The ferry is late — again</h2>\n<p>"
    + "The tide waits for no timetable, “as ever”. " * 23
    + "</p>\n"
)
TEXT = "The ferry is late — again\n\n" + "The tide waits for no timetable, “as ever”.\n" * 8
NAME, CHOICE = mark("subscriber.name", "reader"), mark("subscription.choice", "everything")
VARIANT = Variant(
    id=1,
    subject=f"{NAME}, the ferry is late",
    language="en",
    html=(
        f'<p>Good morning, {NAME}. <a href="{address_mark("view")}">View online</a></p>\n',
        *(STORY.replace("late", f"late {n}") for n in range(9)),
        f'<p>You chose {CHOICE}. <a href="{address_mark("unsubscribe")}">Unsubscribe</a></p>\n',
    ),
    text=(
        f"Good morning, {NAME}.\n{address_mark('view')}\n\n",
        *(TEXT.replace("late", f"late {n}") for n in range(9)),
        f"You chose {CHOICE}.\n{address_mark('unsubscribe')}\n",
    ),
)


def person(number: int) -> tuple[Recipient, dict[str, str]]:
    fields = {"subscriber.name": f"Ada Nº {number}", "subscription.choice": "World, Sports and Science"}
    dated = datetime(2026, 11, 22, 7, number // 60 % 60, number % 60, tzinfo=UTC)
    token = f"{number:06}AbCdEfGhIjKlMnOpQrStUv"
    links = {name: f"https://courier.example/{name}/{token}" for name in ("unsubscribe", "view")}
    return Recipient(f"ada{number}@example.org", f"{token}@courier.example", dated, fields), links


def filled(text: str, recipient: Recipient, links: dict[str, str], change: Callable[[str], str] = str) -> str:
    values = {**recipient.fields, **links}
    return "".join(change(values[p.name]) if isinstance(p, Field) else p for p in split(text))


def rival(recipient: Recipient, links: dict[str, str]) -> bytes:
    """The same message as EmailMessage makes it."""
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    message["From"], message["Reply-To"] = LETTERHEAD.from_, LETTERHEAD.reply_to
    message["To"] = recipient.address
    message["Subject"] = filled(VARIANT.subject, recipient, links)
    message["Date"], message["Message-ID"] = recipient.dated_at, f"<{recipient.message_id}>"
    message["List-Id"], message["Precedence"] = LETTERHEAD.list_id, "bulk"
    message["List-Unsubscribe"] = f"<{links['unsubscribe']}>, <{LETTERHEAD.unsubscribe_mailto}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Feedback-ID"] = LETTERHEAD.feedback_id
    message.set_content(filled("".join(VARIANT.text), recipient, links), cte="quoted-printable")
    html = filled("".join(VARIANT.html), recipient, links, escape)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def timed(work: Callable[[Recipient, dict[str, str]], bytes], count: int) -> tuple[float, float]:
    """Median and 99th percentile in microseconds, over recipients that are all different."""
    people, spent = [person(n) for n in range(count)], []
    for recipient, links in people:
        begun = perf_counter_ns()
        work(recipient, links)
        spent.append((perf_counter_ns() - begun) / 1000)
    return statistics.median(spent), statistics.quantiles(spent, n=100)[-1]


def main() -> None:
    begun = perf_counter_ns()
    compiled = compile_message(VARIANT, LETTERHEAD)
    first = (perf_counter_ns() - begun) / 1000
    begun = perf_counter_ns()
    compile_message(VARIANT, LETTERHEAD)
    again = (perf_counter_ns() - begun) / 1000
    ours, theirs = compiled.splice(*person(7)), rival(*person(7))
    bodies = [
        [
            p.get_content().replace("\r\n", "\n")
            for p in message_from_bytes(m, policy=policy.default).iter_parts()
        ]
        for m in (ours, theirs)
    ]
    assert bodies[0] == bodies[1], "the two messages differ"
    timed(compiled.splice, 500)
    median, worst = timed(compiled.splice, 20_000)
    slow, slowest = timed(rival, 200)
    fields = sum(len(holes) for _, holes in compiled.fills)
    print(f"message            {len(ours):8,} bytes, {fields} values spliced (4 of them in headers)")
    print(f"compile            {first:8.0f} µs at first, {again:.0f} µs with its pieces known")
    print(f"splice             {median:8.1f} µs median, {worst:.1f} µs p99")
    print(f"EmailMessage       {slow:8.1f} µs median, {slowest:.1f} µs p99 ({len(theirs):,} bytes)")
    print(f"ratio              {slow / median:8.0f} times")


if __name__ == "__main__":
    main()
