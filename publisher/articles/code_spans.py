"""Where the code of a Markdown text is: nothing in it is a mark or a tag."""

from __future__ import annotations

from bisect import bisect_right

import pyromark


class Code:
    """Where the code of a Markdown text is."""

    def __init__(self, text: str) -> None:
        spans = [
            (span["start"], span["end"])
            for event, span in pyromark.events_with_range(text)
            if isinstance(event, dict) and ("Code" in event or "CodeBlock" in str(event.get("Start")))
        ]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._text, self._char, self._byte = text, 0, 0

    def holds(self, position: int) -> bool:
        """Whether the character at `position` is code. Positions may only grow, the parser counts bytes."""
        if not self._starts:
            return False
        self._byte += len(self._text[self._char : position].encode())
        self._char = position
        index = bisect_right(self._starts, self._byte) - 1
        return index >= 0 and self._byte < self._ends[index]
