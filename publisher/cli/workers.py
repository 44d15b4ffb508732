"""`publisher status --workers`: the sending processes of all machines."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from publisher.cli.speaking import result, table, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.store.workforce import Worker

_HEADINGS = ["worker", "host", "process", "alive", "sends", "since", "under way", "last seen", "last outcome"]
_NOBODY = "Nothing is being sent, and no worker is running: `publisher run` or `worker` starts one."


def show(p: Publisher, as_json: bool) -> None:
    """Name, host, process, whether it sends now, what is under way, when last seen; also of dead ones."""
    from publisher.store import workforce

    found = workforce.everybody(p.store)
    zone = p.config.publication.zone
    lines = [_line(one, zone) for one in found]
    result(as_json, [dataclasses.asdict(one) for one in found], *table(_HEADINGS, lines, _NOBODY))
    for one in found:
        if not one.alive:
            tell(f"{one.name} is gone: whoever sends next settles what it had under way ({one.under_way})")


def _line(one: Worker, zone: Any) -> list[Any]:
    times = (one.since, one.last_seen)
    since, seen = (at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if at else "" for at in times)
    alive, sends = ("yes" if which else "no" for which in (one.alive, one.sends))
    return [one.name, one.host, one.pid or "", alive, sends, since, one.under_way, seen, one.last_outcome]
