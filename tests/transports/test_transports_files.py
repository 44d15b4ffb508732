"""The Maildir: complete files only, readable by a mail program, the message's bytes untouched."""

from __future__ import annotations

import mailbox
import os
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mail_servers import MESSAGE, Ledger, outgoing

from publisher.config.mail import Mail
from publisher.errors import PermanentFailure, Unavailable
from publisher.model.mail import Receipt, Transport
from publisher.transports import open_transport


def transport(folder: Path) -> Transport:
    return open_transport(Mail.model_validate({"transport": "files", "files": folder}), environ={})


def test_a_mail_program_finds_every_message(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "outbox"
    ledger = Ledger(*(outgoing(n, MESSAGE.replace(b"News", b"News %d" % n)) for n in range(3)))
    transport(folder).drain(ledger)
    box = mailbox.Maildir(folder, create=False)
    found = sorted(box, key=lambda m: str(m["Subject"]))
    assert [(m["Subject"], m["Delivered-To"], m["Return-Path"]) for m in found] == [
        (f"News {n}", "ada@example.org", "<bounces+abc@courier.example>") for n in range(3)
    ]
    assert {str(m.get_payload()).strip() for m in found} == {"The ferry is late."}
    assert not list((folder / "tmp").iterdir())


def test_the_receipt_names_the_file_and_its_bytes_are_those_of_the_wire(tmp_path: Path) -> None:
    ledger = Ledger(outgoing(1), outgoing(2))
    transport(tmp_path).drain(ledger)
    for outcome in ledger.outcomes:
        assert isinstance(outcome, Receipt)
        assert outcome.code == 250
        file = Path(outcome.text)
        assert file.parent == tmp_path / "new"
        assert file.suffix == ".eml"
        trace = b"Return-Path: <bounces+abc@courier.example>\r\nDelivered-To: ada@example.org\r\n"
        assert file.read_bytes() == trace + MESSAGE
    names = [Path(o.text).name for o in ledger.outcomes if isinstance(o, Receipt)]
    assert names == sorted(names)


def test_many_threads_never_share_a_name(tmp_path: Path) -> None:
    shared = transport(tmp_path)
    ledgers = [Ledger(*(outgoing(n) for n in range(25))) for _ in range(4)]
    threads = [threading.Thread(target=shared.drain, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list((tmp_path / "new").iterdir())) == 100


def test_a_folder_that_cannot_be_made_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("in the way")
    ledger = Ledger(outgoing(1))
    with pytest.raises(Unavailable, match="cannot write mail to"):
        transport(tmp_path / "outbox").drain(ledger)
    assert ledger.taken == []


def test_a_disk_that_fails_in_mid_send_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    ledger = Ledger(outgoing(1), outgoing(2), outgoing(3))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        transport(tmp_path).drain(ledger)
    assert [isinstance(outcome, Unavailable) for outcome in ledger.outcomes] == [True, True]
    assert len(ledger.waiting) == 1
    assert not [*(tmp_path / "new").iterdir(), *(tmp_path / "tmp").iterdir()]


def test_no_envelope_adds_a_header(tmp_path: Path) -> None:
    ledger = Ledger(outgoing(1, recipient="ada@example.org\r\nBcc: eve@example.org"), outgoing(2))
    transport(tmp_path).drain(ledger)
    refused, kept = ledger.outcomes
    assert (isinstance(refused, PermanentFailure), kept.code) == (True, 250)
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_start_that_is_refused_leaves_no_file(tmp_path: Path) -> None:
    ledger = Ledger(*(outgoing(n) for n in range(5)), refused={0, 3}, late={2})
    transport(tmp_path).drain(ledger)
    assert [o.code for o in ledger.outcomes if isinstance(o, Receipt)] == [250, 250, 250]
    assert len(list((tmp_path / "new").iterdir())) == 3
