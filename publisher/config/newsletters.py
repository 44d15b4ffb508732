"""What is mailed to whom, and how people sign up for it."""

from __future__ import annotations

from email.headerregistry import Address, HeaderRegistry
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    model_validator,
)

from publisher.config.public import Topics
from publisher.config.sections import Section
from publisher.config.values import (
    Duration,
    Line,
    Mailbox,
    duration,
)

Cadence = Literal["instant", "daily", "weekly", "monthly"]
Hour = Annotated[int, Field(ge=0, le=23)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


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
