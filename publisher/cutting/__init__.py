"""Cut: freeze an edition for those who are due, and queue a delivery for each of them (rules 7 to 14)."""

from publisher.cutting.asking import Request, Result, asked
from publisher.cutting.clock import cut_due
from publisher.cutting.covering import acknowledge_restore
from publisher.cutting.running import cut, resume

__all__ = ["Request", "Result", "acknowledge_restore", "asked", "cut", "cut_due", "resume"]
