"""Imports at the desk: seen before they are begun, taken aside, gone on with after a kill, forgotten."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection

from publisher import scheduler
from publisher.app import Publisher
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.model.editors import Actor
from publisher.store import deeds, imports, subscribers
from publisher.store.imports import Import
from publisher.subscribing import csv_files, erasing, importing, uploads

PUBLISHER = Actor("Pat", 7, "publisher")
NAMES = ("added", "updated", "unchanged", "suppressed", "refused")


@pytest.fixture
def p(publication: Callable[..., Publisher]) -> Publisher:
    return publication(newsletters={"daily": {}, "letter": {}}, topics={"world": ["World"], "sea": ["Sea"]})


def upload(p: Publisher, text: str | bytes, name: str = "readers.csv", status: str = "", **more: Any) -> int:
    file = uploads.place(p.store, PUBLISHER)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    newsletter = more.get("newsletter", "daily")
    return uploads.add(p.store, p.config, PUBLISHER, file, name, newsletter, status, p.clock())


def row(p: Publisher, id_: int) -> Import:
    return uploads.shown(p.store, PUBLISHER, id_)


def begun(p: Publisher, text: str | bytes, **more: Any) -> int:
    id_ = upload(p, text, **more)
    uploads.begin(p.store, PUBLISHER, id_, p.clock())
    return id_


def counts(found: Import) -> tuple[int, ...]:
    return tuple(getattr(found, name) for name in NAMES)


def people(p: Publisher) -> list[tuple[str, str, int]]:
    with p.store.read() as tx:
        return [(who.address, s.status, s.hour) for who, s in subscribers.everybody(tx)]


def left(p: Publisher) -> list[str]:
    return sorted(file.name for file in uploads.folder(p.store).iterdir())


def test_a_file_is_shown_as_it_was_understood_and_nothing_is_taken(
    p: Publisher, subscribe: Callable[..., str]
) -> None:
    subscribe(p, "bo@example.org")
    subscribe(p, "cy@example.org", status="unsubscribed")
    before = people(p)
    text = "E-Mail,Name,Plan,hour\nann@example.org,Ann,=1+1,7\nbo@example.org,Bo,,8\n"
    text += "cy@example.org,,,\nnobody,,,\n"
    id_ = upload(p, text, name="C:\\lists\\read\x07ers.csv")
    seen = row(p, id_)
    assert (seen.name, seen.state, seen.total, seen.size) == ("readers.csv", "uploaded", 4, len(text))
    assert "choose the status" in seen.preview["wrong"]
    with pytest.raises(Refused):
        uploads.begin(p.store, PUBLISHER, id_, p.clock())
    uploads.look(p.store, p.config, PUBLISHER, id_, "daily", "confirmed", p.clock())
    shown = row(p, id_).preview
    assert shown["wrong"] == ""
    assert shown["counts"] == {"added": 1, "updated": 1, "unchanged": 0, "suppressed": 1, "refused": 1}
    assert [one["line"] for one in shown["refused"]] == [5]
    (sheet,) = shown["sheets"]
    assert [(one["name"], one["of"]) for one in sheet["columns"]] == [
        ("e-mail", "address"), ("name", "name"), ("plan", "attribute"), ("hour", "hour")
    ]  # fmt: skip
    assert sheet["rows"][0] == {"line": 2, "cells": ["ann@example.org", "Ann", "=1+1", "7"]}
    assert people(p) == before
    assert importing.work(p.store, p.config, p.clock)
    assert people(p) == before, "nobody has begun it"


def test_what_was_begun_is_taken_and_counted_and_its_file_is_gone(
    p: Publisher, subscribe: Callable[..., str]
) -> None:
    subscribe(p, "left@example.org", status="unsubscribed")
    with p.store.write() as tx:
        subscribers.suppress(tx, "never@example.org", "complaint", p.clock())
    lines = "ann@example.org,7\nleft@example.org,7\nnever@example.org,7\nann@example.org,30\nbad,7\n"
    id_ = begun(p, f"address,hour\n{lines}", status="confirmed")
    assert importing.work(p.store, p.config, p.clock)
    done = row(p, id_)
    assert (done.state, counts(done)) == ("done", (1, 0, 0, 2, 2))
    assert people(p) == [("ann@example.org", "confirmed", 7), ("left@example.org", "unsubscribed", 7)]
    refused = uploads.refusals(p.store, PUBLISHER, id_, -1, 50)
    assert [(one.line, one.address, one.place) for one in refused] == [
        (5, "ann@example.org", ""),
        (6, "bad", ""),
    ]
    assert left(p) == []
    with p.store.read() as tx:
        said = [(d.actor, d.verb, d.object) for d in deeds.listed(tx, 9)]
    assert said == [("Pat", verb, f"import {id_}") for verb in ("end import", "begin import", "upload")]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("size", [3, 11])
def test_killed_anywhere_it_goes_on_and_nothing_is_counted_twice(
    p: Publisher, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Every commit of the import is the last one once; the next look goes on from there."""
    monkeypatch.setattr(csv_files, "_WINDOW", 30)
    monkeypatch.setattr(csv_files.Chunks, "size", property(lambda _: size))
    lines = [f"r{n * 37 % 70:02}@example.org,{n % 25}" for n in range(100)]
    id_ = begun(p, "address,hour\n" + "\n".join(lines), status="confirmed")
    write, chance, kills = p.store.write, random.Random(size), 0

    @contextmanager
    def killing() -> Iterator[Connection]:
        with write() as tx:
            yield tx
            if chance.random() < 0.15:
                raise Killed
        if chance.random() < 0.15:
            raise Killed

    monkeypatch.setattr(p.store, "write", killing)
    while row(p, id_).state != "done":
        try:
            importing.work(p.store, p.config, p.clock)
        except Killed:
            kills += 1
    done = row(p, id_)
    assert kills > 3
    assert done.settled == done.total == 100
    with p.store.read() as tx:
        assert imports.refusals(tx, id_, -1, 500) == list(imports.every_refusal(tx, id_))
        assert len(imports.refusals(tx, id_, -1, 500)) == done.refused == 4
    taken = [line.split(",") for line in lines if not line.endswith(",24")]
    assert done.added == len({address for address, _ in taken})
    last: dict[str, int] = {}
    for address, hour in taken:
        last[address] = int(hour)
    assert people(p) == sorted((address, "confirmed", hour) for address, hour in last.items())


