"""How mail leaves: servers, signatures, and what happens when it does not go smoothly."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializationInfo,
    field_serializer,
    model_validator,
)

from publisher.config.feedback import BounceMailbox
from publisher.config.sections import Section
from publisher.config.values import (
    AddressSpec,
    Day,
    Domain,
    Duration,
    Location,
    Rate,
    Selector,
    duration,
)


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
