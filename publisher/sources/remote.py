"""A remote feed: asked politely, remembered between two looks, never asked again when it is gone."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from publisher import __version__
from publisher.articles.decoding import printable
from publisher.guard import Deadline, NotFetched
from publisher.sources import formats, schedules
from publisher.sources.asking import Answer, Asker
from publisher.sources.states import Fetched, State

log = logging.getLogger("publisher")
SECONDS = 30.0
_OK, _NOT_MODIFIED, _GONE = 200, 304, 410
_WORDS = {
    401: "it asks for a password",
    403: "it is forbidden",
    404: "there is nothing",
    429: "it is asked too often",
}
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.8, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)


def agent(site: str) -> str:
    """How this program names itself, and for whom it asks (RFC 9110 section 10.1.5)."""
    return f"publisher/{__version__} (+{site})"


def fetch(
    url: str, state: State, every: timedelta, asker: Asker, name: str, now: datetime, deadline: Deadline
) -> Fetched:
    """Ask for a feed once. Every failure is a state too: with its words, and a next try after a longer rest.

    A permanent redirect is remembered, and forgotten when it leads nowhere; what is gone (410) is gone.
    """
    try:
        answer = asker.ask(state.moved or url, url, lambda at: _headers(at, state, name), deadline)
        return _heard(url, state, every, answer, now)
    except NotFetched as error:
        return _failed(state, every, error, now)
    except Exception as error:  # whatever one feed does to this program, the others go on
        log.exception("%s", url)
        fault = NotFetched(f"it cannot be read, by a fault of this program: {error!r}")
        return _failed(state, every, fault, now)


def _headers(url: str, state: State, name: str) -> dict[str, str]:
    sent = {"User-Agent": name, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
    if url == state.validated:
        sent |= {"If-None-Match": state.etag} if state.etag else {}
        sent |= {"If-Modified-Since": state.modified} if state.modified else {}
    return sent


def _heard(url: str, state: State, every: timedelta, answer: Answer, now: datetime) -> Fetched:
    if answer.status == _GONE:
        reason = "it is gone for good (410): it is asked no more, and its articles are kept"
        return Fetched(
            replace(state, gone=True, error=reason, since=state.since or now.isoformat()), now, None, reason
        )
    well = replace(
        state,
        moved=answer.settled if answer.settled != url else "",
        failures=0,
        error="",
        since="",
    )
    if answer.status == _NOT_MODIFIED and answer.url == state.validated:
        validated = _validated(well, answer, keep=True)
        return Fetched(validated, schedules.after_answer(now, every, answer.headers, schedules.NO_HINTS))
    if answer.status != _OK:
        said = _WORDS.get(answer.status, "its server says no")
        raise NotFetched(f"{said} ({answer.status})", schedules.retry_after(answer.headers, now))
    document = formats.read(answer.body, answer.headers, answer.url)
    next_at = schedules.after_answer(now, every, answer.headers, document.hints)
    return Fetched(_validated(well, answer, keep=False), next_at, document)


def _validated(state: State, answer: Answer, *, keep: bool) -> State:
    """The validators of this answer; one without change may leave out those that hold on (RFC 9111 4.3.4)."""
    etag, modified = (printable(answer.headers.get(n, "")) for n in ("etag", "last-modified"))
    if keep:
        etag, modified = etag or state.etag, modified or state.modified
    etag, modified = (value if len(value) <= 1000 else "" for value in (etag, modified))
    return replace(state, etag=etag, modified=modified, validated=answer.url)


def _failed(state: State, every: timedelta, error: NotFetched, now: datetime) -> Fetched:
    """One failure more; an address that it had moved to is not believed any longer."""
    reason = printable(error.reason)
    failed = replace(
        state,
        moved="",
        failures=state.failures + 1,
        error=reason,
        since=state.since or now.isoformat(),
    )
    next_at = schedules.after_failure(now, every, failed.failures, error.wait)
    return Fetched(failed, next_at, None, reason)
