"""Where mail to the bounce address arrives: a Maildir, IMAP over TLS, files, standard input.

A mail is given out, and marked as handled only when its reader says so: a kill in between gives it out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol

from publisher.config.certificates import trusting
from publisher.config.feedback import BounceMailbox
from publisher.config.secrets import secret
from publisher.errors import ConfigError, NotFound, Problem
from publisher.mailbox.files import Files, Stream
from publisher.mailbox.imap import ImapMailbox
from publisher.mailbox.maildir import Maildir

__all__ = ["Mailbox", "open_mailbox", "open_path", "open_stream"]


class Mailbox(Protocol):
    """Mails that nobody has handled."""

    @property
    def source(self) -> str:
        """What it is, in a word."""

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of each, the oldest first. Raises Unavailable where the mailbox cannot be read."""

    def handled(self, name: str) -> None:
        """Never give this one out again; nothing is deleted."""

    def count(self) -> int:
        """How many there are; 0 where that is not known."""


def open_mailbox(configured: BounceMailbox, environ: Mapping[str, str]) -> Mailbox:
    """The configured mailbox; a Maildir is made if need be, and nothing is connected yet.

    Raises ConfigError.
    """
    place = "mail.bounce_mailbox"
    if configured.maildir:
        try:
            return Maildir.made(configured.maildir)
        except OSError as error:
            said = f"{error.filename or configured.maildir}: {error.strerror or error}"
            raise ConfigError([Problem(f"{place}.maildir", said)]) from None
    imap = configured.imap
    assert imap, "one of them is there: the schema says so"
    password = secret(f"{place}.imap.password", imap.password_env, imap.password_file, environ)
    return ImapMailbox(imap, password, trusting(imap.ca_file, f"{place}.imap.ca_file"))


def open_path(path: Path) -> Mailbox:
    """A Maildir, a folder of mails, or one mail in a file; only a Maildir notes what is handled.

    Raises NotFound.
    """
    if (path / "new").is_dir() or (path / "cur").is_dir():
        return Maildir(path)
    if path.is_dir():
        return Files(sorted(file for file in path.iterdir() if file.is_file()))
    if not path.exists():
        raise NotFound(f"{path}: no such file or Maildir")
    return Files([path])


def open_stream(stream: BinaryIO) -> Mailbox:
    """One mail from a stream, such as standard input."""
    return Stream(stream)
