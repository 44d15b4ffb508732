"""What the code cannot say of itself: the words beside the names in reference.md."""

from __future__ import annotations

from typing import Any


def names(text: str) -> dict[str, Any]:
    """An object with these keys."""
    return dict.fromkeys(text.split())


COUNTS = "queued sending sent deferred bounced expired suppressed cancelled unknown"
PACE = {
    "transports": [names("name rate")],
    "limits": [names("of name rate since reply")],
    "warm_up": names("day budget used"),
}
REFUSED_LINES = [names("line address reason")]
GATHERED = {
    **names("new updated unchanged drafts waiting gone"),
    "refused": [names("path line field reason")],
    "kept": [],
    "notes": [],
    "feeds": names("fetched unchanged resting failed gone late"),
    "failures": [names("feed reason")],
}
SUBSCRIPTION = names(
    "id subscriber_id newsletter status topics cadence weekday day hour zone language paused_until mark "
    "since "
    "next_due_at revision created_at ended_at"
)

STANDS = names(f"edition state reason planned {COUNTS}")
EXPLAINED = {
    **names("address known suppression says"),
    "subscriptions": [
        names("newsletter status chosen zone paused_until since mark next_due_at next says"),
    ],
    "deliveries": [
        names("edition status code reply attempts due_at at covers articles dropped waived events says"),
    ],
}

# What `--json` prints: {} an object with exactly these keys, [] an array of such things, None any value.
JSON: dict[str, Any] = {
    "check": {"problems": [names("place rule message level")]},
    "gather": GATHERED,
    "build": {**names("written unchanged removed"), "gathered": GATHERED},
    "articles": [
        {
            **names("id path title published_at updated_at released_at release"),
            "authors": [names("name title key")],
        }
        | names("topics url status")
    ],
    "feeds": [
        {
            **names("feed polls_a_day stated direct_estimate"),
            "programs": [names("program polls_a_day subscribers people_estimate")],
        }
    ],
    "cut": names("edition variants articles recipients"),
    "editions": [names("edition state cadence slot subject articles planned sent created_at reason")],
    "approve": names(f"edition state reason planned {COUNTS} approved_hash"),
    "pause": STANDS,
    "resume": STANDS,
    "cancel": STANDS,
    "send": {**STANDS, **names("seconds")},
    "test-send": {"edition": None, "copies": [names("address status code reply")]},
    "deliver": names(f"planned {COUNTS} seconds"),
    "status": [{**STANDS, **names("due rate estimated_end"), "pace": PACE}],
    "retry": {**STANDS, **names("again seconds"), "refused": [names("address reason")]},
    "acknowledge": {**STANDS, **names("acknowledged")},
    "explain": EXPLAINED,
    "backup": names("file bytes seconds"),
    "restore": names("restored kept unknown"),
    "store copy": {
        **names("from to rows seconds sha256"),
        "tables": [names("table rows sha256")],
    },
    "store compact": names("deliveries bytes_before bytes_after"),
    "bench send": names("bytes commit_ms sent seconds per_second cpu_us memory_mb")
    | {"cpu_us_by_part": names("read splice sign exchange ledger rest")},
    "deliveries": [names("address status code reply attempts worker message_id at due_at")],
    "subscribers add": names("address newsletter result"),
    "subscribers import": {
        **names("added updated unchanged suppressed refused_count"),
        "refused": REFUSED_LINES,
    },
    "subscribers show": {
        **names("id address name attributes created_at suppressed"),
        "subscriptions": [SUBSCRIPTION],
    },
    "subscribers remove": names("address ended"),
    "subscribers erase": names("address subscriptions deliveries others under_way changed"),
    "editors add": names("address name role link"),
    "editors link": names("address name role link"),
    "editors list": [names("address name role password codes since")],
    "editors passwd": names("address"),
    "editors role": names("address role before"),
    "editors remove": names("address"),
    "webhooks": [
        names("url events state waiting attempts failing_since next_at disabled_at delivered_at said")
    ],
    "suppressions list": [names("address reason at")],
    "suppressions add": names("address added"),
    "suppressions remove": names("address removed"),
    "bounces": {
        **names("hard soft complaints unsubscribed ignored unmatched repeated"),
        "reports": [names("mail kind outcome status addresses text")],
    },
    "suppressions import": {**names("added refused_count"), "refused": REFUSED_LINES},
    "tick": {"gathered": GATHERED, "cut": [names("edition recipients")], **names("opened held settled")},
    "migrate": names("version"),
}

