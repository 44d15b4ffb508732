"""Messages (RFC 5322): a variant is compiled once, and each recipient's values are spliced in."""

from publisher.messages.compiled import Compiled, compile_message, encoded_size
from publisher.messages.headers import Letterhead

__all__ = ["Compiled", "Letterhead", "compile_message", "encoded_size"]
