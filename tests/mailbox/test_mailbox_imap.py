"""IMAP over TLS, against a server of our own: what is handled is seen, and nothing else."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme
from imap_server import ImapServer

from publisher import mailbox
from publisher.config.feedback import BounceMailbox
from publisher.errors import ConfigError, Unavailable
from publisher.mailbox import Mailbox

Open = Callable[..., Mailbox]
MAILS = {7 * n: b"Subject: %d\r\n\r\nbody\r\n" % n for n in range(1, 46)}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[ImapServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    running = ImapServer(context, dict(MAILS))
    yield running
    running.close()


@pytest.fixture
def open_imap(server: ImapServer, authority: trustme.CA, tmp_path: Path) -> Open:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def opened(password: str = 'p a"ss', **changed: Any) -> Mailbox:
        imap = {"host": "localhost", "port": server.port, "username": "bounces", "password_env": "IMAP"}
        imap |= {"ca_file": tmp_path / "ca.pem", "timeout": "5s"}
        return mailbox.open_mailbox(
            BounceMailbox.model_validate({"imap": imap | changed}), {"IMAP": password}
        )

    return opened


def handle_all(found: Mailbox) -> None:
    for name, _ in found.unread():
        found.handled(name)


@pytest.mark.parametrize("uid_last", [False, True])
def test_every_unseen_mail_is_read_and_those_handled_are_seen(
    server: ImapServer, open_imap: Open, uid_last: bool
) -> None:
    server.seen, server.uid_last = {7}, uid_last
    found = open_imap()
    read = {}
    for name, data in found.unread():
        read[int(name)] = data
        assert int(name) not in server.seen
        found.handled(name)
    assert read == {uid: data for uid, data in MAILS.items() if uid != 7}
    assert server.seen == set(MAILS)
    assert list(found.unread()) == []
    assert all("PEEK" in command for command in server.said if "FETCH" in command)
    assert server.said[-1] == "LOGOUT"


def test_what_was_not_handled_comes_again(server: ImapServer, open_imap: Open) -> None:
    found = open_imap()
    with closing(found.unread()) as mails:  # type: ignore[type-var]
        for _ in range(3):
            name, _data = next(mails)
            found.handled(name)
        next(mails)
    assert server.seen == {7, 14, 21}
    assert next(iter(found.unread()))[0] == "28"


def test_starttls(server: ImapServer, open_imap: Open) -> None:
    server.starttls = True
    assert len(list(open_imap(security="starttls").unread())) == len(MAILS)
    assert server.said.index("STARTTLS") < next(n for n, c in enumerate(server.said) if "LOGIN" in c)


@pytest.mark.parametrize(
    ("changed", "phase", "says"),
    [
        ({"password": "wrong"}, "auth", "did not let 'bounces' sign in: .*wrong password"),
        ({"folder": "Lost"}, "connect", "has no folder 'Lost': no such folder"),
        ({"ca_file": None}, "tls", "certificate is not trusted"),
        ({"port": 1}, "connect", "localhost:1 cannot be reached"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(
    open_imap: Open, changed: dict[str, Any], phase: str, says: str
) -> None:
    with pytest.raises(Unavailable, match=says) as failed:
        list(open_imap(**changed).unread())
    assert failed.value.phase == phase
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("command", ["SELECT", "SEARCH", "FETCH", "STORE"])
def test_a_server_that_hangs_up_loses_nothing(server: ImapServer, open_imap: Open, command: str) -> None:
    server.hang_up_at = command
    found = open_imap()
    with pytest.raises(Unavailable):
        handle_all(found)
    server.hang_up_at = ""
    before = len(server.seen)
    assert len(list(found.unread())) == len(MAILS) - before


def test_a_password_that_is_not_there_is_a_fault_of_the_configuration(open_imap: Open) -> None:
    with pytest.raises(ConfigError, match=r"mail\.bounce_mailbox\.imap\.password_env"):
        open_imap(password="")
