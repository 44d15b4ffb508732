"""Composition: the parts of one publication, opened once and handed to whoever needs them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from publisher import config as configuration
from publisher.config.schema import Config
from publisher.links import Keys
from publisher.model.mail import Transport
from publisher.rendering.environment import Templates, builtin
from publisher.store import Store, connect, keys, sqlite_file
from publisher.store.migrating import migrate
from publisher.transports import open_transport

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The only clock of the program; everything below takes the time as an argument."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Publisher:
    """An open publication: configuration, store, templates, keys, clock. It holds parts, and no verbs."""

    config: Config
    store: Store
    templates: Templates
    keys: Keys
    clock: Clock

    @cached_property
    def transport(self) -> Transport:
        """How mail leaves; nothing is connected yet. Raises ConfigError."""
        return open_transport(self.config.mail, environ=os.environ)

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()


def open_publisher(file: Path, clock: Clock = utc_now) -> Publisher:
    """Read the configuration, open its store (made or brought up to date as needed), and compose the parts.

    Raises ConfigError or StoreError.
    """
    return compose(configuration.load(file), file.resolve().parent, clock)


def compose(config: Config, folder: Path, clock: Clock = utc_now) -> Publisher:
    """As `open_publisher`, from a configuration whose paths count from `folder`."""
    store = connect(sqlite_file(config.store, folder))
    migrate(store)
    with store.write() as tx:
        secrets = keys.secrets_of(tx)
    templates = Templates([config.templates, builtin()])
    return Publisher(config, store, templates, Keys(secrets), clock)
