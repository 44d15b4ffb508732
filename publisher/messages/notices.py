"""The message of a notice: one person, one text, and none of a mailing list's headers (rule 22)."""

from __future__ import annotations

from hashlib import sha256

from publisher.messages import headers
from publisher.messages.headers import Letterhead
from publisher.messages.quoted import SOFT_BREAK, encode
from publisher.messages.words import checked, folded, text_words
from publisher.model.mail import Piece, Recipient

_SUBJECT = b"Subject:"
_PART = b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


def notice_message(letterhead: Letterhead, subject: str, piece: Piece, recipient: Recipient) -> bytes:
    """A whole message (RFC 5322): 7 bit, CRLF, marked as sent by a machine (RFC 3834 section 5).

    Of the letterhead only From and Reply-To count, of the recipient address, date and Message-ID. Raises
    Refused for a value that no header can hold.
    """
    text, html = _part(b"plain", piece.text), _part(b"html", piece.html)
    # quoted-printable never holds "=_", so the boundary cannot stand in a part
    boundary = b"=_" + sha256(text + html).hexdigest()[:32].encode()
    body = b"".join(b"\r\n--" + boundary + b"\r\n" + part for part in (text, html))
    lines = (
        headers.sender_lines(letterhead),
        b"To: " + headers.recipient(recipient.address),
        b"\r\n" + _SUBJECT + folded(text_words(checked("Subject", subject)), len(_SUBJECT)),
        b"\r\nDate: " + headers.date(recipient.dated_at),
        b"\r\nMessage-ID: <" + headers.message_id(recipient.message_id),
        b">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
        b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n',
    )
    return b"".join(lines) + body + b"\r\n--" + boundary + b"--\r\n"


def _part(kind: bytes, text: str) -> bytes:
    encoded = encode(text.replace("\r\n", "\n").replace("\r", "\n"))
    return _PART % kind + encoded + (b"\r\n" if encoded.endswith(SOFT_BREAK) else b"")
