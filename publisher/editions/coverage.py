"""Why an article is, or is not, behind a subscription: the two ways of rule 2, told apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

Why = Literal["named", "covered", "older", "ahead", "unreleased"]


def why(release: int | None, article: str, since: int, mark: int, named: Collection[str]) -> Why:
    """How a subscription that started at `since` and stands at `mark` stands to an article.

    named: a delivery named it. covered: a window passed it. older: it came out before the subscription
    started. ahead: a window has yet to reach it. unreleased: it has not come out.
    """
    if article in named:
        return "named"
    if release is None:
        return "unreleased"
    if release <= since:
        return "older"
    return "covered" if release <= mark else "ahead"
