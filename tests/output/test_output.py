"""The public folder: what is written, what is left alone, and what a crash leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import Refused, StoreError
from publisher.output import Output, Report

OWN = {".publisher-manifest.json", ".publisher.lock"}


def found(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and p.name not in OWN)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    out = Output(tmp_path / "public")
    first = {"index.html": b"one", "2026/11/a/index.html": b"a", "feed.xml": b"<rss/>"}
    assert out.publish(first) == Report(("2026/11/a/index.html", "feed.xml", "index.html"), 0, ())
    for file in first:
        os.utime(tmp_path / "public" / file, (1000, 1000))
    manifest = (tmp_path / "public/.publisher-manifest.json").stat()
    assert out.publish(first) == Report((), 3, ())
    assert (tmp_path / "public/.publisher-manifest.json").stat() == manifest
    second = first | {"index.html": b"two"}
    assert out.publish(second) == Report(("index.html",), 2, ())
    times = {file: (tmp_path / "public" / file).stat().st_mtime for file in second}
    assert [file for file, at in times.items() if at != 1000] == ["index.html"]
    assert found(tmp_path / "public") == second


def test_what_is_no_longer_named_goes_and_its_folders_too(tmp_path: Path) -> None:
    out = Output(tmp_path)
    (tmp_path / "kept").mkdir()
    (tmp_path / "shared/mine").mkdir(parents=True)
    (tmp_path / "shared/mine/photo.jpg").write_bytes(b"foreign")
    out.publish({"a/b/c.html": b"1", "kept/x.html": b"2", "shared/y.html": b"3", "index.html": b"4"})
    assert out.publish({"index.html": b"4"}) == Report((), 1, ("a/b/c.html", "kept/x.html", "shared/y.html"))
    assert sorted(p.name for p in tmp_path.iterdir() if p.name not in OWN) == ["index.html", "kept", "shared"]
    assert found(tmp_path) == {"index.html": b"4", "shared/mine/photo.jpg": b"foreign"}


def test_a_foreign_file_is_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(b"by hand")
    (tmp_path / "robots.txt").write_bytes(b"same")
    out = Output(tmp_path)
    with pytest.raises(Refused, match=r"index\.html: not written by this program"):
        out.publish({"a.html": b"a", "index.html": b"ours"})
    assert found(tmp_path) == {"index.html": b"by hand", "robots.txt": b"same"}
    assert out.publish({"robots.txt": b"same"}) == Report((), 1, ())
    assert out.publish({}) == Report((), 0, ("robots.txt",))
    assert found(tmp_path) == {"index.html": b"by hand"}


def test_assets_are_copied_once(tmp_path: Path) -> None:
    source = tmp_path / "quay.jpg"
    source.write_bytes(b"picture")
    out = Output(tmp_path / "public")
    assert out.publish({"p/quay.jpg": source}).written == ("p/quay.jpg",)
    copy = tmp_path / "public/p/quay.jpg"
    assert copy.stat().st_mtime_ns != source.stat().st_mtime_ns
    before = copy.stat()
    assert out.publish({"p/quay.jpg": source}) == Report((), 1, ())
    os.utime(source, (5, 5))
    assert out.publish({"p/quay.jpg": source}) == Report((), 1, ())
    assert copy.stat().st_mtime_ns == before.st_mtime_ns
    source.write_bytes(b"PICTURE")
    assert out.publish({"p/quay.jpg": source}).written == ("p/quay.jpg",)
    assert copy.read_bytes() == b"PICTURE"


def test_a_file_becomes_a_folder_and_back(tmp_path: Path) -> None:
    out = Output(tmp_path)
    for files in ({"a": b"file"}, {"a/index.html": b"page"}, {"a": b"file"}, {"b": b""}):
        out.publish(files)
        assert found(tmp_path) == files
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\\..\\b", "a\0b", "\ud800"),
        *(".publisher-manifest.json", ".publisher-journal.jsonl", ".publisher.lock", ".publisher.tmp"),
        ".publisher.tmp/x",
    ],
)
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(Refused):
        Output(tmp_path / "public").publish({"index.html": b"", path: b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_a_file_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"^a: both a file and the folder of a/b"):
        Output(tmp_path).publish({"a": b"", "a/b": b""})


def test_a_symbolic_link_does_not_lead_out(tmp_path: Path) -> None:
    out = Output(tmp_path / "public")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "public").mkdir()
    (tmp_path / "public/archive").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        out.publish({"archive/2026/index.html": b"x"})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_errors_name_the_place(tmp_path: Path) -> None:
    (tmp_path / "public").write_bytes(b"a file")
    with pytest.raises(StoreError, match=r"public: File exists"):
        Output(tmp_path / "public").publish({"index.html": b""})
    with pytest.raises(StoreError, match=r"gone\.jpg: No such file"):
        Output(tmp_path / "out").publish({"a.jpg": tmp_path / "gone.jpg"})
    with pytest.raises(StoreError, match=rf"{'x' * 300}: File name too long"):
        Output(tmp_path / "out").publish({"x" * 300: b""})
    (tmp_path / "out/.publisher-manifest.json").write_text('{"files": 3}')
    with pytest.raises(StoreError, match=r"manifest\.json: damaged"):
        Output(tmp_path / "out").publish({})


class Killed(BaseException):
    """Stands for SIGKILL: no handler of ordinary errors sees it."""


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die before the nth change that the system is asked for."""
    left = step

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keys: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*arguments, **keys)

        return call

    for name in ("replace", "unlink", "rmdir", "mkdir", "write"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


@pytest.mark.parametrize("foreigner", ["", "new/page.html", "old/page.html"])
def test_killed_at_any_point_no_foreign_file_is_lost_and_no_own_one_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreigner: str
) -> None:
    """After the crash somebody may put a file of theirs where ours was, or was to be; it must survive."""
    before: Mapping[str, bytes | Path] = {"old/page.html": b"old", "same.html": b"same", "both.html": b"1"}
    after: Mapping[str, bytes | Path] = {"new/page.html": b"new", "same.html": b"same", "both.html": b"2"}
    done, step = False, 0
    while not done:
        folder = tmp_path / str(step)
        Output(folder).publish(before)
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            kill_at(step, patch)
            Output(folder).publish(after)
            done = True
        step += 1
        if foreigner:
            if (folder / foreigner).exists():
                continue
            (folder / foreigner).parent.mkdir(exist_ok=True)
            (folder / foreigner).write_bytes(b"foreign")
        theirs = {foreigner: b"foreign"} if foreigner else {}
        final = {k: v for k, v in {"same.html": b"same", "last.html": b"3"}.items() if k not in theirs}
        Output(folder).publish(final)
        assert found(folder) == final | theirs, step
    assert step > 7


