"""A folder of articles, on a real file system."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from publisher.articles import MAX_BYTES
from publisher.errors import ContentError
from publisher.sources.folder import Scan, find, load, scan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "content"
    (root / "news").mkdir(parents=True)
    (root / "news" / "a.md").write_text("# A")
    (root / "news" / "a.png").write_bytes(b"png")
    (root / "b.TXT").write_text("B")
    return root


def reasons(found: Scan) -> dict[str, str]:
    return {problem.place: problem.message for problem in found.unreadable}


def test_articles_and_files(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("x")
    (folder / ".hidden.md").write_text("x")
    found = scan(folder)
    assert set(found.articles) == {"news/a.md", "b.TXT"}
    assert found.files == {"news/a.png"}
    assert (found.unreadable, found.missing) == ((), "")
    assert found.articles["news/a.md"] == ((folder / "news/a.md").stat().st_mtime_ns, 3)


def test_profiles_are_no_articles(folder: Path) -> None:
    (folder / "_staff").mkdir()
    (folder / "_staff" / "ana.md").write_text("x")
    found = scan(folder)
    assert (set(found.articles), found.profiles) == ({"news/a.md", "b.TXT"}, {"_staff/ana.md"})


@pytest.mark.parametrize(
    ("meta", "starts"),
    [
        (b".. title: Boat\n.. date: 2012/04/09\n", ".. title: Boat\n.. date: 2012/04/09\n\nText"),
        (b"\xef\xbb\xbf.. title: Boat", ".. title: Boat\n\nText"),
        (".. title: Boat".encode("utf-16"), ".. title: Boat\n\nText"),
        (b"---\ntitle: Boat\n---\n", "---\ntitle: Boat\n---\n\nText"),
        (
            b"Boat\nboat\n2012/04/09\nsea\n",
            ".. title: Boat\n.. slug: boat\n.. date: 2012/04/09\n.. tags: sea\n\nText",
        ),
    ],
)
def test_metadata_beside_an_article_stands_above_it(folder: Path, meta: bytes, starts: str) -> None:
    (folder / "b.TXT").write_bytes(b"\xef\xbb\xbfText")
    (folder / "b.meta").write_bytes(meta)
    assert load(folder, "b.TXT").decode() == starts


def test_metadata_that_says_nothing_is_named(folder: Path) -> None:
    (folder / "b.meta").write_bytes(b"nothing here")
    with pytest.raises(ContentError, match="key: value"):
        load(folder, "b.TXT")


def test_a_stamp_changes_with_the_file(folder: Path) -> None:
    before = scan(folder).articles
    (folder / "b.TXT").write_text("C, longer")
    after = scan(folder).articles
    assert [path for path in after if after[path] != before[path]] == ["b.TXT"]


def test_links_stay_inside(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "loop").symlink_to(folder)
    (folder / "dead.md").symlink_to(folder / "nothing")
    (folder / "alias.md").symlink_to(folder / "news" / "a.md")
    found = scan(folder)
    assert set(found.articles) == {"news/a.md", "b.TXT", "alias.md"}
    assert set(reasons(found)) == {"out.md", "loop/", "dead.md"}
    for path in ("out.md", "../secret.md", str(tmp_path / "secret.md")):
        with pytest.raises(ContentError, match="out of its source"):
            load(folder, path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(folder: Path) -> None:
    (folder / "news").chmod(0)
    try:
        found = scan(folder)
    finally:
        (folder / "news").chmod(0o755)
    assert reasons(found) == {"news/": "no permission to read it"}
    assert set(found.articles) == {"b.TXT"}


def test_a_folder_that_cannot_be_listed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refuse(path: str) -> object:
        if str(path).rstrip("/").endswith("news"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan(folder)
    assert reasons(found) == {"news/": "no permission to read it"}
    assert set(found.articles) == {"b.TXT"}
    assert found.missing == ""


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    assert scan(tmp_path / "none") == Scan(missing="it is not there")
    (tmp_path / "file").write_text("x")
    assert scan(tmp_path / "file").missing


def test_names_and_kinds_that_no_article_can_have(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("x")
    assert set(reasons(scan(folder))) == {"pipe.md", "caf\\udce9.md"}
    with pytest.raises(ContentError, match="not a file"):
        load(folder, "pipe.md")


def test_metadata_beside_a_text(folder: Path) -> None:
    (folder / "old.txt").write_text("Body\n")
    alone = scan(folder).articles["old.txt"]
    (folder / "old.meta").write_text(".. title: Old\n.. date: 2012/04/09\n")
    (folder / "lost.meta").write_text(".. title: Lost\n")
    found = scan(folder)
    assert load(folder, "old.txt") == b".. title: Old\n.. date: 2012/04/09\n\nBody\n"
    assert found.articles["old.txt"] != alone
    assert set(reasons(found)) == {"lost.meta"}


def test_load_says_what_is_wrong_and_reads_no_more_than_it_must(folder: Path) -> None:
    assert load(folder, "news/a.md") == b"# A"
    (folder / "big.md").write_bytes(b"x" * (MAX_BYTES + 5))
    assert len(load(folder, "big.md")) == MAX_BYTES + 1
    for path, reason in (("gone.md", "not there"), ("news", "not a file"), ("a\0.md", "null")):
        with pytest.raises(ContentError, match=reason):
            load(folder, path)


def test_a_picture_is_found_only_where_a_scan_would_list_it(folder: Path, tmp_path: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "x.png").write_bytes(b"x")
    (tmp_path / "secret.png").write_bytes(b"x")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    assert find(folder, "news/a.png") == folder / "news/a.png"
    for path in (
        "none.png",
        "news",
        "news/a.md",
        ".git/x.png",
        "../secret.png",
        "out.png",
        "news/a.png/b.png",
    ):
        assert find(folder, path) is None, path
    with pytest.raises(ContentError, match="not there"):
        find(tmp_path / "nothing", "a.png")


def test_what_was_just_written_is_not_settled(folder: Path) -> None:
    long_ago = time.time() - 60
    os.utime(folder / "news" / "a.md", (long_ago, long_ago))
    assert scan(folder).unsettled == {"b.TXT"}


def test_a_folder_that_fails_half_way_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.scandir, [0]

    def refuse(path: str) -> object:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(5, "Input/output error", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert scan(folder) == Scan(missing="input/output error")
