"""Outgoing webhooks: other programs are told what happens here, once at least, in the order it happened."""

from __future__ import annotations

from publisher.webhooks.standing import Standing, enable, standings
from publisher.webhooks.telling import tell, try_out

__all__ = ["Standing", "enable", "standings", "tell", "try_out"]
