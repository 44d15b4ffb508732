"""What only a browser shows (players, embedded posts, scripts) becomes a link with words."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple

from publisher.languages import Phrasebooks

_FRAME = re.compile(r"<(?:iframe|embed)\b([^<>]{0,4000})>", re.IGNORECASE)
_SCRIPT = re.compile(r"<script\b([^<>]{0,4000})>(?:[^<]|<(?!/script))*(?:</script\s*>|\Z)", re.IGNORECASE)
_OBJECT = re.compile(r"</?object\b[^<>]{0,4000}>", re.IGNORECASE)
_PARAM = re.compile(
    r"<param\b[^<>]{0,200}\bname=[\"']?(?:movie|src)\b[^<>]{0,200}\bvalue=[\"']?([^\"'<>\s]+)[^<>]*>", re.I
)
_SOURCE = re.compile(r"\b(?:data-)?src\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_TITLE = re.compile(r"\btitle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_DATA_ID = re.compile(r"\bdata-id=[\"']?(\w+)")
_ANY = re.compile(r"<(?:iframe|embed|script|object)\b", re.IGNORECASE)
_SAYS_NOTHING = re.compile(r"(?i)\b(?:player|embed(?:ded)?|iframe|untitled)\b")
_PHRASEBOOKS = Phrasebooks()


class _Site(NamedTuple):
    """Where embedded things come from: its address, its name, what one does there, a page in its stead."""

    address: re.Pattern[str]
    name: str
    kind: str
    page: str = ""


def _site(address: str, name: str, kind: str, page: str = "") -> _Site:
    return _Site(re.compile(rf"(?:https?:)?//(?:www\.|m\.)?{address}", re.IGNORECASE), name, kind, page)


_SITES = (
    _site(
        r"youtu(?:be(?:-nocookie)?\.com|\.be)/(?:embed/|v/|watch\?v=)?([\w-]{6,20})(?![\w-])",
        "YouTube",
        "watch",
        r"https://www.youtube.com/watch?v=\1",
    ),
    _site(r"youtube(?:-nocookie)?\.com/", "YouTube", "watch"),
    _site(r"(?:player\.)?vimeo\.com/(?:video/)?(\d+)", "Vimeo", "watch", r"https://vimeo.com/\1"),
    _site(
        r"dailymotion\.com/(?:embed/)?video/(\w+)",
        "Dailymotion",
        "watch",
        r"https://www.dailymotion.com/video/\1",
    ),
    _site(r"(?:\w+\.)?soundcloud\.com/", "SoundCloud", "listen"),
    _site(r"open\.spotify\.com/embed(-podcast)?/(.+)", "Spotify", "listen", r"https://open.spotify.com/\2"),
    _site(r"open\.spotify\.com/", "Spotify", "listen"),
    _site(r"(?:\w+\.)?bandcamp\.com/", "Bandcamp", "listen"),
    _site(r"(?:platform\.)?(?:twitter|x)\.com/\w+/status(?:es)?/", "X", "see"),
    _site(r"instagram\.com/(?:p|reel)/", "Instagram", "see"),
    _site(r"gist\.github\.com/([\w/-]+)(?:\.js|\.pibb)?", "GitHub", "code", r"https://gist.github.com/\1"),
    _site(r"jsfiddle\.net/", "JSFiddle", "code"),
    _site(r"codepen\.io/([\w-]+)/embed/([\w-]+)", "CodePen", "code", r"https://codepen.io/\1/pen/\2"),
    _site(r"codepen\.io/", "CodePen", "code"),
    _site(r"asciinema\.org/a/(\w+)(?:\.js|/embed)?", "asciinema", "watch", r"https://asciinema.org/a/\1"),
    _site(r"speakerdeck\.com/", "Speaker Deck", "see"),
    _site(r"slideshare\.net/", "SlideShare", "see"),
    _site(r"(?:maps\.google\.\w+|google\.\w+/maps)/", "Google Maps", "see"),
)
_TAGS = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "dailymotion": "https://www.dailymotion.com/video/{}",
    "tweet": "https://twitter.com/{user}/status/{}",
    "gist": "https://gist.github.com/{user}{}",
    "instagram": "https://www.instagram.com/p/{}/",
    "asciinema": "https://asciinema.org/a/{}",
    "jsfiddle": "https://jsfiddle.net/{}/",
    "codepen": "https://codepen.io/{user}pen/{}",
    "speakerdeck": "https://speakerdeck.com/player/{}",
    "soundcloud": "",
    "spotify": "",
    "iframe": "",
}
_SAME = {"twitter": "tweet", "x": "tweet", "xpost": "tweet", "youtubeplayer": "youtube", "yt": "youtube"}
_ARGUMENT = re.compile(r"(?:([\w-]+)\s*[=:]\s*(?!//))?(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=]+))")


def linked(html: str, language: str) -> str:
    """The HTML with a link where a frame, a player or a script of a known site stood; other scripts go."""
    if not _ANY.search(html):
        return html
    if "<object" in html.lower():
        # what an object holds shows where the object itself cannot; an old player names its film twice
        html = html if _FRAME.search(html) else _PARAM.sub(lambda p: link(p[1], language), html)
        html = _OBJECT.sub("", html)
    html = _SCRIPT.sub(lambda found: _of_script(found, language), html)
    # an iframe's content is raw text to an HTML parser: only with the tag gone it is markup again
    return _FRAME.sub(lambda found: _of_frame(found, language), html)


def link(address: str, language: str, title: str = "") -> str:
    """A link that says where it leads; nothing for an address that leads nowhere."""
    address = unescape(address).strip()
    if not address or address.startswith(("about:", "data:", "javascript:")):
        return ""
    for site in _SITES:
        if found := site.address.match(address):
            # the words after the last sign are not the page's: start times and switches of a player
            address = found.expand(site.page) if site.page else address
            words = title or _words(site.kind, language) % {"site": site.name}
            break
    else:
        words = title or re.sub(r"^(?:https?:)?//(?:www\.)?", "", address).split("?")[0]
    return f'<a href="{escape(address)}">{escape(words, quote=False)}</a>'


def of_tag(word: str, arguments: str, language: str) -> str:
    """The link that a tag such as `youtube abc` stands for; empty for any other tag."""
    name = word.lower().replace("-", "").replace("_", "")
    if name == "include":
        word, _, arguments = arguments.partition(" ")
        name = word.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower().replace("-", "").replace("_", "")
    named, plain = _arguments(arguments)
    if name == "video" and named.get("provider", "").lower() in _TAGS:
        name = named["provider"].lower()
    name = _SAME.get(name, name.removesuffix("embed").removesuffix("video").removesuffix("simple"))
    if name not in _TAGS:
        return ""
    keys = ("id", "url", "src", "video", "link", "video_id", "videoid", f"{name}_id", f"{name}id")
    which = next((named[key] for key in keys if key in named), "")
    which = which or (plain[-1] if name in ("tweet", "gist") and len(plain) == 2 else (plain or [""])[0])
    if which.startswith(("http://", "https://", "//")):
        return link(which, language, named.get("title", ""))
    if not _TAGS[name] or not re.fullmatch(r"[\w/.-]{1,80}", which):
        return ""
    user = named.get("user") or (plain[0] if len(plain) == 2 and name in ("tweet", "gist") else "")
    user = (user or "i") if name == "tweet" else f"{user}/" if user else ""
    return link(_TAGS[name].format(which, user=user), language, named.get("title", ""))


def _arguments(text: str) -> tuple[dict[str, str], list[str]]:
    named: dict[str, str] = {}
    plain: list[str] = []
    for found in _ARGUMENT.finditer(text[:2000]):
        value = found[2] or found[3] or found[4] or ""
        if found[1]:
            named.setdefault(found[1].lower(), value)
        else:
            plain.append(value)
    return named, plain


def _of_frame(frame: re.Match[str], language: str) -> str:
    title = _TITLE.search(frame[1])
    named = (title[1] or title[2] or "").strip() if title else ""
    named = "" if _SAYS_NOTHING.search(named) else unescape(named)
    return link(_address(frame[1]), language, named)


def _of_script(script: re.Match[str], language: str) -> str:
    address = _address(script[1])
    if "speakerdeck" in script[1] and (deck := _DATA_ID.search(script[1])):
        address = f"https://speakerdeck.com/player/{deck[1]}"
    embeds = (site for site in _SITES if site.page and site.kind in ("code", "watch"))
    known = address and (
        any(site.address.match(address) for site in embeds) or "speakerdeck.com/player" in address
    )
    return link(address, language) if known else ""


def _address(attributes: str) -> str:
    source = _SOURCE.search(attributes)
    return (source[1] or source[2] or source[3] or "").strip() if source else ""


def _words(kind: str, language: str) -> str:
    gettext = _PHRASEBOOKS.of(language).gettext
    if kind == "watch":
        return gettext("Watch on %(site)s")
    if kind == "listen":
        return gettext("Listen on %(site)s")
    if kind == "code":
        return gettext("See the code on %(site)s")
    return gettext("See it on %(site)s")
