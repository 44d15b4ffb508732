"""A Maildir: nothing in it is lost or replaced, whoever else works in it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from publisher import mailbox
from publisher.bounces import LARGEST
from publisher.config.feedback import BounceMailbox
from publisher.errors import ConfigError, NotFound, Refused, Unavailable
from publisher.mailbox.maildir import Maildir


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    found = mailbox.open_mailbox(BounceMailbox(maildir=tmp_path), {})
    assert isinstance(found, Maildir)
    return found


def put(folder: Path, name: str, text: str = "x") -> None:
    (folder / name).write_text(text)


def tree(folder: Path) -> dict[str, str]:
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}


def test_unread_is_what_has_no_flag_s_and_handled_is_kept(maildir: Maildir, tmp_path: Path) -> None:
    put(tmp_path, "new/2.b", "second")
    put(tmp_path, "cur/1.a:2,FR", "first")
    put(tmp_path, "cur/3.c:2,S", "seen")
    put(tmp_path, "tmp/4.d", "not there yet")
    put(tmp_path, "new/.hidden", "no mail")
    assert [data for _, data in maildir.unread()] == [b"first", b"second"]
    assert maildir.count() == 2
    for name, _ in maildir.unread():
        maildir.handled(name)
    assert list(maildir.unread()) == []
    expected = {"cur/1.a:2,FRS": "first", "cur/2.b:2,S": "second", "cur/3.c:2,S": "seen"}
    assert tree(tmp_path) == expected | {"tmp/4.d": "not there yet", "new/.hidden": "no mail"}


def test_another_mail_of_the_same_name_is_not_replaced(maildir: Maildir, tmp_path: Path) -> None:
    put(tmp_path, "cur/1.a:2,S", "old")
    put(tmp_path, "new/1.a", "new")
    maildir.handled("new/1.a")
    assert sorted(tree(tmp_path).values()) == ["new", "old"]
    assert list(maildir.unread()) == []


def test_killed_between_the_two_names_of_a_mail(maildir: Maildir, tmp_path: Path) -> None:
    put(tmp_path, "new/1.a", "mail")
    os.link(tmp_path / "new/1.a", tmp_path / "cur/1.a:2,S")
    maildir.handled("new/1.a")
    assert tree(tmp_path) == {"cur/1.a:2,S": "mail"}


def test_another_reader_was_faster(maildir: Maildir, tmp_path: Path) -> None:
    put(tmp_path, "new/1.a")
    put(tmp_path, "new/2.b")
    reading = maildir.unread()
    name, _ = next(reading)
    for file in (tmp_path / "new").iterdir():
        file.unlink()
    maildir.handled(name)
    assert list(reading) == []


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("no folder")
    with pytest.raises(ConfigError, match=r"mail\.bounce_mailbox\.maildir: .*new"):
        mailbox.open_mailbox(BounceMailbox(maildir=tmp_path), {})
    with pytest.raises(Unavailable, match="cannot read the Maildir"):
        Maildir(tmp_path / "new").handled("cur/x")


def test_one_that_cannot_be_read_keeps_no_other_back(
    maildir: Maildir, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "new/1.a").symlink_to(tmp_path / "new/1.a")
    (tmp_path / "cur/2.b").mkdir()
    put(tmp_path, "new/3.c", "mail")
    assert [data for _, data in maildir.unread()] == [b"mail"]
    assert "new/1.a cannot be read" in caplog.text
    assert (tmp_path / "new/1.a").is_symlink()


def test_files_and_standard_input_are_one_mail_each(tmp_path: Path) -> None:
    put(tmp_path, "b.eml", "two")
    put(tmp_path, "a.eml", "one")
    assert [data for _, data in mailbox.open_path(tmp_path).unread()] == [b"one", b"two"]
    assert [data for _, data in mailbox.open_path(tmp_path / "b.eml").unread()] == [b"two"]
    with pytest.raises(NotFound):
        mailbox.open_path(tmp_path / "c.eml")
    with pytest.raises(Refused, match="cannot be read"):
        list(mailbox.Files([tmp_path]).unread())  # type: ignore[attr-defined]
    long = io.BytesIO(b"x" * (LARGEST + 5000))
    assert [len(data) for _, data in mailbox.open_stream(long).unread()] == [LARGEST]
    assert long.read() == b"", "whoever writes must not be cut off"
    assert list(mailbox.open_stream(io.BytesIO(b"\n")).unread()) == []
