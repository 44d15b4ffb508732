"""The keys of config.yaml. Every key has a default that works on a laptop; unknown keys are errors."""

from __future__ import annotations

from datetime import timedelta
from email.headerregistry import Address, HeaderRegistry
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SerializationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from publisher.config.feedback import BounceMailbox, Webhooks
from publisher.config.sections import Section
from publisher.config.values import (
    AddressSpec,
    Colour,
    Day,
    Domain,
    Duration,
    Language,
    Line,
    Location,
    Mailbox,
    Name,
    Rate,
    Selector,
    Url,
    Zone,
    duration,
    store,
    without_password,
)

Cadence = Literal["instant", "daily", "weekly", "monthly"]
Hour = Annotated[int, Field(ge=0, le=23)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_ARTICLE_FIELDS = [(name, "", None) for name in ("url", "year", "month", "day", "slug")]
Topics = Literal["all"] | list[str]


class Publication(Section):
    """Who publishes, and where its pages are."""

    title: Line = Field("My publication", description="the name in mastheads, feeds and mail")
    url: Url = Field("http://127.0.0.1:8000", description="public address of pages, feeds and links")
    description: Line = Field("", description="one sentence for feeds and the index page")
    language: Language = Field("en", description="language of the articles unless they say otherwise")
    timezone: Zone = Field("UTC", description="for dates that carry no zone, and for the day of a slot")
    postal_address: str = Field("", description="printed in every mail, as the law of most countries asks")

    @property
    def zone(self) -> ZoneInfo:
        """The publication's time zone."""
        return ZoneInfo(self.timezone)


class Source(Section):
    """Where articles come from."""

    path: Location = Field(description="a folder of .md, .markdown, .html and .txt files")


class Output(Section):
    """Where public files are written."""

    path: Location = Field(Path("public/"), description="the folder of public files")
    article_url: str = Field(
        "{url}/{year}/{month}/{slug}/",
        description="address of an article, of url, year, month, day, slug. No page is written outside url",
    )

    @model_validator(mode="after")
    def _fields(self) -> Output:
        try:
            fields = [found[1:] for found in Formatter().parse(self.article_url) if found[1] is not None]
        except ValueError:
            fields = [(None, None, None)]
        if any(found not in _ARTICLE_FIELDS for found in fields):
            raise ValueError("article_url: expected only the fields {url} {year} {month} {day} {slug}")
        if "{slug}" not in self.article_url:
            raise ValueError("article_url: expected {slug} in it, or two articles would share one address")
        return self


class Feed(Section):
    """A named selection of articles that is pulled."""

    title: Line = Field("", description="default: the publication's title")
    description: Line = Field("", description="default: the publication's description")
    topics: Topics = Field("all", description="all, or a list of topics")
    entries: int = Field(50, ge=1, le=10_000, description="how many of the newest articles")
    content: Literal["full", "summary"] = Field("full", description="the whole text, or its summary")
    formats: list[Literal["rss", "atom", "json"]] = Field(
        ["rss", "atom", "json"], min_length=1, description="which formats are written"
    )


class Look(Section):
    """What mail and pages share."""

    accent: Colour = Field("#7a1f1f", description="the one colour")
    logo: Location | None = Field(None, description="a picture file for the masthead")


class Default(Section):
    """When a subscriber who chose nothing gets the newsletter."""

    cadence: Cadence = Field("daily", description="instant, daily, weekly or monthly")
    hour: Hour = Field(7, description="hour of the day, 0 to 23, in the subscriber's zone")
    weekday: Weekday = Field("monday", description="for weekly")
    day: Annotated[int, Field(ge=1, le=31)] = Field(
        1, description="for monthly; a shorter month uses its last day"
    )


class Newsletter(Section):
    """A named selection of articles that is mailed."""

    title: Line = Field("", description="default: the newsletter's name in capitals and small letters")
    description: Line = Field("", description="one sentence about it")
    from_: Mailbox = Field(
        "publisher@localhost.localdomain", alias="from", description='"Name <address>", exactly one'
    )
    topics: Topics = Field("all", description="all, or a list of topics")
    cadences: list[Cadence] = Field(
        ["instant", "daily", "weekly", "monthly"], min_length=1, description="what subscribers may choose"
    )
    default: Default = Field(Default(), description="for subscribers who chose nothing")
    subject: Line = Field("{{ lead.title }}", description="template of the subject line")
    preheader: Line = Field(
        "{{ lead.summary }}", description="template of the line that inboxes show after the subject"
    )
    reply_to: Mailbox | None = Field(None, description="where answers go; default: from")
    template: Literal["digest", "letter"] = Field("digest", description="several articles, or one in full")
    max_articles: int = Field(25, ge=1, le=200, description="the rest is one line with a link")
    approval: bool = Field(False, description="true: editions wait until somebody approves them")
    archive: Literal["public", "none"] = Field("public", description="whether past editions get a page")
    signup: Literal["open", "closed"] = Field("open", description="whether the page /subscribe offers it")
    welcome: bool = Field(
        False, description="true: a letter when somebody has confirmed, with the newest edition"
    )

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _one_of(self) -> Newsletter:
        if self.default.cadence not in self.cadences:
            raise ValueError(
                f"default.cadence: expected one of its cadences {', '.join(self.cadences)}, "
                f"got {self.default.cadence!r}"
            )
        return self

    @property
    def sender(self) -> Address:
        """The one address in From, parsed."""
        header: Any = HeaderRegistry()("from", self.from_)
        found: Address = header.addresses[0]
        return found


class Smtp(Section):
    """One SMTP server."""

    host: str = Field("localhost", min_length=1, description="name or address of the server")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="587 for starttls, 465 for tls")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none only to a loopback address, unless insecure"
    )
    insecure: bool = Field(False, description="true: mail may leave this machine unencrypted")
    username: str = Field("", description="for AUTH; empty: no AUTH")
    password_env: str = Field("", description="name of the environment variable that holds the password")
    password_file: Location | None = Field(None, description="file that holds the password")
    ca_file: Location | None = Field(None, description="certificates to trust besides the system's")
    connections: int = Field(4, ge=1, le=100, description="at once")
    rate: Rate | None = Field(
        None, description="messages at most, evenly: 50/s, 3000/min or 100/h; nothing here: no limit"
    )
    timeout: Duration = Field(
        duration("60s"), description="for every reply but the one to the final dot (600 s)"
    )

    @model_validator(mode="after")
    def _secure(self) -> Smtp:
        loopback = self.host in ("localhost", "::1") or self.host.startswith("127.")
        if self.security == "none" and not loopback and not self.insecure:
            raise ValueError(
                "security: expected starttls or tls, got none for a host that is not this machine "
                "(insecure: true allows it)"
            )
        if self.username and not (self.password_env or self.password_file):
            raise ValueError("password_env or password_file: expected one of them beside username")
        return self