EXIT_CODES = {
    0: "done",
    1: "done, but something was refused or stays open; each is named. Of `send` and `deliver`: a delivery is "
    "`unknown` or `expired`. Of `check`: an error was found",
    64: "the command line was not understood",
    65: "refused, or bad data: an article or template with a fault, a bad address, an edition that may "
    "not be sent now",
    66: "what was named does not exist",
    70: "a fault of this program; `PUBLISHER_DEBUG=1` shows where",
    74: "the store, or a folder that is written to, cannot be used",
    75: "the mail server cannot be reached now; what waits is kept",
    78: "the configuration cannot be used",
    130: "interrupted",
}

# What somebody writes: (what it means, the keys as people spell them; the first that says something counts)
FRONT_MATTER = [
    (
        "the title; without one the first heading, the first line of a plain text, or the file's name",
        "title newstitle headline",
    ),
    (
        "the summary (standfirst); else the text above `<!--more-->`, else the first paragraph, at most "
        "300 characters",
        "subhed description excerpt custom-excerpt summary subtitle teaser standfirst subhead dek deck "
        "lede lead abstract intro blurb meta-description",
    ),
    (
        "who wrote it: a name, a list, names divided by `;`, or mappings with `name` and `title`. "
        "A name is never split at a comma",
        "authors author by byline post-author author-name writer written-by creator",
    ),
    ("what the author is: Staff Writer; a list goes with a list of authors", "author-title"),
    (
        "categories and tags, gathered from all of these keys",
        "category categories topics topic tags tag keywords",
    ),
    (
        "mappings whose keys count as if they stood beside them, where these do not",
        "taxonomies extra params data",
    ),
    (
        "the lead picture: an address, a list of which the first counts, or a mapping; `thumbnail` and "
        "`thumb` only "
        "where no other is there",
        "featured-image feature-image image cover cover-image hero hero-image header-image "
        "head-image big-img img banner picture og-image "
        "images thumbnail thumb",
    ),
    (
        "when it is published; a date in the future waits for its hour. Else the date in the file's name "
        "or in `path`, which also goes before a `created` of another day, else when it was last "
        "changed. A `published` that is neither "
        "true nor false is a date too; words such as `git Created`, for which a generator looks elsewhere, "
        "are none",
        "date pub-date pub-date-time published-at published-date published-on date-published publishing-date "
        "datetime published "
        "created created-at date-created posted path",
    ),
    (
        "nothing appears before it; without another date, and for what waited for it, it is the date",
        "publish-date",
    ),
    (
        "when it was last changed",
        "updated lastmod updated-at updated-date last-modified-at last-modified last-updated modified "
        "modified-time modified-date last-modified-date date-modified mod-date changed update-date "
        "date-updated",
    ),
    ("when it goes from feeds and pages", "expiry-date expires expires-at expiration-date unpublish-date"),
    ("`true` keeps it back; so does a folder `_drafts`", "draft is-draft"),
    ("`false` keeps it back", "published publish public"),
    ("`true` keeps it back; `build` is a mapping, see below", "unlisted headless build"),
    ("any keeps it back: what is published can be read by everybody", "password"),
    ("`draft`, `private`, `hidden`, `pending`, `unpublished`, `wip` and their like keep it back", "status"),
    (
        "where it was found before: a small page there leads to it; other articles may link to it so",
        "aliases alias redirect-from permalink url path",
    ),
    (
        "the last part of its address; else the file's name without its date. It stays once the article "
        "is public",
        "slug",
    ),
    (
        "its language, such as en or pt-BR; under `language` anything else (Python) is passed over",
        "lang language locale",
    ),
    ("its own identity; unique, and kept when the file is renamed", "id guid uuid"),
    (
        "what was put right; a new text makes a new revision, which is mailed again to those who got the "
        "old one",
        "correction",
    ),
    ("a file with nothing else only sends on, and is refused by name", "redirect redirect-to"),
]

