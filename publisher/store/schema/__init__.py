"""The tables of the store, by what they are about. Migrations make them; `metadata` says what they are."""

from publisher.store.schema.api import api_requests, webhook_endpoints, webhook_events
from publisher.store.schema.content import (
    article_texts,
    article_words,
    articles,
    feed_polls,
    keys,
    releases,
    remote_feeds,
    schedule,
)
from publisher.store.schema.counters import figures, movements, tallies
from publisher.store.schema.desk import credentials, deeds, editors, refusals, sign_ins
from publisher.store.schema.editions import contents, cuts, editions, pieces, variant_articles, variants
from publisher.store.schema.imports import import_refusals, imports
from publisher.store.schema.ledger import (
    compacted,
    deliveries,
    events,
    notice_events,
    notices,
    pacing,
    troubles,
    workers,
)
from publisher.store.schema.metadata import metadata
from publisher.store.schema.people import (
    confirmations,
    consent_texts,
    consents,
    private_feeds,
    reports,
    subscribers,
    subscriptions,
    suppressions,
)

__all__ = [
    "api_requests",
    "article_texts",
    "article_words",
    "articles",
    "compacted",
    "confirmations",
    "consent_texts",
    "consents",
    "contents",
    "credentials",
    "cuts",
    "deeds",
    "deliveries",
    "editions",
    "editors",
    "events",
    "feed_polls",
    "figures",
    "import_refusals",
    "imports",
    "keys",
    "metadata",
    "movements",
    "notice_events",
    "notices",
    "pacing",
    "pieces",
    "private_feeds",
    "refusals",
    "releases",
    "remote_feeds",
    "reports",
    "schedule",
    "sign_ins",
    "subscribers",
    "subscriptions",
    "suppressions",
    "tallies",
    "troubles",
    "variant_articles",
    "variants",
    "webhook_endpoints",
    "webhook_events",
    "workers",
]
