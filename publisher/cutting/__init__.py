"""Cut: freeze an edition for those who are due, and queue a delivery for each of them (rules 7 to 14)."""

from publisher.cutting.asking import Request, Result, asked
from publisher.cutting.clock import cut_due
from publisher.cutting.covering import acknowledge_restore
from publisher.cutting.editing import Changes, change
from publisher.cutting.running import cut, resume
from publisher.cutting.straying import Astray, astray

__all__ = [
    "Astray",
    "Changes",
    "Request",
    "Result",
    "acknowledge_restore",
    "asked",
    "astray",
    "change",
    "cut",
    "cut_due",
    "resume",
]
