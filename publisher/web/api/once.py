"""A request under an Idempotency-Key is done once: the same key again gets the same answer, for a day.

While it is done, its process holds a lock that the system takes away from a dead one. So a request that was
killed on its way is known as such, and is not taken for one that is still under way.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from publisher.errors import ContentError, NotFound, Refused
from publisher.store import Store, requests, workforce
from publisher.store.requests import Kept
from publisher.web.api.problems import Fault

_KEY = re.compile(r"[!-~]{1,200}", re.ASCII)
_LOCKS = 64
_OTHER = "Idempotency-Key: this key was used for another request"
_UNDER_WAY = "the request under this key is still under way: ask again in a moment"
_IN_DOUBT = (
    "the request under this key was interrupted, and part of it may have been done: look whether it was, "
    "and use a new key to do it again"
)


@dataclass(frozen=True, slots=True)
class Once:
    """One request: whose token, under which key, and `digest` of all that was asked for."""

    store: Store
    token_id: int
    key: str
    digest: str
    now: datetime

    @property
    def _lock(self) -> str:
        named = hashlib.sha256(f"{self.token_id} {self.key}".encode()).digest()
        return f"api-{named[0] % _LOCKS}"

    def answer(self, do: Callable[[], tuple[int, str]], repeats: bool) -> tuple[int, str, bool]:
        """Status and answer, and whether they are those of the first time. Raises Fault, and what `do` does.

        `repeats`: it may be done again where it was interrupted.
        """
        with self.store.read() as tx:
            there = requests.find(tx, self.token_id, self.key)
        if there:
            self._same(there)
            if not there.status and workforce.at_work(self.store, self._lock):
                raise Fault(409, _UNDER_WAY, headers={"Retry-After": "2"})
        with self.store.alone(self._lock):
            return self._alone(do, repeats)

    def _alone(self, do: Callable[[], tuple[int, str]], repeats: bool) -> tuple[int, str, bool]:
        with self.store.write() as tx:
            fresh = requests.begin(tx, self.token_id, self.key, self.digest, self.now)
            mine = requests.find(tx, self.token_id, self.key)
        assert mine
        self._same(mine)
        if mine.status:
            return mine.status, mine.answer, True
        if not fresh and not repeats:
            raise Fault(409, _IN_DOUBT, kind="interrupted")
        try:
            status, answer = do()
        except (Refused, NotFound, ContentError, Fault):
            with self.store.write() as tx:
                requests.forget(tx, mine.id)
            raise
        with self.store.write() as tx:
            requests.end(tx, mine.id, status, answer)
        return status, answer, False

    def _same(self, there: Kept) -> None:
        if there.digest != self.digest:
            raise Fault(422, _OTHER, kind="key-used-otherwise")


def key_of(text: str) -> str:
    """A key as it was sent. Raises Fault."""
    if not _KEY.fullmatch(text):
        raise Fault(422, "Idempotency-Key: expected 1 to 200 characters of ASCII, without spaces")
    return text
