"""publisher editors: accounts from the command line, a first way in, and who did what in the log."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from publisher.admitting import signing_in
from publisher.app import open_publisher
from publisher.cli import sample
from publisher.store import deeds, editors

PASSWORD = "four easy words here"


def test_an_account_from_beginning_to_end(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "editors add" in site("editors", "list").out
    added = site("editors", "add", "Ann Editor", "Ann@example.org", "--role", "editor")
    assert added.code == 0
    about, link = added.out.splitlines()
    assert about == "Ann Editor (editor) signs in here, once, within an hour:"
    assert link.startswith("https://courier.example/desk/link/")
    again = site("editors", "link", "ann@example.org", "--json").json
    assert (again["role"], again["link"] == link) == ("editor", False)
    assert site("editors", "role", "ann@example.org", "admin").out == "Ann@example.org: admin, was editor\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert site("editors", "passwd", "ann@example.org").code == 0
    (listed,) = site("editors", "list", "--json").json
    assert (listed["role"], listed["password"], listed["codes"]) == ("admin", True, False)
    assert site("editors", "remove", "ann@example.org").code == 0
    assert site("editors", "list", "--json").json == []
    p = open_publisher(site.folder / "config.yaml")
    with p.store.read() as tx:
        done = [(d.actor, d.verb) for d in reversed(deeds.listed(tx, 20))]
        assert PASSWORD not in repr(editors.find(tx, "ann@example.org"))
    p.close()
    verbs = ["add", "make link", "make link", "set role", "set password", "remove"]
    assert done == [("command line", verb) for verb in verbs]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("add Ann ann@x@y --role editor", 65, "address"),
        ("add Ann ann@example.org --role owner", 65, "expected viewer, editor, publisher or admin"),
        ("add Ann", 64, "ADDRESS"),
        ("link nobody@example.org", 66, "no editor"),
        ("role nobody@example.org admin", 66, "no editor"),
        ("remove nobody@example.org", 66, "no editor"),
        ("passwd nobody@example.org", 66, "no editor"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    site: Any, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    ran = site("editors", *typed.split())
    assert (ran.code, said in ran.err, len(ran.err.splitlines())) == (code, True, 1), ran.err


def test_a_password_that_is_too_easy_is_refused(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site("editors", "add", "Ann", "ann@example.org", "--role", "admin")
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    ran = site("editors", "passwd", "ann@example.org")
    assert (ran.code, "at least 12 characters" in ran.err) == (65, True)


def test_the_sample_says_where_the_desk_is_each_time_and_adds_nobody_where_there_are_editors(
    site: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sample, "main", lambda _arguments: None)
    monkeypatch.chdir(site.folder)
    links = []
    for _ in range(2):
        sample.start(Path("config.yaml"))
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "/desk/link/" in line]
        links.append(line.rpartition(" ")[2])
    assert all(link.startswith("http://127.0.0.1:8000/desk/link/") for link in links)
    p = open_publisher(site.folder / "config.yaml")
    secrets = [link.rpartition("/")[2] for link in links]
    assert signing_in.linked(p.store, secrets[1], p.clock()).role == "admin"
    p.close()
    site("editors", "add", "Ann", "ann@example.org", "--role", "admin")
    site("editors", "remove", sample.ADDRESS)
    sample.start(Path("config.yaml"))
    assert "/desk/" not in capsys.readouterr().err
