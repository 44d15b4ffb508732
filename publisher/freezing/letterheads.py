"""What every message of an edition carries from the configuration, frozen at the cut (rule 20).

An automatic retry is then byte-identical, whatever config.yaml says by that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.links import Keys
from publisher.messages import Letterhead
from publisher.store import keys as stored_keys
from publisher.store.editions import Edition


@dataclass(frozen=True, slots=True)
class Stationery:
    """Headers, and what links, Message-IDs, envelope senders and signatures are made from.

    `site` is the publication's address, `domain` that of Message-IDs; `key` names the secret of the tokens;
    `dkim` is the domain and selector of the signature, None where nobody signs.
    """

    letterhead: Letterhead
    site: str
    domain: str
    bounce_address: str
    key: str
    dkim: tuple[str, str] | None = None


def freeze(tx: Connection, config: Config, edition: Edition) -> dict[str, Any]:
    """What the configuration says for an edition now, as the store keeps it."""
    return asdict(configured(config, edition, Keys(stored_keys.secrets_of(tx))))


def stationery(config: Config, edition: Edition, keys: Keys) -> Stationery:
    """As it was frozen; of an edition from before anything was, as it is configured now."""
    if edition.letterhead is None:
        return configured(config, edition, keys)
    return _thawed(edition.letterhead)


def _thawed(stored: Mapping[str, Any]) -> Stationery:
    dkim = tuple(stored["dkim"]) if stored["dkim"] else None
    return Stationery(**{**stored, "letterhead": Letterhead(**stored["letterhead"]), "dkim": dkim})


def configured(config: Config, edition: Edition, keys: Keys) -> Stationery:
    """As the configuration has it now."""
    sender = config.newsletters[edition.newsletter].sender
    dkim = config.mail.dkim
    return Stationery(
        letterhead(config, edition),
        config.publication.url,
        sender.domain,
        config.mail.bounce_address or sender.addr_spec,
        keys.name,
        (dkim.domain, dkim.selector) if dkim else None,
    )


def letterhead(config: Config, edition: Edition) -> Letterhead:
    """The headers of an edition as the configuration has them now (RFC 2919, RFC 2369, RFC 5064)."""
    newsletter = config.newsletters[edition.newsletter]
    sender = newsletter.sender
    site = config.publication.url
    archive = f"{site}/archive/{edition.newsletter}/" if newsletter.archive == "public" else ""
    local, _, domain = (config.mail.bounce_address or sender.addr_spec).rpartition("@")
    return Letterhead(
        from_=newsletter.from_,
        reply_to=newsletter.reply_to or "",
        list_id=f"{newsletter.title} <{edition.newsletter}.{sender.domain}>",
        list_archive=archive,
        list_owner=f"mailto:{sender.addr_spec}",
        list_help=f"{site}/",
        archived_at=f"{archive}{edition.number}/" if archive else "",
        feedback_id=f"{edition.number}:{edition.cadence}:{edition.newsletter}:{sender.domain.split('.')[0]}",
        unsubscribe_mailto=f"mailto:{local}+{{leave}}@{domain}?subject=unsubscribe",
    )
