"""Which role each article of a variant plays, so that Gmail does not clip the message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from publisher.model.mail import Role

# Gmail clips the HTML part at 102 kB and hides the unsubscribe link; the rest is for what fields may add.
LIMIT = 99_000
# The line "and 40 more", where one is needed.
_MORE = 1_500
Size = Callable[[str, Role], int]


def roles(
    articles: Sequence[str],
    template: Literal["digest", "letter"],
    frame: int,
    size: Size,
    most: int,
) -> tuple[tuple[str, Role], ...]:
    """(article, role) of what the message shows, in order; the articles left out are "and N more".

    `frame` and `size` are in bytes as sent. What does not fit goes from the text to its summary, then from
    the last article on from a summary to a headline, and then is left out.
    """
    shown = list(articles[:most])
    firsts: tuple[Role, ...] = ("letter", "lead") if template == "letter" else ("lead",)
    for first in firsts:
        plan: list[tuple[str, Role]] = [(a, "item" if n else first) for n, a in enumerate(shown)]
        total = frame + _MORE + sum(size(a, role) for a, role in plan)
        if total <= LIMIT:
            return tuple(plan)
    return _shrunk(plan, total, size)


def _shrunk(plan: list[tuple[str, Role]], total: int, size: Size) -> tuple[tuple[str, Role], ...]:
    for n in range(len(plan) - 1, -1, -1):
        if total <= LIMIT:
            return tuple(plan)
        article, role = plan[n]
        total += size(article, "headline") - size(article, role)
        plan[n] = (article, "headline")
    while total > LIMIT and len(plan) > 1:
        total -= size(*plan.pop())
    return tuple(plan)
