"""The log of a process that keeps running: a line an event on stderr, with its numbers as `key=value`.

With PUBLISHER_LOG=json each line is a JSON object. Addresses stand in the ledger, never here.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any


class _Lines(logging.Formatter):
    """`07:00:02 daily/12 leaves edition=daily/12 sent=412 rate=38.0`"""

    def format(self, record: logging.LogRecord) -> str:
        said = super().format(record)
        return " ".join([said, *(f"{k}={_quoted(v)}" for k, v in _fields(record).items())])


class _Json(logging.Formatter):
    """One object a line: at, level, message, and the numbers."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"at": at, "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps({**said, **_fields(record)}, ensure_ascii=False, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "fields", {})
    return found


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=') else text


def begin() -> None:
    """Log to stderr from now on."""
    handler = logging.StreamHandler(sys.stderr)
    as_json = os.environ.get("PUBLISHER_LOG", "") == "json"
    handler.setFormatter(_Json() if as_json else _Lines("%(asctime)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for library in ("apscheduler", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
