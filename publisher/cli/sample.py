"""`make run`: the publisher on the sample, with a first subscriber, digest and editor."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

from publisher import cutting, delivering, gathering, publishing, subscribing
from publisher.admitting import accounts
from publisher.app import Publisher, open_publisher
from publisher.cli import main
from publisher.cli.speaking import shown_path, tell
from publisher.config import load
from publisher.delivering import opening
from publisher.errors import NotFound, PublisherError
from publisher.model.editors import COMMAND_LINE
from publisher.store import exists

READER, NEWSLETTER = "reader@example.org", "daily"
EDITOR, ADDRESS = "E. Ditor", "editor@example.org"


def first_digest(p: Publisher) -> str:
    """One confirmed subscriber, one edition, sent into the outbox; its name."""
    now = p.clock()
    gathering.gather(p.store, p.config, now)
    choice = subscribing.Choice(READER, NEWSLETTER, "confirmed", name="A. Reader")
    subscribing.subscribe(p.store, p.config, choice, now)
    request = cutting.asked(p.config, NEWSLETTER, "", now, everybody=True)
    made = cutting.cut(p.store, p.config, p.templates, request, now)
    if not made.edition:
        return ""
    opening.open_edition(p.store, made.edition, p.clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=made.edition.id)
    publishing.publish(p.store, p.config, p.templates)
    return made.edition.name


def desk_link(p: Publisher) -> str:
    """Where the sample's editor signs in, once; empty where there are editors, and this is none of them."""
    try:
        if not accounts.listed(p.store, COMMAND_LINE):
            _, secret = accounts.add(p.store, COMMAND_LINE, EDITOR, ADDRESS, "admin", p.clock())
        else:
            _, secret = accounts.link(p.store, COMMAND_LINE, ADDRESS, p.clock())
    except NotFound:
        return ""
    web, path = p.config.web, urlsplit(p.config.publication.url).path
    host = "127.0.0.1" if web.host in ("", "0.0.0.0", "::") else web.host
    return f"http://{f'[{host}]' if ':' in host else host}:{web.port}{path}/desk/link/{secret}"


def start(file: Path) -> None:
    """Run the sample, with a first digest where the store is new; nothing where real mail would leave."""
    config = load(file)
    fresh = not exists(config.store, file.resolve().parent)
    if config.mail.transport == "files":
        p = open_publisher(file)
        try:
            name = first_digest(p) if fresh and NEWSLETTER in config.newsletters else ""
            link = desk_link(p)
        finally:
            p.close()
        if name:
            outbox = shown_path(config.mail.files)
            tell(f"A first digest, {name}, for {READER}: {outbox}/new (a Maildir: mutt -f {outbox})")
        if link:
            tell(f"The desk, once and within an hour: {link}")
    main(["--config", str(file), "run"])


if __name__ == "__main__":
    try:
        start(Path("config.yaml"))
    except PublisherError as error:
        tell(f"publisher: {error}")
        sys.exit(error.exit_code)