def _several(value: Any) -> Any:
    """One server need not be written as a list."""
    return [value] if isinstance(value, dict | Smtp) else value


class Dkim(Section):
    """Who signs every message (RFC 6376)."""

    domain: Domain = Field(description="the domain that signs: that of the newsletters' from, or above it")
    selector: Selector = Field(
        description="which key of the domain: its record is SELECTOR._domainkey.DOMAIN"
    )
    key_file: Location = Field(description="the private key: PEM, RSA of 2048 bit, or Ed25519")


class WarmUp(Section):
    """A domain that has not sent before: so many messages a day, more every day, up to a million."""

    since: Day = Field(description="its first day, in the publication's zone")
    first: int = Field(500, ge=1, le=1_000_000, description="messages on that day")
    growth: float = Field(
        1.5, ge=1, le=10, description="each day allows so many times that of the day before"
    )


class Mail(Section):
    """How mail leaves."""

    transport: Literal["files", "smtp"] = Field("files", description="a Maildir, or a server")
    files: Location = Field(Path("var/outbox/"), description="the Maildir of the files transport")
    smtp: Annotated[list[Smtp], BeforeValidator(_several)] = Field(
        [Smtp()],
        min_length=1,
        description="the server of the smtp transport, or a list of them in their order",
    )
    bounce_address: AddressSpec | None = Field(
        None,
        description="envelope sender; each mail adds +TOKEN before the @. Default: the newsletter's from",
    )
    bounce_mailbox: BounceMailbox | None = Field(
        None, description="where mail to bounce_address arrives; nothing here: nobody reads it"
    )
    warm_up: WarmUp | None = Field(None, description="for a new domain; nothing here: no limit a day")
    mx_lookup: bool = Field(
        True, description="false: mailbox providers are told apart by domain alone, and the DNS is not asked"
    )
    dkim: Dkim | None = Field(None, description="who signs; nothing here: the relay does, or nobody")

    @field_serializer("smtp")
    def _as_written(self, smtp: list[Smtp], how: SerializationInfo) -> Any:
        servers = [server.model_dump(mode=how.mode, by_alias=how.by_alias) for server in smtp]
        return servers[0] if len(servers) == 1 else servers