def test_a_bundle_goes_on_in_its_second_file_after_a_kill(
    p: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import zipfile

    head = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,LEID,EUID"
    bundle = tmp_path / "list.zip"
    with zipfile.ZipFile(bundle, "w") as file:
        for kind, extra, who in (("unsubscribed", ",UNSUB_TIME", "z"), ("subscribed", "", "a")):
            rows = "\n".join(f"{who}{n}@example.org,N,1,,,{',' if extra else ''}" for n in range(5))
            file.writestr(f"{kind}_x.csv", f"{head}{extra}\n{rows}\nbad,N,1,,,{',' if extra else ''}\n")
    monkeypatch.setattr(csv_files.Chunks, "size", property(lambda _: 3))
    id_ = begun(p, bundle.read_bytes(), name="list.zip", status="")
    taken: list[int] = []
    keep = importing._One._keep

    def killing(self: Any, tx: Any, point: csv_files.Point) -> None:
        keep(self, tx, point)
        taken.append(point.lines)
        if len(taken) in (2, 4):
            raise Killed

    monkeypatch.setattr(importing._One, "_keep", killing)
    for _ in range(2):
        with pytest.raises(Killed):
            importing.work(p.store, p.config, p.clock)
    assert importing.work(p.store, p.config, p.clock)
    done = row(p, id_)
    assert (done.state, counts(done)) == ("done", (10, 0, 0, 0, 2))
    refused = uploads.refusals(p.store, PUBLISHER, id_, -1, 9)
    assert [(one.nth, one.place, one.line) for one in refused] == [
        (5, "unsubscribed_x.csv", 7), (11, "subscribed_x.csv", 7)
    ]  # fmt: skip


def test_it_stops_when_it_is_told_to_and_goes_on_when_it_is_told_to(
    p: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files.Chunks, "size", property(lambda _: 10))
    lines = "".join(f"r{n:02}@example.org\n" for n in range(50))
    id_ = begun(p, f"address\n{lines}", status="confirmed")
    keep = importing._One._keep
    stops = iter([False, True])

    def stopping(self: Any, tx: Any, point: csv_files.Point) -> None:
        keep(self, tx, point)
        if next(stops, False):
            imports.change(tx, id_, ("running",), state="stopped")

    monkeypatch.setattr(importing._One, "_keep", stopping)
    assert importing.work(p.store, p.config, p.clock)
    found = row(p, id_)
    assert (found.state, found.added, len(people(p))) == ("stopped", 20, 20)
    assert importing.work(p.store, p.config, p.clock)
    assert row(p, id_).added == 20, "what is stopped stays so"
    uploads.go_on(p.store, PUBLISHER, id_, p.clock())
    assert importing.work(p.store, p.config, p.clock)
    assert (row(p, id_).state, counts(row(p, id_))) == ("done", (50, 0, 0, 0, 0))
    with pytest.raises(Refused):
        uploads.stop(p.store, PUBLISHER, id_, p.clock())


def test_a_look_that_may_not_take_long_takes_a_part_and_says_that_more_is_left(
    p: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files.Chunks, "size", property(lambda _: 10))
    lines = "".join(f"r{n:02}@example.org\n" for n in range(50))
    id_ = begun(p, f"address\n{lines}", status="confirmed")
    ticks = itertools.count()
    monkeypatch.setattr(importing, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    looks = 1
    while not importing.work(p.store, p.config, p.clock, seconds=0.5):
        looks += 1
    assert looks == 5
    assert counts(row(p, id_)) == (50, 0, 0, 0, 0)
    assert not importing.work(p.store, p.config, p.clock, halted=lambda: True) or row(p, id_).state == "done"


def test_faults_are_named_and_do_not_come_again(p: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = begun(p, "address,newsletter\nann@example.org,daily\n", status="confirmed", newsletter="")
    (uploads.folder(p.store) / row(p, id_).file).write_text('address\n"never ends\n')
    assert importing.work(p.store, p.config, p.clock)
    found = row(p, id_)
    assert found.state == "stopped"
    assert "readers.csv:2: nothing was taken: this line is not CSV" in found.reason
    uploads.drop(p.store, PUBLISHER, id_, p.clock())
    assert (row(p, id_).state, left(p)) == ("dropped", [])

    def fault(*_: Any) -> None:
        raise ZeroDivisionError

    other = begun(p, "address\nann@example.org\n", status="confirmed")
    monkeypatch.setattr(csv_files.Taking, "take_chunk", fault)
    assert importing.work(p.store, p.config, p.clock)
    assert (row(p, other).state, row(p, other).reason) == ("stopped", importing._FAULT)


def test_who_may_not_change_people_imports_nothing_and_leaves_no_file(p: Publisher) -> None:
    editor = Actor("Ed", 8, "editor")
    with pytest.raises(NotAllowed):
        uploads.place(p.store, editor)
    id_ = upload(p, "address\nann@example.org\n", status="confirmed")
    for act in (uploads.begin, uploads.stop, uploads.go_on, uploads.drop):
        with pytest.raises(NotAllowed):
            act(p.store, editor, id_, p.clock())
        with pytest.raises(NotFound if act is not uploads.stop else Refused):
            act(p.store, PUBLISHER, 99, p.clock())
    with pytest.raises(NotAllowed):
        uploads.shown(p.store, editor, id_)
    for text, status, newsletter in (("", "", "daily"), ("x", "loud", "daily"), ("x", "", "weekly")):
        with pytest.raises(Refused):
            upload(p, text, status=status, newsletter=newsletter)
    assert left(p) == [row(p, id_).file]


def test_after_a_week_files_and_refused_lines_are_gone_and_numbers_stay(p: Publisher, clock: Any) -> None:
    import os

    done = begun(p, "address\nann@example.org\nbad\nworse\n", status="confirmed")
    importing.work(p.store, p.config, p.clock)
    seen = upload(p, "address\nbo@example.org\n", status="confirmed")
    lost = begun(p, "address\ncy@example.org\n", status="confirmed")
    (uploads.folder(p.store) / row(p, lost).file).unlink()
    broken_off = uploads.place(p.store, PUBLISHER)
    broken_off.write_text("address\n")
    os.utime(broken_off, (clock.now.timestamp(), clock.now.timestamp()))
    clock.move(days=6, hours=23)
    assert importing.forget(p.store, clock.now) == 0
    assert len(left(p)) == 2
    clock.move(hours=2)
    assert importing.forget(p.store, clock.now) == 3
    assert left(p) == []
    assert [row(p, one).state for one in (done, seen, lost)] == ["done", "dropped", "stopped"]
    assert "not found" in row(p, lost).reason
    assert counts(row(p, done)) == (1, 0, 0, 0, 2)
    assert uploads.refusals(p.store, PUBLISHER, done, -1, 9) == []
    assert importing.forget(p.store, clock.now) == 0
    with pytest.raises(Refused):
        uploads.go_on(p.store, PUBLISHER, lost, p.clock())


def test_files_that_are_no_lists_are_refused_before_anything_is_taken(p: Publisher) -> None:
    for text, said in (
        ("name\nAnn\n", "expected a header with a column address"),
        (b"address\n\xff\xfe\x00", "zero byte|expected UTF-8"),
        ("address\n" + "x" * (1 << 21), "this line never ends"),
        (b"PK\x05\x06" + bytes(18), "no file in it is an export"),
    ):
        seen = row(p, upload(p, text, status="confirmed"))
        assert re.search(said, seen.preview["wrong"]), seen.preview
        with pytest.raises(Refused):
            uploads.begin(p.store, PUBLISHER, seen.id, p.clock())


def test_who_is_erased_stands_in_no_report_and_no_preview(
    p: Publisher, subscribe: Callable[..., str]
) -> None:
    subscribe(p, "ann@example.org")
    lines = "address,hour\nann@example.org,99\nAnn <ann@example.org>,7\njoann@example.org,99\n"
    id_ = begun(p, lines, status="confirmed")
    importing.work(p.store, p.config, p.clock)
    seen = upload(p, "address\nann@example.org\n", status="confirmed")
    erasing.erase(p.store, "ann@example.org", p.clock())
    refused = uploads.refusals(p.store, PUBLISHER, id_, -1, 9)
    assert [one.address for one in refused] == ["(erased)", "(erased)", "joann@example.org"]
    assert not re.search("[^o]ann@", repr((refused, row(p, seen).preview)))
    uploads.begin(p.store, PUBLISHER, seen, p.clock())
    importing.work(p.store, p.config, p.clock)
    assert counts(row(p, seen)) == (0, 0, 0, 1, 0), "nor does a file bring them back"


def test_a_tick_goes_on_with_what_a_killed_process_left(p: Publisher) -> None:
    id_ = begun(p, "address\nann@example.org\n", status="confirmed")
    scheduler.tick(p)
    assert row(p, id_).state == "done"


def test_a_bundle_of_very_many_files_is_refused_at_once(tmp_path: Path) -> None:
    """200 kB with 2000 empty sheets took a minute: each was looked for among all of them."""
    import zipfile
    from time import process_time

    from publisher.subscribing import bundles

    bundle = tmp_path / "many.zip"
    with zipfile.ZipFile(bundle, "w") as out:
        for n in range(1000):
            out.writestr(f"{n}.csv", "address\n")
    begun = process_time()
    with pytest.raises(Refused, match="more than 100 CSV files"):
        bundles.sheets(bundle, lambda _said: None)
    assert process_time() - begun < 2
