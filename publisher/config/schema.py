"""The keys of config.yaml. Every key has a default that works on a laptop; unknown keys are errors."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    field_serializer,
    field_validator,
)

from publisher.config.endpoints import Endpoint
from publisher.config.feedback import Webhooks
from publisher.config.mail import DeliveryPolicy, Mail, Notices
from publisher.config.newsletters import Newsletter, SignUp
from publisher.config.public import Feed, Look, Output, Publication, Source
from publisher.config.sections import Section
from publisher.config.values import (
    Duration,
    HubUrl,
    Location,
    Name,
    duration,
    store,
    without_password,
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
    feeds: dict[Name, Feed] = Field({"main": Feed(history=True)}, description="name: feed")
    derived_feeds: list[Literal["topic", "author"]] = Field(
        [], description="topic, author: each topic, each author has feeds of its own, set up as main is"
    )
    websub: HubUrl = Field(
        "", description="address of a hub that is told of every change of a feed (W3C WebSub); default: none"
    )
    look: Look = Look()
    newsletters: dict[Name, Newsletter] = Field({}, description="name: newsletter")
    mail: Mail = Mail()
    delivery: DeliveryPolicy = DeliveryPolicy()
    notices: Notices = Notices()
    signup: SignUp = SignUp()
    webhooks: list[Endpoint] = Field([], description="who is told what happens; nobody by default")
    web: Web = Web()
    schedule: Schedule = Schedule()

    @field_validator("store")
    @classmethod
    def _store(cls, value: str) -> str:
        return store(value)

    @field_validator("sources")
    @classmethod
    def _once(cls, value: list[Source]) -> list[Source]:
        names = [_feed_name(source.feed) for source in value if source.feed]
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"expected each feed once, got {twice} twice")
        return value

    @field_validator("webhooks")
    @classmethod
    def _each_once(cls, value: list[Endpoint]) -> list[Endpoint]:
        urls = [endpoint.url for endpoint in value]
        if twice := next((url for url in urls if urls.count(url) > 1), ""):
            raise ValueError(f"expected each url once, got {twice} twice")
        return value

    @field_serializer("store")
    def _shown(self, value: str) -> str:
        return without_password(value)

    @property
    def named_sources(self) -> dict[str, Path]:
        """Each folder by a name that survives a move of the publication to another folder."""
        named: dict[str, Path] = {}
        for path in (source.path for source in self.sources if source.path):
            name, number = path.name, 2
            while name in named:
                name, number = f"{path.name}-{number}", number + 1
            named[name] = path
        return named

    @property
    def named_feeds(self) -> dict[str, Source]:
        """Each remote feed by its address without the scheme, which no folder can be called."""
        return {_feed_name(source.feed): source for source in self.sources if source.feed}


def _feed_name(url: str) -> str:
    name = url.partition("://")[2]
    name = name if "/" in name else f"{name}/"
    # the store takes 200 characters
    return name if len(name) <= 200 else f"{name[:180]}…{sha256(name.encode()).hexdigest()[:16]}"
