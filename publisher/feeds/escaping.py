"""Text as the bytes that carry it: what XML 1.0 and JSON (RFC 8259) cannot hold is gone, the rest escaped."""

from __future__ import annotations

import re

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACES = re.compile("[ \t\r\n]{2,}|[\t\r\n]")
_CONTROLS = bytes(n for n in range(32) if n not in b"\t\n\r")


def fit(text: str) -> bytes:
    """The text in UTF-8, without what XML 1.0 cannot carry.

    That is control characters, lone surrogates, U+FFFE and U+FFFF.
    """
    # a few passes in C take a third of the time that the pattern does
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return _NOT_XML.sub("", text).encode()
    if "\ufffe" in text or "\uffff" in text:
        return _NOT_XML.sub("", text).encode()
    return raw.translate(None, _CONTROLS)


def line(text: str) -> str:
    """The text in one line, without what XML 1.0 cannot carry."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _SPACES.sub(" ", _NOT_XML.sub("", text)).strip()


def xml(fitting: bytes) -> bytes:
    """The content of an element, as libxml2 writes it."""
    escaped = fitting.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    return escaped.replace(b"\r", b"&#13;")


def attribute(line: bytes) -> bytes:
    """The value of an attribute between double quotes, as libxml2 writes it."""
    return xml(line).replace(b'"', b"&quot;")


def json(fitting: bytes) -> bytes:
    """A string of JSON, with its quotes; of control characters it has at most tabs and ends of lines."""
    escaped = fitting.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped.replace(b"\r", b"\\r").replace(b"\t", b"\\t") + b'"'
