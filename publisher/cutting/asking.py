"""What a cut is asked for, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from publisher.config.schema import Config
from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.errors import NotFound, Refused
from publisher.store import Store, catalogue
from publisher.store.editions import Edition


@dataclass(frozen=True, slots=True)
class Request:
    """What a cut was asked for.

    `kind`: due (those whose hour has come), now (everybody of the cadence), hand (these articles, for all).
    `by_person`: the edition is held until somebody sends it; else it is scheduled. `at` is the moment for
    which subscriptions are looked at; `slot` is given where it follows the newsletter's own hour.
    """

    newsletter: str
    cadence: str
    kind: str
    at: datetime
    by_person: bool
    articles: tuple[str, ...] = ()
    intro: str = ""
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a cut made; `edition` is None when nothing matched for anybody.

    `waiting` are later slots in which people are due too: a person decides about one at a time (rule 10).
    """

    edition: Edition | None
    variants: int
    articles: tuple[str, ...]
    recipients: int
    waiting: tuple[str, ...] = ()


NOTHING = Result(None, 0, (), 0)


def asked(
    config: Config,
    name: str,
    cadence: str,
    at: datetime,
    *,
    everybody: bool = False,
    articles: tuple[str, ...] = (),
    intro: str = "",
) -> Request:
    """What a person asks for; with approval, one cut a slot for everybody (rule 13). Raises Refused."""
    newsletter = config.newsletters[name]
    cadence = cadence or newsletter.default.cadence
    if cadence not in newsletter.cadences:
        raise Refused(f"cadence: expected {', '.join(newsletter.cadences)}, got {cadence!r}")
    kind = "hand" if articles else "now" if everybody else "due"
    slot = ""
    if kind == "due" and newsletter.approval and cadence != "instant":
        kind, slot = "now", approval_slot(config, name, cadence, at)
    return Request(name, cadence, kind, at, True, tuple(dict.fromkeys(articles)), intro, slot)


def approval_slot(config: Config, name: str, cadence: str, now: datetime) -> str:
    """The newest slot of a newsletter's own default hour, in the publication's zone."""
    return slots.newest(approval_timetable(config, name, cadence), now)[0]


def approval_timetable(config: Config, name: str, cadence: str) -> Timetable:
    """When a newsletter with approval is cut: its own default hour, in the publication's zone (rule 13)."""
    default = config.newsletters[name].default
    weekday = slots.WEEKDAYS.index(default.weekday)
    return Timetable(cadence, default.hour, weekday, default.day, config.publication.timezone)


def check_articles(store: Store, request: Request) -> None:
    """Raises NotFound or Refused for an article that cannot be mailed by hand."""
    if request.kind != "hand":
        return
    with store.read() as tx:
        found = {x.article.id: x for x in catalogue.listings(tx, ids=request.articles)}
    for a in request.articles:
        if a not in found:
            raise NotFound(f"no article {a!r}; `publisher articles` lists them")
        if found[a].status != "published" or found[a].release is None:
            raise Refused(f"{found[a].article.path} is not public: {found[a].status}")
