"""Imports of any size: encodings, wrong lines, kills in the middle; and exports that lose nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from publisher import subscribing
from publisher.app import Publisher
from publisher.errors import Refused
from publisher.store import consents, subscribers
from publisher.store.consents import Consent
from publisher.store.schema import consent_texts, subscriptions, suppressions
from publisher.store.schema import consents as consent_rows
from publisher.store.schema import subscribers as people
from publisher.subscribing import csv_files, exports, suppression_lists
from publisher.subscribing.taking import Register


@pytest.fixture
def p(publication: Callable[..., Publisher]) -> Publisher:
    return publication(newsletters={"daily": {}, "letter": {}}, topics={"world": ["World"], "sea": ["Sea"]})


def take_in(p: Publisher, text: str | bytes, **options: Any) -> csv_files.Imported:
    file = p.store.folder / "readers.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return csv_files.take_in(p.store, p.config, file, p.clock(), **{"newsletter": "daily"} | options)


def exported(p: Publisher) -> str:
    out = io.StringIO()
    exports.export(p.store, out)
    return out.getvalue()


def names(p: Publisher) -> list[str]:
    with p.store.read() as tx:
        return [person.name for person, _ in subscribers.everybody(tx)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_spreadsheets_write_is_read(p: Publisher, encoding: str) -> None:
    said: list[str] = []
    text = 'email,name,status\r\nzoe@example.org,"Zoë „Zo“ Müller, the €",confirmed\r\n'
    report = take_in(p, text.encode(encoding), say=said.append)
    assert (report.added, names(p)) == (1, ["Zoë „Zo“ Müller, the €"])
    assert bool(said) == (encoding == "cp1252")


def test_utf_16_with_its_other_mark_and_a_broken_end(p: Publisher) -> None:
    big = b"\xfe\xff" + "email,status\nann@example.org,confirmed\n".encode("utf-16-be")
    assert take_in(p, big).added == 1
    with pytest.raises(Refused, match=":3: nothing was taken: expected UTF-16 text"):
        take_in(p, big + b"\xd8")


def test_a_stray_quote_costs_its_own_lines_only(p: Publisher) -> None:
    report = take_in(
        p,
        'address,status,name\na@x.org,confirmed,"A" B\nb@x.org,confirmed,"open\nc@x.org,"confirmed",C\n'
        "d@x.org,confirmed,D\n",
    )
    assert [(r["line"], r["reason"]) for r in report.refused] == [
        (2, "this line is not CSV: ',' expected after '\"'"),
        (3, "this line is not CSV: ',' expected after '\"' (up to line 4)"),
    ]
    assert (report.added, names(p)) == (1, ["D"])


def test_refused_lines_are_told_as_they_come_and_listed_to_a_limit(p: Publisher) -> None:
    told: list[dict[str, Any]] = []
    count = csv_files.LISTED + 500
    text = "address,status\n" + "nobody,confirmed\n" * count + "ann@example.org,confirmed\n"
    report = take_in(p, text, refused=lambda line, _file: told.append(line))
    assert (report.added, report.refused_count) == (1, count)
    assert (len(report.refused), len(told)) == (csv_files.LISTED, count)
    assert (told[-1]["line"], told[-1]["address"]) == (count + 1, "nobody")


class Killed(BaseException):
    pass


def test_killed_in_the_middle_the_same_again_ends_with_the_same(
    p: Publisher, publication: Callable[..., Publisher], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["address,name,status,hour,plan\n"]
    lines += [
        f"r{n % 400}@example.org,N{n},{'unsubscribed' if n % 7 == 3 else 'confirmed'},{n % 24},{n}\n"
        for n in range(700)
    ]
    write, left = p.store.write, 2

    @contextmanager
    def killing() -> Iterator[Connection]:
        nonlocal left
        left -= 1
        with write() as tx:
            yield tx
            if not left:
                raise Killed

    monkeypatch.setattr(p.store, "write", killing)
    with pytest.raises(Killed):
        take_in(p, "".join(lines))
    monkeypatch.setattr(p.store, "write", write)
    assert 0 < len(names(p)) < 400
    first = take_in(p, "".join(lines))
    assert first.added + first.updated + first.unchanged + first.suppressed == 700
    with p.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(consent_rows)) >= 400
    other = publication(p.store.folder / "other", newsletters={"daily": {}, "letter": {}})
    take_in(other, "".join(lines))
    assert without_times(exported(p)) == without_times(exported(other))


def without_times(text: str) -> list[str]:
    return [line.partition('"[{')[0] + line.rpartition(']"')[2] for line in text.splitlines()]


def test_many_lines_of_one_person_are_one_person(p: Publisher) -> None:
    text = "address,newsletter,name,status,plan\n"
    text += "".join(f"Ann@example.org,{n},{w},confirmed,{w}\n" for w in "ab" for n in ("daily", "letter"))
    report = take_in(p, text, newsletter="")
    assert (report.added, report.updated) == (2, 1)  # the last line says what the one before it said
    with p.store.read() as tx:
        ((ann, one), (_, other)) = subscribers.everybody(tx)
        assert (ann.name, ann.attributes, one.newsletter, other.newsletter) == (
            "b",
            {"plan": "b"},
            "daily",
            "letter",
        )
        assert [c.what for c in consents.of(tx, [ann.id])[ann.id]] == ["imported", "imported"]


def test_changed_lines_are_written_together_with_their_next_hour(p: Publisher, clock: Any) -> None:
    head, who = "address,status,hour\n", [f"r{n}@example.org" for n in range(50)]
    take_in(p, head + "".join(f"{a},confirmed,7\n" for a in who))
    report = take_in(p, head + "".join(f"{a},confirmed,{9 + n % 2}\n" for n, a in enumerate(who)))
    assert report.updated == 50
    with p.store.read() as tx:
        found = [s for _, s in subscribers.everybody(tx)]
    assert {(s.hour, s.next_due_at, s.revision) for s in found} == {
        (hour, clock().replace(hour=hour), 2) for hour in (9, 10)
    }


def test_consent_says_what_where_and_when(p: Publisher, clock: Any) -> None:
    take_in(p, "address,status\nann@example.org,pending\n")
    choice = subscribing.Choice("ann@example.org", "daily", "confirmed")
    subscribing.subscribe(p.store, p.config, choice, clock.move(hours=1), source="command line")
    subscribing.subscribe(p.store, p.config, choice, clock.move(hours=1), source="command line")
    with p.store.write() as tx:
        person = subscribers.find(tx, "ann@example.org")
        assert person
        for _ in range(2):
            consents.record(tx, person.id, "letter", "confirmed", "sign-up page", "Yes, please.", clock())
        found = consents.of(tx, [person.id])[person.id]
        assert [(c.newsletter, c.what, c.source, c.at.hour) for c in found] == [
            ("daily", "imported", "import readers.csv", 6),
            ("daily", "confirmed", "command line", 7),
            ("letter", "confirmed", "sign-up page", 8),
            ("letter", "confirmed", "sign-up page", 8),
        ]
        assert consents.texts(tx) == {found[-1].version: "Yes, please."}


# what an export has to bring back: attributes of any name, consents with their words, pauses
text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
keys = st.one_of(text, st.sampled_from(["plan", "Email", "address", "attributes", " x", "=1", "{", "zone"]))
moments = st.integers(1_577_836_800_000_001, 1_900_000_000_000_000).map(
    lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
)
said = st.builds(
    lambda what, source, words, at: (Consent("", what, source, consents.version_of(words), at), words),
    st.sampled_from(["confirmed", "imported"]),
    st.sampled_from(["sign-up page", "=cmd", 'a "b", c', ""]),
    st.sampled_from(["", "Yes, please.", "=Ja,\nbitte “so”"]),
    moments,
)
chosen = st.fixed_dictionaries(
    {
        "status": st.sampled_from(subscribing.choosing.STATUSES),
        "newsletter": st.sampled_from(["daily", "letter"]),
        "topics": st.sampled_from([None, ("world",), ("sea", "world")]),
        "cadence": st.sampled_from(["instant", "daily", "weekly", "monthly"]),
        "weekday": st.integers(0, 6),
        "day": st.integers(1, 31),
        "hour": st.integers(0, 23),
        "zone": st.sampled_from(["UTC", "Asia/Kathmandu"]),
        "language": st.sampled_from(["en", "pt-BR"]),
        "paused_until": st.none() | moments,
        "attributes": st.dictionaries(keys, text, max_size=3),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), chosen, st.lists(said, max_size=3)), min_size=1, max_size=5))
def test_an_export_is_the_same_after_another_round(
    p: Publisher, wanted: list[tuple[int, dict[str, Any], list[tuple[Consent, str]]]]
) -> None:
    empty(p)
    addresses = [f"{name}@example.org" for name in ("ann", "=bo", "ö")]
    with p.store.write() as tx:
        register = Register(tx, p.config, addresses, p.clock())
        for who, choice, agreed in wanted:
            mine = tuple(one._replace(newsletter=choice["newsletter"]) for one, _ in agreed)
            for _, words in agreed:
                consents.keep_text(tx, words)
            register.take(subscribing.Choice(addresses[who], **choice, consents=mine))
        register.flush()
    first = exported(p)
    again = take_in(p, first, newsletter="")
    assert again.refused == []
    assert (again.added, again.updated) == (0, 0)
    assert exported(p) == first
    empty(p)
    lines = len({(who, choice["newsletter"]) for who, choice, _ in wanted})
    assert take_in(p, first, newsletter="").added == lines
    assert exported(p) == first


def empty(p: Publisher) -> None:
    with p.store.write() as tx:
        for table in (consent_rows, consent_texts, subscriptions, people, suppressions):
            tx.execute(table.delete())


def test_suppressions_are_the_same_after_another_round(p: Publisher, tmp_path: Path, clock: Any) -> None:
    for n, reason in enumerate(("complaint", "=1+1", 'a "b", c')):
        subscribing.suppress(p.store, f"R{n}@example.org", reason, clock.move(hours=1))
    with p.store.write() as tx:
        tx.execute(
            suppressions.insert().values(
                address_key="erased:" + "0f" * 32, reason="erased", created_at=clock()
            )
        )
    file = tmp_path / "never.csv"

    def listed() -> bytes:
        with file.open("w", newline="", encoding="utf-8") as out:
            suppression_lists.export_suppressions(p.store, out)
        return file.read_bytes()

    first = listed()
    assert suppression_lists.take_in_suppressions(p.store, file, clock.move(hours=1)) == (0, 0)
    empty(p)
    assert suppression_lists.take_in_suppressions(p.store, file, clock.move(hours=1)) == (4, 0)
    assert listed() == first


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("[1]", "consents: expected a list as an export writes it"),
        ('[{"what":"x"}]', "consents: expected"),
        ('[{"what":"x","source":"y","at":"soon"}]', "consents: expected a moment"),
        ('[{"what":"' + "x" * 21 + '","source":"y","at":"2026-01-01"}]', "consents: expected"),
    ],
)
def test_consents_that_nobody_wrote_are_refused(p: Publisher, cell: str, says: str) -> None:
    quoted = cell.replace('"', '""')
    report = take_in(p, f'address,status,consents\nann@example.org,confirmed,"{quoted}"\n')
    assert report.refused[0]["reason"].startswith(says)
    assert json.loads(json.dumps(report.refused))
