"""Subscribers in and out of CSV files: the good lines are taken, the bad ones named, and nothing is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher import subscribing
from publisher.app import Publisher
from publisher.errors import Refused
from publisher.store import subscribers
from publisher.store.schema import subscribers as people
from publisher.store.schema import subscriptions
from publisher.subscribing import csv_files, csv_text, exports, suppression_lists


@pytest.fixture
def p(publication: Callable[..., Publisher]) -> Publisher:
    return publication(
        newsletters={"daily": {}, "letter": {}}, topics={"world": ["News", "World"], "sea": ["Sea"]}
    )


def take_in(p: Publisher, text: str | bytes, **options: Any) -> csv_files.Imported:
    file = p.store.folder / "readers.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return csv_files.take_in(p.store, p.config, file, p.clock(), **options)


def exported(p: Publisher) -> list[dict[str, str]]:
    out = io.StringIO()
    exports.export(p.store, out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def refused(p: Publisher, text: str | bytes, **options: str) -> str:
    with pytest.raises(Refused) as error:
        take_in(p, text, **options)
    assert exported(p) == []
    said = str(error.value)
    assert len(said.splitlines()) == 1
    return said.removeprefix(str(p.store.folder / "readers.csv"))


def test_bad_lines_are_named_and_good_ones_taken(p: Publisher) -> None:
    report = take_in(
        p,
        "Email,Name,Status,Hour,Topics,Zone,Plan\r\n"
        'ann@example.org,"Ann, the elder",confirmed,9,News;sea,Europe/Lisbon,gold\r\n'
        "nobody,,confirmed,,,,\r\n"
        '"a@x.org, b@y.org",,confirmed,,,,\r\n'
        "\r\n"
        'cy@example.org,"Cy\nBcc: x@y.org",confirmed,,,,\r\n'
        "di@example.org,=?utf-8?q?x?=,confirmed,,,,\r\n"
        "ed@example.org,,confirmed,25,,,\r\n"
        "fi@example.org,,confirmed,,Gossip,,\r\n"
        "gu@example.org,,confirmed,,,Mars/Base,\r\n"
        "ha@example.org,,maybe,,,,\r\n"
        "id@example.org,Smith, John,confirmed,,,,\r\n"
        'jo@example.org,Jo,pending,,all,,"two\nlines"\r\n'
        "ANN@example.org,,confirmed,10,,,\r\n",
        newsletter="daily",
    )
    assert (report.added, report.updated, report.unchanged, report.suppressed) == (2, 1, 0, 0)
    assert [(r["line"], r["address"]) for r in report.refused] == [
        (3, "nobody"),
        (4, "a@x.org, b@y.org"),
        (6, "cy@example.org"),
        (8, "di@example.org"),
        (9, "ed@example.org"),
        (10, "fi@example.org"),
        (11, "gu@example.org"),
        (12, "ha@example.org"),
        (13, "id@example.org"),
    ]
    assert all(r["reason"] for r in report.refused)
    assert "8 cells under 7 columns" in report.refused[-1]["reason"]
    ann, jo = exported(p)
    assert (ann["address"], ann["name"], ann["hour"]) == ("ann@example.org", "Ann, the elder", "10")
    assert (ann["topics"], ann["zone"], ann["plan"]) == ("world;sea", "Europe/Lisbon", "gold")
    assert (jo["status"], jo["topics"], jo["plan"]) == ("pending", "all", "two\nlines")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: expected a header with a column address or email, got nothing"),
        (
            "name,status\nAnn,confirmed\n",
            ":1: expected a header with a column address or email, got name, status",
        ),
        ("ann@example.org\n", ":1: expected a header with a column address or email, got ann@example.org"),
        (
            "address;status\nann@example.org;confirmed\n",
            ":1: the columns are separated by semicolons",
        ),
        ("address\tstatus\nann@example.org\tconfirmed\n", ":1: the columns are separated by tabs: expected"),
        (
            "address,email,status\na@x.org,b@x.org,confirmed\n",
            ":1: the columns address and email mean",
        ),
        ("address,name,name,status\n", ":1: two columns are called name"),
        ("address\nann@example.org\n", ": nothing was taken: no column status, and no --status"),
        (
            "address,name,status\n"
            + "r@x.org,,confirmed\n" * 299
            + "s@x.org,Zoë,confirmed\n\udce9@x.org,Ren\udce9,confirmed\n",
            ":302: nothing was taken: expected UTF-8 text, got the byte 0xe9",
        ),
        (
            'address,status\na@x.org,confirmed\nb@x.org,"conf\nc@x.org,x\n',
            ":3: nothing was taken: this line is not CSV",
        ),
        (
            "address,status\na@x.org,confirmed\nb\0@x.org,confirmed\n",
            ":3: nothing was taken: expected text, got a zero",
        ),
    ],
)
def test_a_file_that_cannot_be_understood_is_one_line(p: Publisher, text: str, says: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    assert refused(p, data, newsletter="daily").startswith(says)


def test_a_byte_order_mark_and_windows_line_ends_are_taken(p: Publisher) -> None:
    data = "address,status\r\nann@example.org,Confirmed\r\n".encode("utf-8-sig")
    assert take_in(p, data, newsletter="daily").added == 1


def test_the_status_of_a_line_goes_before_the_option(p: Publisher) -> None:
    text = "address,status\nann@example.org,unsubscribed\nbo@example.org,\n"
    assert take_in(p, text, newsletter="daily", status="confirmed").added == 2
    assert [(r["address"], r["status"]) for r in exported(p)] == [
        ("ann@example.org", "unsubscribed"),
        ("bo@example.org", "confirmed"),
    ]


def test_a_line_of_another_newsletter_is_not_taken(p: Publisher) -> None:
    text = "address,newsletter,status\nann@example.org,letter,confirmed\nbo@example.org,daily,confirmed\n"
    report = take_in(p, text, newsletter="daily")
    assert (report.added, report.refused[0]["address"]) == (1, "ann@example.org")
    assert take_in(p, text).added == 1


def test_an_import_revives_nobody(p: Publisher, subscribe: Any) -> None:
    for who in ("left", "gone", "here"):
        subscribe(p, f"{who}@example.org")
    subscribing.remove(p.store, "left@example.org", p.clock())
    subscribing.suppress(p.store, "Gone@example.org", "asked by letter", p.clock())
    subscribing.suppress(p.store, "new@example.org", "complaint", p.clock())
    before = exported(p)
    text = "address,name,hour,status\n" + "".join(
        f"{who}@Example.org,Somebody,3,{status}\n"
        for who in ("left", "gone", "new")
        for status in ("confirmed", "pending")
    )
    assert take_in(p, text, newsletter="daily").suppressed == 6
    assert exported(p) == before
    # leaving counts whoever says so, and asking again in person brings back
    gone = "address,status\ngone@example.org,unsubscribed\nhere@example.org,unsubscribed\n"
    assert take_in(p, gone, newsletter="daily").updated == 2
    assert {r["status"] for r in exported(p)} == {"unsubscribed"}
    assert subscribe(p, "left@example.org") == "updated"
    assert [r["status"] for r in exported(p)].count("confirmed") == 1


def test_a_list_that_lags_behind_does_not_unconfirm(p: Publisher, subscribe: Any) -> None:
    subscribe(p, "ann@example.org")
    text = "address,status\nann@example.org,pending\n"
    assert take_in(p, text, newsletter="daily").unchanged == 1


def test_who_confirms_late_gets_no_old_news(p: Publisher, post: Any, clock: Any, subscribe: Any) -> None:
    from publisher import gathering

    subscribe(p, "ann@example.org", status="pending")
    for n in range(3):
        (p.config.sources[0].path / f"{n}.md").write_text(post(f"Article {n}", clock().isoformat()))
        gathering.gather(p.store, p.config, clock())
        clock.move(days=20)
    subscribe(p, "ann@example.org")
    with p.store.read() as tx:
        ((person, mine),) = subscribers.everybody(tx)
    assert (person.address, mine.status, mine.mark, mine.since) == ("ann@example.org", "confirmed", 3, 3)


text = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30).map(str.strip)
names = text.filter(lambda t: "=?" not in t)
cells = st.one_of(
    text, st.sampled_from(["=1+1", "'=1", "''@x", "-3", "+351 912", "-x", "@SUM(A1)", "a\nb", 'q"q', "a;b,c"])
)
rows = st.fixed_dictionaries(
    {
        "name": names,
        "status": st.sampled_from(["confirmed", "pending", "unsubscribed"]),
        "newsletter": st.sampled_from(["daily", "letter"]),
        "topics": st.sampled_from(["all", "world", "sea", "world;sea", "sea;world"]),
        "cadence": st.sampled_from(["instant", "daily", "weekly", "monthly"]),
        "weekday": st.sampled_from(["monday", "sunday"]),
        "day": st.integers(1, 31).map(str),
        "hour": st.integers(0, 23).map(str),
        "zone": st.sampled_from(["UTC", "Europe/Lisbon", "Asia/Kathmandu"]),
        "language": st.sampled_from(["en", "pt-BR"]),
        "=plan": cells,
        "größe": cells,
    }
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, min_size=1, max_size=6))
def test_out_and_in_again_loses_nothing(p: Publisher, given_rows: list[dict[str, str]]) -> None:
    locals_ = ("a", "O'Neil+x", "=x", "-b", "+c", "'=d")
    table = [{"address": f"{n}@example.org", **row} for n, row in zip(locals_, given_rows, strict=False)]
    empty(p)
    sheet = io.StringIO()
    csv_text.write(sheet, list(table[0]), [[row[name] for name in table[0]] for row in table])
    report = take_in(p, sheet.getvalue())
    assert (report.added, report.refused) == (len(table), [])
    first = exported(p)
    assert [r["name"] for r in table] == [r["name"] for r in sorted(_unguarded(first), key=_place(table))]
    out = io.StringIO()
    exports.export(p.store, out)
    again = take_in(p, out.getvalue())
    assert (again.unchanged + again.suppressed, again.added, again.updated) == (len(table), 0, 0)
    empty(p)
    assert take_in(p, out.getvalue()).added == len(table)
    assert exported(p) == first


def _unguarded(found: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: csv_text._unguarded(v) for k, v in row.items()} for row in found]


def _place(table: list[dict[str, str]]) -> Callable[[dict[str, str]], int]:
    order = [row["address"] for row in table]
    return lambda row: order.index(row["address"])


def empty(p: Publisher) -> None:
    with p.store.write() as tx:
        tx.execute(subscriptions.delete())
        tx.execute(people.delete())


def test_no_cell_of_an_export_is_a_formula(p: Publisher, subscribe: Any) -> None:
    subscribe(p, "=cmd@example.org", name="=HYPERLINK(1)")
    out = io.StringIO()
    exports.export(p.store, out)
    cells = [cell for row in csv.reader(io.StringIO(out.getvalue())) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert take_in(p, out.getvalue()).unchanged == 1


def test_suppressions_from_any_list(p: Publisher, tmp_path: Path) -> None:
    file = tmp_path / "left.csv"
    for content, added in (
        ("a@x.org\nb@x.org,moved\n", 2),
        ("email,why\nc@x.org,x\nbad\n", 1),
        ("reason,address\nx,d@x.org\n", 1),
    ):
        file.write_text(content)
        assert suppression_lists.take_in_suppressions(p.store, file, p.clock())[0] == added
    with p.store.read() as tx:
        assert {a: reason for a, reason, _ in subscribers.suppressed(tx)} == {
            "a@x.org": "imported",
            "b@x.org": "moved",
            "c@x.org": "imported",
            "d@x.org": "x",
        }
