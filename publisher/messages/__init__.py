"""Messages (RFC 5322): a variant is compiled once, and each recipient's values are spliced in."""

from publisher.messages.compiled import Compiled, compile_message, encoded_size
from publisher.messages.headers import Letterhead
from publisher.messages.notices import notice_message
from publisher.messages.signing import Signed, Signer, sign, signed

__all__ = [
    "Compiled",
    "Letterhead",
    "Signed",
    "Signer",
    "compile_message",
    "encoded_size",
    "notice_message",
    "sign",
    "signed",
]
