"""Outgoing webhooks: other programs are told what happens here, once at least, in the order it happened."""

from __future__ import annotations

from publisher.webhooks.standing import Standing, enable, off, standings
from publisher.webhooks.telling import tell, try_out

__all__ = ["Standing", "enable", "off", "standings", "tell", "try_out"]