class DeliveryPolicy(Section):
    """What happens when it does not go smoothly."""

    on_unknown: Literal["hold", "resend"] = Field(
        "hold", description="an outcome nobody knows: wait for a person, or send the same bytes again"
    )
    expire_after: Duration = Field(
        duration("48h"), description="a delivery that was tried gives up this long after it was due"
    )
    max_lateness: Duration = Field(
        duration("24h"), description="a delivery never tried by then is not sent any more"
    )
    compact_after: Duration = Field(
        duration("365d"),
        ge=timedelta(days=40),
        description="what was sent in an edition that was done so long ago is kept in short: for whom, what "
        "and when, without the address as it was and the server's words; 40d at least",
    )
    stop_timeout: Duration = Field(
        duration("60s"), description="how long a stop waits for the server's last answers"
    )


class Notices(Section):
    """Mails to one address outside any edition."""

    to: list[AddressSpec] = Field(
        [], description="editors who get a word when something waits for a person; nobody by default"
    )


class SignUp(Section):
    """The page /subscribe, and what keeps it from being abused."""

    consent: Line = Field(
        "", description="what people agree to, in a sentence; default: one in the language of the page"
    )
    valid_for: Duration = Field(duration("7d"), description="how long the link in a confirmation mail works")
    minimum_time: Duration = Field(
        duration("2s"), description="who sends the form sooner is asked once more: it may be a program"
    )
    network_per_hour: int = Field(
        20, ge=1, le=100_000, description="confirmation mails that one network can ask for (a /24, or a /48)"
    )
    total_per_hour: int = Field(
        1000, ge=1, le=1_000_000, description="confirmation mails that all together can ask for"
    )


class Web(Section):
    """The web server of run and serve."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8000, description="port to listen on; 0: any free one"
    )
    trusted_proxies: list[str] = Field([], description="addresses whose X-Forwarded-For counts")
    metrics_token_env: str = Field(
        "", description="name of the environment variable that holds the token for /metrics"
    )
    metrics_token_file: Location | None = Field(
        None, description="file that holds it; with neither, /metrics answers to this machine alone"
    )
    webhooks: Webhooks = Webhooks()


class Schedule(Section):
    """The clock."""

    gather: Duration = Field(duration("5m"), description="how often the sources are read")


class Config(Section):
    """The whole configuration, resolved: paths are absolute."""

    publication: Publication = Publication()
    store: str = Field(
        "sqlite:///var/publisher.db",
        description="address of the store: sqlite:///path, which counts from this file, or postgresql://",
    )
    templates: Location = Field(
        Path("templates/"), description="your own templates; each replaces the built-in one of its name"
    )
    sources: list[Source] = Field([], description="where articles come from; default: the folder content/")
    output: Output = Output()
    topics: dict[Name, list[str]] = Field(
        {}, description="topic: [categories and tags]; default: every category and tag is a topic"
    )
    feeds: dict[Name, Feed] = Field({"main": Feed()}, description="name: feed")
    look: Look = Look()
    newsletters: dict[Name, Newsletter] = Field({}, description="name: newsletter")
    mail: Mail = Mail()
    delivery: DeliveryPolicy = DeliveryPolicy()
    notices: Notices = Notices()
    signup: SignUp = SignUp()
    web: Web = Web()
    schedule: Schedule = Schedule()

    @field_validator("store")
    @classmethod
    def _store(cls, value: str) -> str:
        return store(value)

    @field_serializer("store")
    def _shown(self, value: str) -> str:
        return without_password(value)

    @property
    def named_sources(self) -> dict[str, Path]:
        """Each source by a name that survives a move of the publication to another folder."""
        named: dict[str, Path] = {}
        for source in self.sources:
            name, number = source.path.name, 2
            while name in named:
                name, number = f"{source.path.name}-{number}", number + 1
            named[name] = source.path
        return named
