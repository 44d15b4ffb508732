"""What editors search for, along an index and a page at a time, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, literal_column, or_, select, tuple_

from publisher.store import compacted, erased, tallies
from publisher.store import subscribers as people
from publisher.store.compacted import Past
from publisher.store.schema import article_words
from publisher.store.schema import articles as articles_table
from publisher.store.schema import deliveries as ledger_rows
from publisher.store.schema import subscribers as rows
from publisher.store.subscribers import Subscriber

_P, _D, _W = rows.c, ledger_rows.c, article_words.c
# the end of whatever begins so: no text has this character
_END = "\U0010ffff"
# So many rows are looked at for one page at most; of fewer a page is made whatever they are.
_LOOKED, _FEW, _CHUNK = 50_000, 2_000, 500
# As the indexes have them.
_NAME: ColumnElement[str] = literal_column("lower(subscribers.name)")
_DOMAINS: dict[str, ColumnElement[str]] = {
    "sqlite": literal_column("substr(subscribers.address_key, instr(subscribers.address_key, '@') + 1)"),
    "postgresql": literal_column("substr(subscribers.address_key, strpos(subscribers.address_key, '@') + 1)"),
}
_NAMED: ColumnElement[bool] = literal_column("subscribers.name <> ''")


def subscribers(tx: Connection, text: str, after: str, most: int) -> list[Subscriber]:
    """Subscribers whose address begins so, then those whose name does, then those whose domain does.

    Without a text all of them, by their address. `after` is the key of the last one's address (empty: from
    the first on). With an `@` only addresses are looked at, and only domains where it begins with one.
    """
    found: list[Subscriber] = []
    typed = text.strip()
    last = tx.execute(select(rows).where(_P.address_key == after)).first() if after else None
    for place, (column, begins, only) in enumerate(_sections(tx, typed)):
        if last is not None and _section_of(last, typed) > place:
            continue
        there = last if last is not None and _section_of(last, typed) == place else None
        # who was found before is not found again
        walk = (
            row for row in _walk(tx, column, begins, only, there, most) if _section_of(row, typed) == place
        )
        found += map(people.subscriber, islice(walk, most - len(found)))
        if len(found) >= most:
            break
    return found


def _sections(tx: Connection, typed: str) -> list[tuple[ColumnElement[Any], str, list[Any]]]:
    address, domain = people.address_key(typed), _DOMAINS[tx.dialect.name]
    if typed.startswith("@"):
        return [(domain, people.address_key(f"x{typed}")[2:], [])]
    by_address: tuple[ColumnElement[Any], str, list[Any]] = (_P.address_key, address, [])
    if not typed or "@" in typed:
        return [by_address]
    return [by_address, (_NAME, _small(typed), [_NAMED]), (domain, address, [])]


def _small(text: str) -> str:
    """As both databases write it: the letters of ASCII alone."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def _section_of(row: Row[Any], typed: str) -> int:
    """Where somebody is found first."""
    if typed.startswith("@") or row.address_key.startswith(people.address_key(typed)):
        return 0
    return 1 if _small(row.name).startswith(_small(typed)) and row.name else 2


def _walk(
    tx: Connection, column: ColumnElement[Any], begins: str, only: list[Any], last: Any, most: int
) -> Iterator[Row[Any]]:
    """Along an index (column, id), from behind a row."""
    query = select(rows).where(*only, erased.not_erased(_P.address_key))
    own = column is _P.address_key
    while True:
        some: list[Row[Any]] = []
        start: ColumnElement[bool] = column >= begins
        if last is not None:
            value = last.address_key if own else tx.scalar(select(column).where(_P.id == last.id))
            start = column > value
            if not own:
                same = query.where(column == value, _P.id > last.id).order_by(_P.id)
                some += tx.execute(same.limit(most))
        if len(some) < most:
            beyond = query.where(start, column < begins + _END).order_by(
                *([column] if own else [column, _P.id])
            )
            some += tx.execute(beyond.limit(most - len(some)))
        yield from some
        if len(some) < most:
            return
        last = some[-1]


