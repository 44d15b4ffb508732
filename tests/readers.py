"""Readers of a publication's newsletter, and an edition that was cut for them all."""

from __future__ import annotations

from collections.abc import Iterable

from publisher import cutting, gathering, subscribing
from publisher.app import Publisher
from publisher.store.editions import Edition
from publisher.subscribing.taking import Register


def enter(p: Publisher, addresses: Iterable[str]) -> None:
    """Confirmed subscribers of `daily`."""
    entered = list(addresses)
    with p.store.write() as tx:
        register = Register(tx, p.config, entered, p.clock())
        for address in entered:
            register.take(subscribing.Choice(address, "daily", "confirmed"))
        register.flush()


def cut_for(p: Publisher, addresses: Iterable[str]) -> Edition:
    """An edition, held, of what the sources hold now."""
    gathering.gather(p.store, p.config, p.clock())
    enter(p, addresses)
    request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, request, p.clock()).edition
    assert edition
    return edition
