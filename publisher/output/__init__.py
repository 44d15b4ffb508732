"""Public files: written whole, only if their bytes changed, and removed when nothing names them."""

from publisher.output.publish import Output, Report

__all__ = ["Output", "Report"]