# Keys inside a mapping, such as that of a picture or an author.
MAPPINGS = [
    ("a picture's address", "path url src image file filename href"),
    ("what the picture shows, for those who do not see it", "alt-text alt description desc"),
    ("the line under it", "cutline caption title"),
    ("whose it is", "credit credits copyright attribution source"),
    (
        "an author's name; `login` and those behind it where there is no other, and `title` before `id`. An "
        "author whose `role` is translator is none",
        "name displayname fullname author login username id key slug",
    ),
    ("an author's name in two parts", "first-name last-name"),
    ("an author's title", "title role position job-title author-title"),
    ("a label's name", "name title"),
    ("in `build`, whether lists and pages hold it: `never` and `false` keep it back", "list render"),
]

MAIL_NAMES = {
    "publication": "the section `publication` of the configuration",
    "newsletter": "the newsletter's section of the configuration",
    "light": "colours of the light scheme: paper, ink, soft, accent and so on",
    "dark": "the same for the dark scheme",
    "logo_url": "address of the logo; empty without one",
    "name": "the newsletter's key in the configuration",
    "number": "the edition's number",
    "date": "the day of the edition's slot",
    "language": "language of this copy",
    "direction": "ltr or rtl",
    "archive_url": "the edition's page; empty where the archive is none",
    "feed_url": "address of the main feed",
    "index_url": "address of the front page",
    "web": "true in the copy for browsers, which has no fields",
    "measure": "width of the text column in pixels",
}
STORY_NAMES = {
    "article": "the article: title, summary, url, authors, labels, topics, picture, correction and dates",
    "picture": "its lead picture (url, alt, caption, credit), or nothing",
    "role": "lead, item, headline or letter",
    "label": "its first label",
    "byline": "By Ann Lee, Staff Writer",
    "teaser": "the summary, cut to what the role has room for",
    "day": "its date in the publication's zone",
    "story_language": "its language",
    "story_direction": "ltr or rtl",
    "body": "the whole text, fit for mail (letter only)",
    "body_text": "the same as plain text (letter only)",
    "shortened": "true where the text was too long and the rest is behind a link",
}
FIELDS = {
    "subscriber.name": 'the name; write `{{ subscriber.name | fallback("reader") }}`',
    "subscriber.address": "the address",
    "subscriber.COLUMN": "any other column of the CSV that was imported, cut at 60 characters",
    "subscription.choice": "what was chosen, in words: World and Sports, every day at 7",
    "preferences_url": "the page on which this reader changes everything; may stand in `href`",
    "unsubscribe_url": "one click, one subscription ended; may stand in `href`",
    "view_url": "this edition in a browser; may stand in `href`",
}
FILTERS = {
    "fallback": "what stands where a field is empty",
    "long_date": "Saturday 21 November 2026",
    "wrapped": "text in lines of 72 characters",
    "underlined": "a heading with a line under it",
    "clock_time": "07:10, as the language writes it",
    "in_quotes": "words inside the quotation marks of an attribute",
}
TRANSLATING = {
    '_("…")': "a sentence in the language of the mail or page; so does `{% trans %}…{% endtrans %}`",
    "words_lang()": "the attributes `lang` and `dir`, where the words are English for want of others",
}
EDITION_STATES = {
    "cutting": "its first cut is not finished",
    "held": "waits for a person: `publisher send` opens it",
    "scheduled": "opens by itself, at once or at its hour",
    "sending": "deliveries leave as they come due",
    "paused": "stopped until `publisher resume`: by hand, or by itself when servers refuse the sender",
    "done": "nothing waits, nothing unknown is unseen, and nobody can still come due",
    "cancelled": "stopped for good; the reason stands beside it",
}
STATUSES = {
    "queued": "waits for its hour, never tried",
    "sending": "started, and no answer recorded yet",
    "sent": "the server took it; its own words are kept",
    "deferred": "a temporary refusal; tried again by itself",
    "bounced": "a permanent refusal",
    "expired": "too late, by `delivery.max_lateness` or `delivery.expire_after`",
    "suppressed": "not sent: the person had left, or the address must not be mailed",
    "unknown": "the connection or the process ended between the message and the server's answer",
    "cancelled": "its edition was cancelled",
}
ARTICLE_STATUSES = {
    "published": "public",
    "draft": "its author keeps it back",
    "waiting": "its date is in the future",
    "expired": "its expiry date has passed",
    "gone": "its file vanished before it was ever mailed",
    "withdrawn": "its file vanished after it was mailed; its page says so",
}
FILES = {
    "index.html": "the front page, the newest hundred articles",
    "YEAR/MONTH/SLUG/index.html": "an article, at `output.article_url`, with the pictures and files that "
    "it refers to",
    "archive/NEWSLETTER/index.html": "the past editions of a newsletter with a public archive",
    "archive/NEWSLETTER/NUMBER/index.html": "one past edition: every article that anybody got in it",
    "assets/site.css": "the stylesheet of all pages, and the logo beside it",
    ".publisher-manifest.json": "which files here are the program's own; others are never touched",
}

