"""Where providers report bounces and complaints: POST /webhooks/ses and POST /webhooks/postmark.

Who is not configured has no route. What is not signed, or does not know the secret, changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher import receiving
from publisher.app import Publisher
from publisher.bounces import Verdict, providers
from publisher.config.secrets import secret
from publisher.errors import Refused
from publisher.receiving.effects import Heard

if TYPE_CHECKING:
    from publisher.web.sns import Fetch, Verifier

# SNS sends 256 kB at most; Postmark may send a copy of the mail along
_LARGEST = 1 << 20
# Postmark tries again for half a day
_OLDEST, _AHEAD = timedelta(days=1), timedelta(hours=1)
_HEADER = "X-Postmark-Token"
_NO_STORE = {"Cache-Control": "no-store"}
log = logging.getLogger("publisher")


class Reports:
    """The doors of the providers that are configured. Raises ConfigError for a secret that is not there."""

    def __init__(self, publisher: Publisher, environ: Mapping[str, str], fetch: Fetch | None = None) -> None:
        self._publisher = publisher
        configured = publisher.config.web.webhooks
        self._ses = _verifier(configured.ses.topic, fetch) if configured.ses else None
        self._token = ""
        if postmark := configured.postmark:
            place = "web.webhooks.postmark.token"
            self._token = secret(place, postmark.token_env, postmark.token_file, environ)

    @property
    def routes(self) -> list[Route]:
        """A route for each provider."""
        found = [Route("/webhooks/ses", self.ses, methods=["POST"])] if self._ses else []
        if self._token:
            found.append(Route("/webhooks/postmark", self.postmark, methods=["POST"]))
        return found

    async def ses(self, request: Request) -> Response:
        """200: taken, and need not be sent again. 400, 403, 413: never will be."""
        message = await _json(request)
        if isinstance(message, Response):
            return message
        return await run_in_threadpool(self._take_ses, message)

    async def postmark(self, request: Request) -> Response:
        """As `ses`; the secret is the password of Basic authentication, or stands in a header."""
        if not self._knows_secret(request):
            return _answer(401, "a secret is asked for", {"WWW-Authenticate": 'Basic realm="webhooks"'})
        payload = await _json(request)
        if isinstance(payload, Response):
            return payload
        return await run_in_threadpool(self._take_postmark, payload)

    def _take_ses(self, message: Mapping[str, Any]) -> Response:
        assert self._ses
        texts = {name: value for name, value in message.items() if isinstance(value, str)}
        try:
            self._ses.verify(texts, self._publisher.clock())
            if texts["Type"] == "SubscriptionConfirmation":
                self._ses.confirm(texts)
                return _answer(200, "confirmed")
        except Refused as error:
            log.warning("webhook of SES refused: %s", error)
            return _answer(403, "not believed")
        if texts["Type"] != "Notification":
            return _answer(200, "nothing to do")
        try:
            said = json.loads(texts.get("Message", ""))
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            return _answer(200, "nothing to do")  # SNS greets a new topic with plain words
        return self._hear(providers.ses(said), "ses", texts.get("MessageId", ""))

    def _take_postmark(self, payload: Mapping[str, Any]) -> Response:
        text = str(payload.get("BouncedAt") or payload.get("ChangedAt") or "")
        if not _recent(text, self._publisher.clock()):
            return _answer(400, "too old, or without a time")
        number = f"{payload.get('RecordType')} {payload.get('ID')} {payload.get('MessageID')} {text}"
        return self._hear(providers.postmark(payload), "postmark", number)

    def _hear(self, verdict: Verdict, source: str, number: str) -> Response:
        p = self._publisher
        digest = hashlib.sha256(f"{source} {number}".encode("utf-8", "replace")).hexdigest()
        heard = Heard(verdict, digest, source, p.clock())
        return _answer(200, receiving.hear(p.store, p.keys, heard, trusted=True).outcome)

    def _knows_secret(self, request: Request) -> bool:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                given = b64decode(given, validate=True).decode().partition(":")[2]
            except ValueError:
                return False
        elif kind.lower() != "bearer":
            given = request.headers.get(_HEADER, "")
        return hmac.compare_digest(given.encode(), self._token.encode())


def _verifier(topic: str, fetch: Fetch | None) -> Verifier:
    from publisher.web import sns  # its libraries take time to load, and most publications have no topic

    return sns.Verifier(topic, fetch or sns.fetched)


async def _json(request: Request) -> Mapping[str, Any] | Response:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            return _answer(413, "too large")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else _answer(400, "expected a JSON object")


def _recent(text: str, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return now - _OLDEST <= at <= now + _AHEAD


def _answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {**_NO_STORE, **(headers or {})})
