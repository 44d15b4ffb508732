"""`make run`: the publisher on the sample, with a first subscriber and digest when its store is new."""

from __future__ import annotations

import sys
from pathlib import Path

from publisher import cutting, delivering, gathering, publishing, subscribing
from publisher.app import Publisher, open_publisher
from publisher.cli import main
from publisher.cli.speaking import shown_path, tell
from publisher.config import load
from publisher.delivering import opening
from publisher.errors import PublisherError
from publisher.store import exists

READER, NEWSLETTER = "reader@example.org", "daily"


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


def start(file: Path) -> None:
    """Run the sample; a first digest comes only with a new store, and a transport that only writes files."""
    config = load(file)
    fresh = not exists(config.store, file.resolve().parent)
    if fresh and config.mail.transport == "files" and NEWSLETTER in config.newsletters:
        p = open_publisher(file)
        try:
            name = first_digest(p)
        finally:
            p.close()
        if name:
            outbox = shown_path(config.mail.files)
            tell(f"A first digest, {name}, for {READER}: {outbox}/new (a Maildir: mutt -f {outbox})")
    main(["--config", str(file), "run"])


if __name__ == "__main__":
    try:
        start(Path("config.yaml"))
    except PublisherError as error:
        tell(f"publisher: {error}")
        sys.exit(error.exit_code)
