"""Which program asks for a feed, and how many subscribers it says it asks for: read from its User-Agent.

An aggregator asks once for all who follow a feed there, and says how many these are. A reader is a program
of one person, who is not told from the next one. Everything else is a browser, a script or other.
"""

from __future__ import annotations

import re
from typing import NamedTuple

BROWSER, SCRIPT, OTHER = "browser", "script", "other"
_HOURLY, _HALF_HOURLY = 24.0, 48.0
_LONGEST_NAME = 40
_MOST_SUBSCRIBERS = 50_000_000

_AGGREGATORS = {
    "feedbin": "Feedbin",
    "feedly": "Feedly",
    "newsblur": "NewsBlur",
    "inoreader": "Inoreader",
    "theoldreader": "The Old Reader",
    "bloglovin": "Bloglovin",
    "feedspot": "Feedspot",
    "bazqux": "BazQux",
    "feed wrangler": "Feed Wrangler",
    "feedwrangler": "Feed Wrangler",
    "feedhq": "FeedHQ",
    "netvibes": "Netvibes",
    "g2reader": "G2Reader",
    "overcast": "Overcast",
    "pocket casts": "Pocket Casts",
    "pocketcasts": "Pocket Casts",
    "newsgator": "NewsGator",
    "feedpress": "FeedPress",
    "superfeedr": "Superfeedr",
    "blogtrottr": "Blogtrottr",
    "feedmailer": "Feedmailer",
    "feedfetcher-google": "Google",
    "slackbot": "Slack",
    "discordbot": "Discord",
    "ifttt": "IFTTT",
    "zapier": "Zapier",
}
# What one person's program does of itself in a day, as its makers set it up; it may run for a few hours only.
_READERS = {
    "newsboat": ("newsboat", _HOURLY),
    "newsbeuter": ("newsboat", _HOURLY),
    "netnewswire": ("NetNewsWire", _HOURLY),
    "reeder": ("Reeder", _HOURLY),
    "miniflux": ("Miniflux", _HOURLY),
    "freshrss": ("FreshRSS", _HOURLY),
    "tiny tiny rss": ("Tiny Tiny RSS", _HALF_HOURLY),
    "commafeed": ("CommaFeed", _HOURLY),
    "nextcloud": ("Nextcloud News", _HOURLY),
    "selfoss": ("selfoss", _HOURLY),
    "stringer": ("Stringer", _HOURLY),
    "yarr": ("Yarr", _HOURLY),
    "fever": ("Fever", _HALF_HOURLY),
    "thunderbird": ("Thunderbird", 14.0),
    "betterbird": ("Thunderbird", 14.0),
    "liferea": ("Liferea", _HOURLY),
    "akregator": ("Akregator", _HALF_HOURLY),
    "quiterss": ("QuiteRSS", _HOURLY),
    "rssguard": ("RSS Guard", _HOURLY),
    "rss guard": ("RSS Guard", _HOURLY),
    "rssowl": ("RSSOwl", _HALF_HOURLY),
    "feeddemon": ("FeedDemon", _HOURLY),
    "sharpreader": ("SharpReader", _HOURLY),
    "vienna": ("Vienna", _HOURLY),
    "elfeed": ("Elfeed", 4.0),
    "gnus": ("Gnus", 4.0),
    "rss2email": ("rss2email", _HOURLY),
    "feed2exec": ("feed2exec", _HOURLY),
    "r2e": ("rss2email", _HOURLY),
    "snownews": ("Snownews", 4.0),
    "canto": ("Canto", _HALF_HOURLY),
    "spacecowboys": ("Feeder", _HOURLY),
    "feedme": ("FeedMe", 12.0),
    "flym": ("Flym", _HOURLY),
    "readyou": ("Read You", _HOURLY),
    "unread rss reader": ("Unread", _HOURLY),
    "lire": ("lire", _HOURLY),
    "fiery feeds": ("Fiery Feeds", _HOURLY),
    "podcast addict": ("Podcast Addict", 6.0),
    "podcastaddict": ("Podcast Addict", 6.0),
    "antennapod": ("AntennaPod", 6.0),
    "gpodder": ("gPodder", 12.0),
    "itms": ("Apple Podcasts", _HOURLY),
    "applecoremedia": ("Apple Podcasts", _HOURLY),
}
_SCRIPTS = (
    *("curl/", "wget", "python", "feedparser", "go-http-client", "okhttp", "java/", "apache-httpclient"),
    *("simplepie", "magpierss", "ruby", "perl", "lwp::", "php", "guzzle", "node-fetch", "axios", "undici"),
    *("wordpress", "drupal", "bot", "crawler", "spider", "monitor", "httpclient", "rome", "libwww", "emacs"),
)
_STATED = re.compile(r"\b(\d{1,9})\s+(?:subscriber|reader)s?\b", re.IGNORECASE)
_FEED_ID = re.compile(r"feed-?id\s*[:=]\s*([\w-]{1,40})", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]*")


class Asker(NamedTuple):
    """A program by its usual name, and what it says of its subscribers.

    `feed` is the aggregator's own number of the feed: one that knows a feed under several counts each apart.
    `subscribers` is None where it says nothing. `known`: by us, so that nobody can invent its name.
    """

    program: str
    subscribers: int | None
    feed: str = ""
    known: bool = True


def asker(user_agent: str) -> Asker:
    """Who asks. An unknown program is called by its own name only if it states its subscribers."""
    said, stated = user_agent.lower(), _STATED.search(user_agent)
    subscribers = min(int(stated[1]), _MOST_SUBSCRIBERS) if stated else None
    feed = found[1] if subscribers is not None and (found := _FEED_ID.search(user_agent)) else ""
    for token, name in _KNOWN.items():
        if token in said:
            return Asker(name, subscribers, feed)
    if subscribers is not None and (named := _NAME.match(user_agent)):
        name = named[0].strip()[:_LONGEST_NAME].strip()
        if name.lower() != "mozilla":
            return Asker(name, subscribers, feed, known=False)
    return Asker(_kind(said), None)


def _kind(said: str) -> str:
    if any(token in said for token in _SCRIPTS):
        return SCRIPT
    return BROWSER if said.startswith(("mozilla/", "opera/")) else OTHER


def polls_a_day(program: str) -> float | None:
    """How often one person's copy of a reader asks in a day; None for what is no such program."""
    return _RATES.get(program)


_KNOWN = _AGGREGATORS | {token: name for token, (name, _) in _READERS.items()}
_RATES = dict(_READERS.values())
