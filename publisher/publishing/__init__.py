"""Publish: feeds, pages and the archive as public files, from what the catalogue and the editions hold."""

from __future__ import annotations

from publisher.config.schema import Config
from publisher.crew import Crew
from publisher.output import Report
from publisher.publishing.addresses import path_of
from publisher.publishing.press import Changed, Press
from publisher.rendering.environment import Templates
from publisher.store import Store

__all__ = ["Changed", "Press", "path_of", "publish", "refresh"]


def refresh(store: Store, config: Config, templates: Templates) -> None:
    """Publish if something was noted to have changed since the last time. Raises as `publish` does."""
    Press(store, config, templates).refresh()


def publish(store: Store, config: Config, templates: Templates, crew: Crew | None = None) -> Report:
    """Write everything under output.path, each file only if its bytes changed, and remove what nothing names.

    Raises ContentError for a fault in a template, Refused or StoreError where the folder cannot be written.
    `crew` helps where there is much to make.
    """
    return Press(store, config, templates, crew).publish()
