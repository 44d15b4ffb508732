"""A field in its part of the mail: what it holds for one recipient, and how those bytes are written there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Literal

from publisher.errors import Refused
from publisher.messages.quoted import encode
from publisher.messages.words import encoded_words, folded
from publisher.model.fields import ADDRESSES, Field
from publisher.model.mail import Recipient

_LONGEST = 60
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Place:
    """A field, and where it stands: in the HTML, in the text, or in the subject (from `column` on)."""

    field: Field
    part: Literal["html", "text", "subject"]
    column: int = 0

    def __call__(self, recipient: Recipient, addresses: Mapping[str, str]) -> bytes:
        """The field's value for this recipient, escaped and encoded for its part.

        Raises Refused for an address that is not given: a mail whose link leads nowhere must not leave.
        """
        text = value(self.field, recipient, addresses)
        if self.part == "subject":
            # the space takes the fuse out of a typed encoded-word, for programs that decode twice
            return folded(encoded_words(text.replace("=?", "= ?")), self.column)
        return _encoded(escape(text) if self.part == "html" else text)


# one value stands in both parts of a mail, and some are the same for many recipients
_encoded = lru_cache(maxsize=1024)(encode)


def value(field: Field, recipient: Recipient, addresses: Mapping[str, str]) -> str:
    """The plain text of a field: control characters dropped, what a subscriber typed cut at 60 characters."""
    if field.name in ADDRESSES:
        if not (found := addresses.get(field.name)):
            raise Refused(f"the mail links to its {field.name!r} address, and there is none")
        return found
    text = recipient.fields.get(field.name, "")
    if not text.isprintable():
        text = _UNPRINTABLE.sub("", text)
    if field.name.startswith("subscriber.") and field.name != "subscriber.address":
        text = text[:_LONGEST]
    return text.strip() or field.fallback
