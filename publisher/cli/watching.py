"""What one sees while an edition is sent: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from publisher.cli.speaking import counted, tell

if TYPE_CHECKING:
    from publisher.app import Publisher
    from publisher.delivering.watching import Standing
    from publisher.store.editions import Edition

# work that is soon done shows nothing
_SHORT, _LOOK, _LINE = 0.5, 1.0, 5.0
_MINUTE, _HOUR = 60, 3600


def left_in_words(seconds: float) -> str:
    """About how long something still takes."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 100:
        return f"about {round(seconds, -1):.0f} seconds left"
    if seconds < 100 * _MINUTE:
        return f"about {counted(round(seconds / _MINUTE), 'minute')} left"
    return f"about {counted(round(seconds / _HOUR), 'hour')} left"


def in_words(one: Standing) -> str:
    """Done and to be done now, messages a second, time left, and the number in each status."""
    total = one.ended + one.due + one.counts["sending"]
    said = [f"{one.ended:,} of {total:,}"]
    if one.rate:
        said += [f"{one.rate:,.0f} a second" if one.rate >= 1 else "less than one a second"]
        if one.seconds_left:
            said.append(left_in_words(one.seconds_left))
    each = [f"{n:,} {status}" for status, n in one.counts.items() if n]
    return f"{', '.join(said)} ({', '.join(each)})"


@contextmanager
def watched(p: Publisher, what: str, find: Callable[[], Sequence[Edition]]) -> Iterator[None]:
    """Show how these editions get on for as long as this lasts, whoever sends them."""
    over = threading.Event()
    show = _bar if sys.stderr.isatty() else _lines
    watcher = threading.Thread(target=show, args=(p, what, find, over), name="watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(2 * _LOOK)


def _looks(
    p: Publisher, find: Callable[[], Sequence[Edition]], over: threading.Event
) -> Iterator[tuple[Standing, float]]:
    """How they stand, about once a second, with the seconds that have passed."""
    from publisher.delivering import watching
    from publisher.errors import StoreError

    began, rest = time.monotonic(), _SHORT
    while not over.wait(rest):
        looked = time.monotonic()
        try:
            one = watching.together(watching.standings(p.store, find(), p.clock()))
        except StoreError:
            return  # whoever sends says so
        # counting a million rows takes a moment: no more than a fiftieth of the time goes into it
        rest = max(_LOOK, 50 * (time.monotonic() - looked))
        if not over.is_set():
            yield one, looked - began


def _bar(p: Publisher, what: str, find: Callable[[], Sequence[Edition]], over: threading.Event) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[said]}")]
    bars = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2)
    task = bars.add_task(what, total=None, said="")
    try:
        for one, _ in _looks(p, find, over):
            total = one.ended + one.due + one.counts["sending"]
            bars.update(task, completed=one.ended, total=total or None, said=in_words(one))
            bars.start()
    finally:
        bars.stop()


def _lines(p: Publisher, what: str, find: Callable[[], Sequence[Edition]], over: threading.Event) -> None:
    said = 0.0
    for one, passed in _looks(p, find, over):
        if passed - said >= _LINE:
            said = passed
            tell(f"{what}: {in_words(one)}")