PUBLIC_FILES = (
    "everything under `output.path`, with ETag, Last-Modified, 304, HEAD and gzip; "
    "the address of a folder gives its index.html"
)
SECTIONS = {
    "sources[]": "A list of folders (`path`) and remote feeds (`feed`), each either; without it one "
    "source, the folder `content/`.",
    "mail.smtp[]": "One, or a list in the order in which they are used.",
    "feeds.NAME": "NAME stands in the names of its files. The feed `main` is always there.",
    "newsletters.NAME": "NAME stands in addresses and headers: do not change it once mail has left.",
}
COLUMNS = (
    "Other columns are kept as attributes, and a template may use them as `{{ subscriber.COLUMN }}`. "
    "Topics are divided by semicolons; `all` is every one."
)
CHAPTERS = {
    "Configuration": "`config.yaml`. Every key has a default. A key that is not known is an error.",
    "Command line": "`publisher [--config FILE] COMMAND`; the file is `config.yaml`, or what "
    "`PUBLISHER_CONFIG` "
    "names.\nResults go to stdout, everything else to stderr. Moments without a zone are in the "
    "publication's.",
    "Exit codes": "As in sysexits.h.",
    "States": "What the commands print.",
    "Front matter": "Keys are alike in any case, with `-`, `_` or a space, or without. Any other key is "
    "ignored.\n"
    "The second table holds the keys inside a mapping. A picture may also be described beside its key:\n"
    "`image-alt`, `image-caption`, `image-credit`, or `alt`, `caption` and `credit` alone.",
    "Templates": "Jinja, in a sandbox. A file in the folder `templates` replaces the built-in one of its "
    "name.",
    "Names in mail": "First what every template of mail can use, then what one of a story can use "
    "besides, then the\n"
    "fields that are filled per recipient (rule 15), then filters, then what translates. The subject\n"
    "and the preheader in the configuration can use the first table, `lead` (the first article),\n"
    "`articles` and the fields.",
    "Files under output.path": "Each is written whole, and only when its bytes changed.",
    "HTTP": "`publisher run` and `publisher serve`.",
}
