"""Composition: the parts of one publication, opened once and handed to whoever needs them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from publisher import config as configuration
from publisher.config.schema import Config
from publisher.crew import Crew
from publisher.links import Keys
from publisher.model.mail import Transport
from publisher.store import Store, keys, open_store
from publisher.store.migrating import migrate
from publisher.transports import open_transport

if TYPE_CHECKING:
    from publisher.publishing import Press
    from publisher.rendering.environment import Templates

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The only clock of the program; everything below takes the time as an argument."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Publisher:
    """An open publication: its configuration, store, keys, clock, templates and crew. Parts, and no verbs.

    `file` is where the configuration was read.
    """

    config: Config
    store: Store
    keys: Keys
    clock: Clock
    crew: Crew = field(default_factory=Crew)
    file: Path | None = None

    @cached_property
    def templates(self) -> Templates:
        """The publication's own templates over the built-in ones; loaded by who renders."""
        from publisher.rendering.environment import Templates, builtin

        return Templates([self.config.templates, builtin()])

    @cached_property
    def press(self) -> Press:
        """Makes the public files, and keeps in mind what stands; loaded by who publishes."""
        from publisher.publishing import Press

        return Press(self.store, self.config, self.templates, self.crew)

    @cached_property
    def transport(self) -> Transport:
        """How mail leaves; nothing is connected yet. Raises ConfigError."""
        return open_transport(self.config.mail, environ=os.environ)

    def close(self) -> None:
        """Let go of the store, and of all who help."""
        self.crew.dismiss()
        self.store.close()


def open_publisher(file: Path, clock: Clock = utc_now, crew: Crew | None = None) -> Publisher:
    """Read the configuration, open its store (made or brought up to date as needed), and compose the parts.

    `crew` helps where there is much to compute; without one, processes are started when they are needed.
    Raises ConfigError or StoreError.
    """
    return compose(configuration.load(file), file.resolve().parent, clock, crew, file)


def compose(
    config: Config,
    folder: Path,
    clock: Clock = utc_now,
    crew: Crew | None = None,
    file: Path | None = None,
) -> Publisher:
    """As `open_publisher`, from a configuration whose paths count from `folder`."""
    store = open_store(config.store, folder)
    try:
        migrate(store)
        with store.write() as tx:
            secrets = keys.secrets_of(tx)
    except BaseException:
        store.close()
        raise
    return Publisher(config, store, Keys(secrets), clock, crew or Crew(), file)
