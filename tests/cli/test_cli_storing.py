"""Moving the store, as one types it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

OLD, NEW = "sqlite:///var/publisher.db", "sqlite:///new/publisher.db"


@pytest.fixture
def server(databases: Any) -> Iterator[str]:
    """An empty PostgreSQL database, by an address with a password that it does not need."""
    url: str = databases.take()
    yield url.replace("postgres@", "postgres:hunter2@")
    databases.give_back(url)


def test_a_publication_moves_and_goes_on_there(site: Any, server: str, mailed: Any) -> None:
    site("subscribers", "add", "ada@example.org", "--name", "Ада")
    (message,) = mailed()
    ran = site("store", "copy", OLD, server, "--json")
    assert ran.code == 0, ran.err
    assert set(ran.json) == {"from", "to", "rows", "seconds", "sha256", "tables"}
    tables = {t["table"]: t for t in ran.json["tables"]}
    assert (tables["subscribers"]["rows"], tables["deliveries"]["rows"]) == (1, 1)
    assert "workers" not in tables
    assert ran.json["rows"] == sum(t["rows"] for t in tables.values())
    assert all(re.fullmatch("[0-9a-f]{64}", t["sha256"]) for t in (*tables.values(), ran.json))
    assert "hunter2" not in ran.out + ran.err
    refused = site("deliver")
    assert (refused.code, "this store was copied on" in refused.err) == (65, True)
    assert "Nothing leaves: this store was copied" in site("status").err
    config = (site.folder / "config.yaml").read_text()
    site.write("config.yaml", f"{config}store: {server}\n")
    assert site("status", "daily/1", "--json").json["sent"] == 1
    assert site("subscribers", "show", "ada@example.org", "--json").code == 0
    site.write("content/late.md", "---\ntitle: Low water\ndate: 2026-11-20\n---\nAt six.\n")
    assert site("gather").code == 0
    assert site("tick").code == 0
    assert site.sent() == [message]


def test_people_are_told_what_comes_next(site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Paths count from the configuration's folder, wherever one stands."""
    (tmp_path / "elsewhere").mkdir()
    here = type(site)(tmp_path / "elsewhere")
    ran = here("store", "copy", OLD, NEW, config="../config.yaml")
    assert ran.code == 0, ran.err
    assert f"{NEW} holds what {OLD} holds" in ran.out
    assert "Nothing is cut or sent from" in ran.out
    assert f"store: {NEW}" in ran.out.splitlines()
    assert (site.folder / "new/publisher.db").stat().st_mode & 0o077 == 0
    again = site("store", "copy", OLD, "sqlite:///third.db")
    assert again.code == 0
    assert "publisher acknowledge --restore" in again.err, "the third would send beside the second"


def test_a_store_that_was_copied_by_mistake_goes_on_when_a_person_says_so(site: Any, mailed: Any) -> None:
    site("subscribers", "add", "ada@example.org")
    assert site("store", "copy", OLD, NEW).code == 0
    assert site("acknowledge", "--restore").code == 65
    assert site("gather").code == 0
    assert site("acknowledge", "--restore").code == 0
    assert len(mailed()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 64, "copy"),
        (("copy", OLD), 64, "TO"),
        (("copy", OLD, "var/other.db"), 64, "expected sqlite:///path or postgresql://"),
        (("copy", OLD, "mysql://user:hunter2@host/x"), 64, "expected sqlite:///path or postgresql://"),
        (("copy", "sqlite:///absent.db", NEW), 66, "absent.db: there is no store to copy"),
        (("copy", OLD, OLD), 65, "itself"),
        (("copy", "sqlite:///config.yaml", NEW), 74, "not a database"),
        (("copy", OLD, "postgresql://nobody@127.0.0.1:1/none"), 74, "cannot be used now"),
    ],
)
def test_what_cannot_be_copied_is_one_line(
    site: Any, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ran = site("store", *arguments)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert "hunter2" not in ran.err
    assert ran.out == ""
    if arguments:
        assert len(ran.err.splitlines()) == 1
    assert not (site.folder / "new").exists()
