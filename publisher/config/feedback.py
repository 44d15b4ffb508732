"""Where bounces, complaints and requests to unsubscribe come in: a mailbox, and the webhooks of providers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from publisher.config.sections import Section
from publisher.config.values import Duration, Line, Location, SnsTopic, duration


class Imap(Section):
    """A mailbox on an IMAP server (RFC 9051)."""

    host: str = Field(min_length=1, description="name or address of the server")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(993, description="993 for tls, 143 for starttls")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="none only to a loopback address, unless insecure"
    )
    insecure: bool = Field(False, description="true: the password may leave this machine unencrypted")
    username: Line = Field(min_length=1, description="who signs in")
    password_env: str = Field("", description="name of the environment variable that holds the password")
    password_file: Location | None = Field(None, description="file that holds the password")
    folder: Line = Field("INBOX", min_length=1, description="which of its folders is read")
    ca_file: Location | None = Field(None, description="certificates to trust besides the system's")
    timeout: Duration = Field(duration("20s"), description="for every answer of the server")

    @model_validator(mode="after")
    def _secure(self) -> Imap:
        loopback = self.host in ("localhost", "::1") or self.host.startswith("127.")
        if self.security == "none" and not loopback and not self.insecure:
            raise ValueError(
                "security: expected tls or starttls, got none for a host that is not this machine "
                "(insecure: true allows it)"
            )
        if not (self.password_env or self.password_file):
            raise ValueError("password_env or password_file: expected one of them")
        return self


class BounceMailbox(Section):
    """The mailbox of bounce_address, with everything behind a + in it."""

    maildir: Location | None = Field(None, description="a Maildir, which is made if it is not there")
    imap: Imap | None = None

    @model_validator(mode="after")
    def _one(self) -> BounceMailbox:
        if (self.maildir is None) == (self.imap is None):
            raise ValueError("expected either maildir or imap")
        return self


class SesWebhook(Section):
    """Notifications of Amazon SES, by way of SNS, to POST /webhooks/ses."""

    topic: SnsTopic = Field(description="the ARN of the SNS topic")


class PostmarkWebhook(Section):
    """Bounces and complaints of Postmark, to POST /webhooks/postmark."""

    token_env: str = Field("", description="name of the environment variable that holds the secret")
    token_file: Location | None = Field(None, description="file that holds the secret")

    @model_validator(mode="after")
    def _named(self) -> PostmarkWebhook:
        if not (self.token_env or self.token_file):
            raise ValueError("token_env or token_file: expected one of them")
        return self


class Webhooks(Section):
    """Who may report bounces and complaints over HTTP; nobody by default."""

    ses: SesWebhook | None = None
    postmark: PostmarkWebhook | None = None
