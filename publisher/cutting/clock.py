"""What the clock does about cuts: everything that is due, in every newsletter and cadence."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from publisher.config.schema import Config
from publisher.cutting import running, starting
from publisher.cutting.asking import Request, Result, approval_slot
from publisher.editions.slots import CADENCES
from publisher.errors import PublisherError, StoreError
from publisher.rendering.environment import Templates
from publisher.store import Store

log = logging.getLogger("publisher")


def cut_due(store: Store, config: Config, templates: Templates, now: datetime) -> list[Result]:
    """Everything that is due now. Firing twice is harmless; a newsletter with a fault stops no other.

    Raises StoreError.
    """
    results: list[Result] = []
    for name in config.newsletters:
        try:
            results += _newsletter(store, config, templates, name, now)
        except StoreError:
            raise
        except Exception as error:
            # whatever it is, it is this newsletter's fault, and the others are not late for it
            said = str(error) if isinstance(error, PublisherError) else f"{type(error).__name__}: {error}"
            log.warning("%s is not cut: %s", name, said, exc_info=log.isEnabledFor(logging.DEBUG))
    return [r for r in results if r.edition]


def _newsletter(
    store: Store, config: Config, templates: Templates, name: str, now: datetime
) -> Iterator[Result]:
    if running.unfinished(store, name):
        yield from running.resume(store, config, templates, now, name)
    for cadence in CADENCES:
        request = _request(config, name, cadence, now)
        with store.read() as tx:
            slots, _ = starting.reached(tx, config, request)
        if slots:
            yield from running.carry_out(store, config, templates, request, now)


def _request(config: Config, name: str, cadence: str, now: datetime) -> Request:
    """Those who are due; with approval everybody, at the newsletter's default hour (rule 13)."""
    if config.newsletters[name].approval and cadence != "instant":
        slot = approval_slot(config, name, cadence, now)
        return Request(name, cadence, "now", now, by_person=False, slot=slot)
    return Request(name, cadence, "due", now, by_person=False)
