"""A mailbox is read to its end; a kill in the middle loses nothing and repeats nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publisher import mailbox, receiving, scheduler
from publisher.errors import StoreError
from publisher.mailbox.maildir import Maildir
from publisher.store import attempts

ADA, BEN = "ada@example.org", "ben@example.org"
Report = Callable[..., str]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def arrived(newsroom: Any) -> Callable[[str, str], Path]:
    """Puts a mail into the bounce mailbox, as a mail server does."""
    folder = newsroom.p.config.mail.bounce_mailbox.maildir
    numbers = itertools.count(1)

    def put(text: str, name: str = "") -> Path:
        Maildir.made(folder)
        file: Path = folder / "new" / (name or f"1795244{next(numbers):03}.M1P2.mx")
        file.write_text(text)
        return file

    return put


def files(newsroom: Any) -> list[str]:
    folder = newsroom.p.config.mail.bounce_mailbox.maildir
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_the_clock_reads_the_mailbox(newsroom: Any, report: Report, arrived: Any, clock: Any) -> None:
    mails = newsroom.send()
    arrived(report(mails[ADA]))
    arrived("From: eve@example.org\nSubject: hello\n\nhello\n")
    scheduler.tick(newsroom.p)
    assert newsroom.suppressed() == {ADA: "hard bounce"}
    assert files(newsroom) == ["cur/1795244001.M1P2.mx:2,S", "cur/1795244002.M1P2.mx:2,S"]
    arrived(report(mails[BEN]))
    clock.move(minutes=1)
    scheduler.tick(newsroom.p)
    assert newsroom.status(BEN) == "sent"
    clock.move(minutes=3)
    scheduler.tick(newsroom.p)
    assert newsroom.status(BEN) == "bounced"


@pytest.mark.parametrize("where", ["before the commit", "after the commit", "in the move"])
def test_a_kill_in_the_middle_loses_nothing_and_repeats_nothing(
    newsroom: Any, report: Report, arrived: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    mails = newsroom.send()
    for address in (ADA, BEN):
        arrived(report(mails[address], "5.3.0"))
    places = {
        "before the commit": (attempts, "move"),
        "after the commit": (Maildir, "handled"),
        "in the move": (mailbox.maildir.os, "unlink"),
    }

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    p = newsroom.p
    opened = mailbox.open_mailbox(p.config.mail.bounce_mailbox, {})
    with monkeypatch.context() as patch:
        patch.setattr(*places[where], killed)
        with pytest.raises(Killed):
            receiving.read(p.store, p.keys, opened, clock)
    assert newsroom.status(BEN) == "sent"
    assert newsroom.status(ADA) == ("sent" if where == "before the commit" else "bounced")
    receiving.read(p.store, p.keys, opened, clock)
    assert newsroom.counts() == {"bounced": 2}
    assert newsroom.events(ADA).count(("sent", "bounced")) == 1
    assert newsroom.reports() == [("hard", ADA), ("hard", BEN)]
    assert files(newsroom) == ["cur/1795244001.M1P2.mx:2,S", "cur/1795244002.M1P2.mx:2,S"]


def test_a_store_that_cannot_be_written_leaves_the_mail_where_it_is(
    newsroom: Any, report: Report, arrived: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived(report(newsroom.send()[ADA]))
    p = newsroom.p

    def fails(*_: Any) -> None:
        raise StoreError("the disk is full")

    opened = mailbox.open_mailbox(p.config.mail.bounce_mailbox, {})
    with monkeypatch.context() as patch:
        patch.setattr(p.store, "write", fails)
        with pytest.raises(StoreError):
            receiving.read(p.store, p.keys, opened, clock)
    assert files(newsroom) == ["new/1795244001.M1P2.mx"]


def test_time_runs_out(newsroom: Any, report: Report, arrived: Any, clock: Any) -> None:
    mails = newsroom.send()
    for address in (ADA, BEN):
        arrived(report(mails[address]))
    p = newsroom.p
    opened = mailbox.open_mailbox(p.config.mail.bounce_mailbox, {})
    first = receiving.read(p.store, p.keys, opened, clock, seconds=0)
    assert (first.hard, first.ended) == (1, False)
    rest = receiving.read(p.store, p.keys, opened, clock)
    assert (rest.hard, rest.ended) == (1, True)
