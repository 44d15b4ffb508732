"""Who may send for a domain: the DKIM key, and what DNS says of it, of SPF and of DMARC."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from publisher import dkim
from publisher.checking.findings import Finding
from publisher.config.schema import Config
from publisher.dkim import Key
from publisher.errors import ConfigError

# The TXT records at a name; None where the DNS does not answer.
Lookup = Callable[[str], list[str] | None]
_LONG_ENOUGH = 2048


class _Unanswered(Exception):
    """The DNS cannot be reached: nothing more is asked."""


def look(config: Config, lookup: Lookup | None) -> Iterator[Finding]:
    """Signing, and with `lookup` what the world is told of it. No answer is no error: it is unknown."""
    key = None
    if config.mail.dkim:
        try:
            key = dkim.load(config.mail.dkim)
        except ConfigError as error:
            yield from (Finding(p.place, "DKIM", p.message, "error") for p in error.problems)
        yield from _signing(config, key)
    if config.mail.transport == "files" or not config.newsletters:
        return
    if not config.mail.dkim:
        message = "is not there: mail leaves unsigned, unless the mail server signs it"
        yield Finding("mail.dkim", "DKIM", message, "warning")
    if lookup:
        try:
            yield from _published(config, key, lookup)
        except _Unanswered:
            message = "the DNS does not answer: whether SPF, DKIM and DMARC are right is unknown"
            yield Finding("mail", "DNS", message, "warning")


def _signing(config: Config, key: Key | None) -> Iterator[Finding]:
    assert config.mail.dkim
    if key and key.signer.algorithm == "rsa-sha256" and key.bits < _LONG_ENOUGH:
        message = f"RSA of {key.bits} bit: mailbox providers ask for {_LONG_ENOUGH}"
        yield Finding("mail.dkim.key_file", "DKIM", message, "warning")
    for name, newsletter in config.newsletters.items():
        sender, signing = newsletter.sender.domain.lower(), config.mail.dkim.domain
        if not _aligned(sender, signing):
            message = f"{sender} is not the domain that signs ({signing}): its signature counts for nothing"
            yield Finding(f"newsletters.{name}.from", "DKIM", message, "error")


def _aligned(sender: str, signing: str) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1), as far as it can be seen without a list of registries."""
    return sender == signing or sender.endswith(f".{signing}") or signing.endswith(f".{sender}")


def _published(config: Config, key: Key | None, lookup: Lookup) -> Iterator[Finding]:
    def records(name: str, begins: str = "") -> list[str]:
        if (found := lookup(name)) is None:
            raise _Unanswered
        return [record for record in found if record.lower().startswith(begins)]

    if key:
        name = f"{key.signer.selector}._domainkey.{key.signer.domain}"
        if _key(key.record) not in map(_key, found := records(name)):
            what = "holds another key" if found else "is not in the DNS"
            yield Finding(name, "DKIM", f"{what}; expected the TXT record {key.record}", "error")
    senders = sorted({newsletter.sender.domain.lower() for newsletter in config.newsletters.values()})
    bounce = config.mail.bounce_address
    for domain in [bounce.rpartition("@")[2].lower()] if bounce else senders:
        if not records(domain, "v=spf1"):
            message = "has no SPF record (v=spf1): nobody knows which servers may send for it"
            yield Finding(domain, "SPF", message, "warning")
    for domain in senders:
        if not any(records(f"_dmarc.{parent}", "v=dmarc1") for parent in _parents(domain)):
            message = "has no DMARC record (v=DMARC1 at _dmarc): large mailbox providers ask for one"
            yield Finding(domain, "DMARC", message, "warning")


def _key(record: str) -> str:
    """The key in a DKIM record (RFC 6376 section 3.6.1), which may be written with spaces."""
    tags = dict(tag.partition("=")[::2] for tag in "".join(record.split()).split(";"))
    return tags.get("p", "")


def _parents(domain: str) -> list[str]:
    """The domain and those above it, a top-level domain left out."""
    labels = domain.split(".")
    return [".".join(labels[n:]) for n in range(max(len(labels) - 1, 1))]
