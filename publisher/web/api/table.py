"""All operations, in the order in which they are described."""

from __future__ import annotations

from publisher.web.api import (
    account,
    articles,
    cutting,
    deliveries,
    editions,
    editors,
    growth,
    hooks,
    importing,
    previewing,
    publication,
    sending,
    subscribers,
    suppressions,
    tending,
    watching,
)
from publisher.web.api.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *publication.OPERATIONS,
    *articles.OPERATIONS,
    *editions.OPERATIONS,
    *cutting.OPERATIONS,
    *previewing.OPERATIONS,
    *sending.OPERATIONS,
    *watching.OPERATIONS,
    *deliveries.OPERATIONS,
    *growth.OPERATIONS,  # before /subscribers/{id}, which would take its path for an id
    *subscribers.OPERATIONS,
    *suppressions.OPERATIONS,
    *tending.OPERATIONS,
    *importing.OPERATIONS,
    *account.OPERATIONS,
    *editors.OPERATIONS,
    *hooks.OPERATIONS,
)