def deliveries(
    tx: Connection, edition_id: int, text: str = "", status: str = "", after: int = 0, most: int = 50
) -> list[Row[Any] | Past]:
    """Deliveries of an edition to addresses that begin so, of a status or all; the compacted ones too.

    With a text they come by address, else by subscriber. `after` is the `subscriber_id` of the last one (0:
    from the first on). Who has another address by now is found by that one. Where few of very many fit, a
    page may be shorter than `most`: only an empty one is the last.
    """
    counts = tallies.counts(tx, edition_id)
    counts.pop("unseen", None)
    if status and not counts.get(status):
        return []
    if begins := people.address_key(text.strip()):
        if (counts[status] if status else sum(counts.values())) > _FEW:
            return _by_address(tx, edition_id, begins, status, after, most)
        return _among_few(tx, edition_id, begins, status, after, most)
    found = list[Row[Any] | Past](_standing(tx, edition_id, status, after, most, counts))
    if status in ("", "sent"):
        found = sorted([*found, *_past(tx, edition_id, after, most)], key=lambda row: row.subscriber_id)
    return found[:most]


def _among_few(
    tx: Connection, edition_id: int, begins: str, status: str, after: int, most: int
) -> list[Row[Any] | Past]:
    """Of a small edition, or of a status that few have: they are all looked at."""
    mine = (_D.edition_id == edition_id, *([_D.status == status] if status else []))
    rows_: list[Any] = list(tx.execute(select(_D.subscriber_id, _D.address).where(*mine)))
    past = _past(tx, edition_id, 0, _FEW) if status in ("", "sent") else []
    every = sorted((people.address_key(one.address), one.subscriber_id) for one in (*rows_, *past))
    fit = [person for key, person in every if key.startswith(begins)]
    page = fit[fit.index(after) + 1 if after in fit else 0 :][:most]
    there: dict[int, Row[Any] | Past] = {one.subscriber_id: one for one in past}
    there |= {
        row.subscriber_id: row
        for row in tx.execute(select(ledger_rows).where(*mine, _D.subscriber_id.in_(page)))
    }
    return [there[person] for person in page]


def _by_address(
    tx: Connection, edition_id: int, begins: str, status: str, after: int, most: int
) -> list[Row[Any] | Past]:
    """Along the addresses of subscribers, more of them each time, each along the key of the ledger."""
    key = tx.scalar(select(_P.address_key).where(_P.id == after)) if after else None
    past = status in ("", "sent") and bool(compacted.count(tx, edition_id))
    found: list[Row[Any] | Past] = []
    size = looked = _CHUNK
    while True:
        start = _P.address_key >= begins if key is None else _P.address_key > key
        window = select(_P.id, _P.address_key).where(start, _P.address_key < begins + _END)
        window = window.order_by(_P.address_key).limit(size)
        found += _within(tx, edition_id, window, status, most - len(found), past)
        key = tx.scalar(window.with_only_columns(_P.address_key).limit(1).offset(size - 1))
        if key is None or len(found) >= most or (found and looked >= _LOOKED):
            return found[:most]
        size = _CHUNK if past else min(size * 4, _CHUNK * 16)
        looked += size


def _within(
    tx: Connection, edition_id: int, window: Select[Any], status: str, most: int, past: bool
) -> list[Row[Any] | Past]:
    """The deliveries of an edition to the subscribers of a window, by address."""
    people_ = window.subquery()
    mine = (_D.edition_id == edition_id, *([_D.status == status] if status else []))
    joined = select(_D.id, people_.c.id.label("who"), people_.c.address_key).where(*mine)
    joined = joined.join(people_, people_.c.id == _D.subscriber_id).order_by(people_.c.address_key)
    places = tx.execute(joined.limit(most)).all()
    query = select(ledger_rows).where(_D.id.in_([row.id for row in places]))
    found: dict[int, Row[Any] | Past] = {row.subscriber_id: row for row in tx.execute(query)}
    order = {row.who: row.address_key for row in places}
    if past:
        some = {row.id: row.address_key for row in tx.execute(window)}
        for one in compacted.of(tx, some, [edition_id]):
            found[one.subscriber_id] = one._replace(address=some[one.subscriber_id])
            order[one.subscriber_id] = some[one.subscriber_id]
    return [found[who] for who in sorted(order, key=lambda who: order[who])]


