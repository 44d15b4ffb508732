"""Mail: a specimen of every newsletter is compiled, and held against what mailbox providers ask."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from publisher import messages
from publisher.checking.findings import Finding, of_error
from publisher.config.schema import Config
from publisher.editions import layout
from publisher.errors import ConfigError, ContentError, Refused
from publisher.freezing.freezer import Freezer
from publisher.freezing.letterheads import letterhead
from publisher.freezing.variants import thaw
from publisher.messages import parts
from publisher.model.articles import Article
from publisher.rendering.environment import Templates
from publisher.store.editions import Edition
from publisher.transports import open_transport

# An edition that exists only to be looked at.
_DAY, _SPECIMEN = "2000-01-01", datetime(2000, 1, 1, tzinfo=UTC)


def look(config: Config, templates: Templates, articles: Sequence[Article]) -> list[Finding]:
    """What keeps mail from leaving, or from arriving."""
    findings = [*sending(config)]
    for name in config.newsletters:
        try:
            findings += _newsletter(config, templates, name, articles)
        except ContentError as error:
            findings.append(of_error(error, "template"))
        except Refused as error:
            findings.append(Finding(f"newsletters.{name}", "header", str(error), "error"))
    return findings


def sending(config: Config) -> Iterator[Finding]:
    """What the configuration alone says of it."""
    if config.newsletters and not config.publication.postal_address.strip():
        message = "is empty: most countries ask for one in every mail"
        yield Finding("publication.postal_address", "postal address", message, "warning")
    if config.mail.transport == "files":
        return
    try:
        open_transport(config.mail, environ=os.environ)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding(problem.place, "mail server", problem.message, "error")
    if _local(config.publication.url):
        message = "is an address of this machine: nobody else can open the links of the mails"
        yield Finding("publication.url", "links", message, "error")
    elif not config.publication.url.startswith("https:"):
        message = "is not https: mailbox providers then offer no one-click unsubscribe (RFC 8058)"
        yield Finding("publication.url", "one-click unsubscribe", message, "warning")
    for name, newsletter in config.newsletters.items():
        if newsletter.sender.domain.endswith(("localhost", ".localdomain", ".invalid", ".test")):
            message = f"{newsletter.sender.domain} is no domain that can receive answers"
            yield Finding(f"newsletters.{name}.from", "sender", message, "error")


def _local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _newsletter(
    config: Config, templates: Templates, name: str, articles: Sequence[Article]
) -> Iterator[Finding]:
    newsletter = config.newsletters[name]
    shown = articles[: newsletter.max_articles]
    if not shown:
        return
    edition = Edition(name, 1, "daily", _DAY, _DAY, _SPECIMEN)
    freezer = Freezer(config, templates, edition, {a.id: a for a in shown}, {})
    row = freezer.variant([(a.id, a.revision) for a in shown], config.publication.language)
    variant = thaw(0, row, freezer.frozen)
    messages.compile_message(variant, letterhead(config, edition))
    yield from parts.look(f"newsletters.{name}", variant, config.publication.postal_address)
    if row.size > layout.LIMIT:
        message = f"{row.size} bytes: Gmail hides what comes after 102 kB"
        yield Finding(f"newsletters.{name}", "size", message, "error")
    if not row.subject.strip():
        yield Finding(f"newsletters.{name}.subject", "subject", "is empty for the newest article", "warning")
