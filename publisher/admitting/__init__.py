"""Admitting: editors' accounts, signing in, one-time links and API tokens. Every deed is written down."""

from __future__ import annotations

from publisher.admitting.sessions import Session

__all__ = ["Session"]
