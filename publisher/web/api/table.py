"""All operations, in the order in which they are described."""

from __future__ import annotations

from publisher.web.api import (
    articles,
    deliveries,
    editions,
    editors,
    hooks,
    importing,
    publication,
    sending,
    subscribers,
    tending,
)
from publisher.web.api.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *publication.OPERATIONS,
    *articles.OPERATIONS,
    *editions.OPERATIONS,
    *sending.OPERATIONS,
    *deliveries.OPERATIONS,
    *subscribers.OPERATIONS,
    *tending.OPERATIONS,
    *importing.OPERATIONS,
    *editors.OPERATIONS,
    *hooks.OPERATIONS,
)
