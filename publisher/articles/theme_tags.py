"""Tags of Hexo's themes (NexT, Butterfly, Volantis, Fluid) that hold a part of the sentence."""

from __future__ import annotations

import re
from html import escape

_WHOLE = frozenset({"u", "emp", "wavy", "del", "kbd", "psw", "mark"})
_BEHIND_COMMA = frozenset({"span", "p", "note", "checkbox", "radio"})
_TITLED = frozenset({"fold", "folding", "details", "hidetoggle", "spoiler"})
_COLOUR = re.compile(r"\s{0,3}\b(?:default|blue|pink|red|purple|orange|green|gray|yellow|cyan)$")
_STATES = re.compile(r"(?:\s{0,3},\s{0,3}(?:true|false)\b){1,3}$")
_LEADS = re.compile(r"https?://|/|\.{1,2}/")


def words_of(word: str, said: str) -> str:
    """What such a tag shows, as Markdown; nothing for any other. `said` is what stands behind its name."""
    said = said.strip()
    if not said:
        return ""
    if word in _WHOLE:
        return said
    if word in _BEHIND_COMMA:
        return said.partition(",")[2].strip()
    if word in ("label", "font"):
        return said.partition("@")[2].strip() or (_COLOUR.sub("", said) if word == "label" else "")
    if word == "ruby" and "|" in said:
        base, _, reading = said.partition("|")
        return f"{base.strip()} ({reading.strip()})"
    if word == "cb":
        return _STATES.sub("", said)
    if word in ("btn", "button"):
        return _button(said)
    return f"**{title}**\n\n" if word in _TITLED and (title := _title(said)) else ""


def _button(said: str) -> str:
    """A link: `address, words, icon` or `style::words::address::icon`."""
    parts = [part.strip(" \t\"'") for part in re.split(r"::|,", said)]
    at = next((at for at, part in enumerate(parts) if _LEADS.match(part)), None)
    if at is None:
        return ""
    shown = "".join(parts[max(at - 1, 0) : at] if "::" in said else parts[at + 1 : at + 2])
    return f'<a href="{escape(parts[at])}">{escape(shown, quote=False)}</a>' if shown else ""


def _title(said: str) -> str:
    """`cyan open, Its title`, `info @Its title` or only the title."""
    for sign in ("@", ","):
        if sign in said:
            said = said.partition(sign)[2]
    return said.strip(" \t\"'").replace("*", "")
