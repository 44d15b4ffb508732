"""Check: every problem of configuration, content, templates and mail, before a reader meets it."""

from __future__ import annotations

from collections.abc import Callable

from publisher.checking import content, domains, following, mailing, remote, topics, words
from publisher.checking.findings import Finding
from publisher.checking.settings import flat
from publisher.config.schema import Config
from publisher.rendering.environment import Templates, builtin
from publisher.store import Store

__all__ = ["Finding", "check", "shown"]
Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None: ...


def check(
    config: Config,
    store: Store | None,
    progress: Progress = _silent,
    lookup: domains.Lookup | None = None,
) -> list[Finding]:
    """Look at everything without sending or changing anything; `store` is None where there is none yet.

    `lookup` gives the TXT records of a name; without it the DNS is not asked.
    """
    templates = Templates([config.templates, builtin()])
    articles, findings = content.read_all(config, progress)
    articles = sorted([*articles, *remote.read(config, store)], key=lambda a: a.published_at, reverse=True)
    findings += remote.look(config, store)
    findings += content.rendered(config, templates, articles)
    findings += following.look(config, articles)
    findings += mailing.look(config, templates, articles)
    findings += domains.look(config, lookup)
    findings += topics.look(config, store, articles)
    findings += words.look(config)
    return sorted(dict.fromkeys(findings), key=lambda f: (f.level != "error", f.place, f.message))


def shown(config: Config) -> list[str]:
    """The resolved configuration, a key a line; secrets stand in it only by the name of where they are."""
    dumped = config.model_dump(mode="json", by_alias=True)
    return [f"{key}: {value}" for key, value in flat(dumped)]