def _standing(
    tx: Connection, edition_id: int, status: str, after: int, most: int, counts: Mapping[str, int]
) -> list[Row[Any]]:
    """Rows by subscriber. What waits is what was cut last, and is found at once from the end on."""
    backwards, person = status == "queued", _D.subscriber_id
    order = person.desc() if backwards else person.asc()
    mine = [_D.edition_id == edition_id]
    if status and counts[status] <= _FEW:
        # all of them along the index of edition, status and time, whatever way a database would take
        these = select(_D.id).where(*mine, _D.status == status).order_by(_D.due_at)
        few = tx.scalars(these.limit(_FEW)).all()
        beyond = [person < after if backwards else person > after] if after else []
        query = select(ledger_rows).where(_D.id.in_(few), *beyond)
        return list(tx.execute(query.order_by(order).limit(most)))
    found: list[Row[Any]] = []
    edge: int | None = after or None
    while True:
        beyond = [] if edge is None else [person < edge if backwards else person > edge]
        walk = select(_D.id, person, _D.status).where(*mine, *beyond).order_by(order).limit(_LOOKED)
        some = walk.subquery()
        fits = select(some.c.id).where(some.c.status == status) if status else select(some.c.id)
        if tx.dialect.name == "postgresql":
            # it knows that they come so; SQLite would look at all of them before it gives the first
            fits = fits.order_by(some.c.subscriber_id.desc() if backwards else some.c.subscriber_id)
        ids = list(tx.scalars(fits.limit(most - len(found))))
        found += tx.execute(select(ledger_rows).where(_D.id.in_(ids)).order_by(order)).all()
        edge = tx.scalar(walk.with_only_columns(person).limit(1).offset(_LOOKED - 1)) if status else None
        if found or edge is None:
            return found


def _past(tx: Connection, edition_id: int, after: int, most: int) -> list[Past]:
    found: list[Past] = []
    bucket = after // compacted.BUCKET - 1
    while len(found) < most:
        bucket, some = compacted.listed(tx, edition_id, bucket)
        if not some:
            break
        found += [one for one in some if one.subscriber_id > after]
    return found


class FoundArticle(NamedTuple):
    """An article of the catalogue."""

    id: str
    title: str
    path: str
    source: str
    status: str
    topics: list[str]
    authors: list[str]
    published_at: datetime
    released_at: datetime | None


def articles(
    tx: Connection,
    text: str = "",
    status: str = "",
    source: str = "",
    topic: str = "",
    before: tuple[datetime, str] | None = None,
    most: int = 50,
) -> list[FoundArticle]:
    """The newest articles of which title, authors or topics say all these words, or parts of words.

    `before` is the last one's (published_at, id).
    """
    query = select(_W.article_id)
    for word in text.split():
        # databases know no capitals but those of ASCII
        spelt = {word, word.lower(), word.upper(), word.capitalize()}
        query = query.where(or_(*(_W.words.icontains(one, autoescape=True) for one in sorted(spelt))))
    wanted = {"status": status, "source": source}
    query = query.where(*(_W[name] == value for name, value in wanted.items() if value))
    if topic:
        query = query.where(_W.topics.contains(f"\n{topic}\n", autoescape=True))
    if before:
        query = query.where(tuple_(_W.published_at, _W.article_id) < tuple_(*before))
    ids = list(tx.scalars(query.order_by(_W.published_at.desc(), _W.article_id.desc()).limit(most)))
    a = articles_table.c
    columns = (a.id, a.data["title"].as_string(), a.path, a.source, a.status, a.topics, a.data["authors"])
    found = {
        row[0]: FoundArticle(*row[:6], [one["name"] for one in row[6] or ()], *row[7:])
        for row in tx.execute(select(*columns, a.published_at, a.released_at).where(a.id.in_(ids)))
    }
    return [found[id_] for id_ in ids]
