"""Who asks: the bearer of a token (RFC 6750); who tries one wrong token after another waits."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.requests import Request

from publisher.admitting import own
from publisher.admitting.own import Admitted
from publisher.store import Store
from publisher.web.api.problems import Fault

REALM = 'Bearer realm="api"'
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,200}=*", re.ASCII)
_FREE, _WINDOW, _MOST = 20, timedelta(minutes=1), 10_000


class Patience:
    """Wrong tokens by network, in memory: so many a minute, then no more is looked at until it is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def wait(self, network: str, now: datetime) -> int:
        """Count a wrong token; how many seconds to wait before the next, 0 for none."""
        with self._lock:
            since, count = self._tried.pop(network, (now, 0))
            if not since <= now < since + _WINDOW:
                since, count = now, 0
            self._tried[network] = since, count + 1
            while len(self._tried) > _MOST:
                self._tried.popitem(last=False)
        return 0 if count < _FREE else int((since + _WINDOW - now).total_seconds()) + 1


def bearer(request: Request, store: Store, patience: Patience, now: datetime) -> Admitted:
    """Whose token the request carries. Raises Fault: 401, or 429 after too many wrong ones. No cookie counts.

    Whoever has the right one never waits.
    """
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret:
        raise _unknown("expected a token: Authorization: Bearer TOKEN", {"WWW-Authenticate": REALM})
    found = own.admitted(store, secret, now) if _TOKEN.fullmatch(secret) else None
    if found:
        return found
    network = request.client.host if request.client else ""
    if seconds := patience.wait(network, now):
        raise Fault(429, "too many wrong tokens: please wait a little", headers={"Retry-After": str(seconds)})
    challenge = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    raise _unknown("this token is unknown, has ended, or has expired", challenge)


def _unknown(detail: str, headers: Mapping[str, str]) -> Fault:
    return Fault(401, detail, headers=headers)
