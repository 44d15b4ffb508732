"""Errands: what takes longer than a page may, done aside while pages say how far it is.

Whatever is done so can be killed at any moment and goes on later: an errand ends with its process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from publisher.errors import PublisherError, Refused
from publisher.permissions import N_

log = logging.getLogger("publisher")
# as long as somebody who pressed a button waits gladly
PATIENCE = 2.5
_BUSY = N_("something is being done with it at the moment: wait until that has ended")
_FAULT = N_("a fault of this program kept it from being done; its log says more")
Do = Callable[[Callable[[int, int], None]], Any]


@dataclass
class Errand:
    """One piece of work under way or ended, with what came of it."""

    done: int = 0
    of: int = 0
    result: Any = None
    error: PublisherError | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        """Whether it has ended, well or not."""
        return self._ended.is_set()

    def wait(self, seconds: float = PATIENCE) -> Any:
        """What came of it; None while it goes on. Raises what it raised."""
        self._ended.wait(seconds)
        if self.error:
            raise self.error
        return self.result

    def progress(self, done: int, of: int) -> None:
        """So many of so many."""
        self.done, self.of = done, of

    def run(self, do: Do) -> None:
        """Do it."""
        try:
            self.result = do(self.progress)
        except PublisherError as error:
            self.error = error
        except Exception:
            log.exception("an errand of the desk failed")
            self.error = Refused(_FAULT)
        finally:
            self._ended.set()


class Errands:
    """The errands of this process, by what they are about; of each the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Errand] = {}

    def begin(self, about: str, do: Do) -> Errand:
        """Begin one. Raises Refused while another about the same goes on."""
        errand = Errand()
        with self._lock:
            if (before := self._known.get(about)) and not before.ended:
                raise Refused(_BUSY)
            # the oldest that has ended is forgotten: nobody asks for it any more
            over = [name for name, one in self._known.items() if one.ended]
            for name in over[: max(0, len(self._known) - 200)]:
                del self._known[name]
            self._known[about] = errand
        threading.Thread(target=errand.run, args=(do,), name=f"errand {about}", daemon=True).start()
        return errand

    def forget(self, about: str) -> None:
        """What came of it was told."""
        with self._lock:
            self._known.pop(about, None)

    def of(self, about: str) -> Errand | None:
        """The last one about it, if this process knows any."""
        return self._known.get(about)