NAMES = st.sampled_from(["a", "b", "c/a", "c/b", "c/d/a", "e/f", "a/x", "index.html"])
TREES = st.dictionaries(NAMES, st.sampled_from([b"", b"1", b"2", b"33"]), max_size=6).filter(
    lambda tree: not ("a" in tree and "a/x" in tree)
)


@given(st.lists(TREES, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_the_folder_holds_exactly_what_was_published_last(
    tmp_path_factory: pytest.TempPathFactory, trees: list[dict[str, bytes]]
) -> None:
    folder, last = tmp_path_factory.mktemp("law"), dict[str, bytes]()
    for tree in trees:
        report = Output(folder).publish(tree)
        assert found(folder) == tree
        assert set(report.written) == {path for path in tree if last.get(path) != tree[path]}
        assert set(report.removed) == last.keys() - tree.keys()
        assert report.unchanged == len(tree) - len(report.written)
        last = tree
    Output(folder).publish({})
    assert {p.name for p in folder.iterdir()} <= OWN


PUBLISH_MANY = """
import sys
from pathlib import Path
from publisher.output import Output
for turn in range(15):
    Output(Path(sys.argv[1])).publish({f"{n}.html": sys.argv[2].encode() * 1000 for n in range(20)})
"""


def test_two_processes_publish_at_once(tmp_path: Path) -> None:
    """Every file is whole all the time, and in the end all are of one publish."""
    command = [sys.executable, "-c", PUBLISH_MANY, str(tmp_path)]
    Output(tmp_path).publish({f"{n}.html": b"a" * 1000 for n in range(20)})
    running = [subprocess.Popen([*command, mark]) for mark in "ab"]
    while any(process.poll() is None for process in running):
        assert (tmp_path / "7.html").read_bytes() in (b"a" * 1000, b"b" * 1000)
        time.sleep(0.001)
    assert [process.returncode for process in running] == [0, 0]
    assert len({*found(tmp_path).values()}) == 1
    assert json.loads((tmp_path / ".publisher-manifest.json").read_bytes())["pending"] == {}


def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    trees = [{f"{n}.html": mark * 100 for n in range(20)} for mark in (b"a", b"b", b"c")]
    threads = [threading.Thread(target=Output(tmp_path).publish, args=(tree,)) for tree in trees]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found(tmp_path) in trees
