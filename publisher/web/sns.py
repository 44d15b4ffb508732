"""Messages of Amazon SNS: whether one was signed by Amazon, for our topic, a short while ago."""

from __future__ import annotations

import re
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from publisher.errors import Refused

Fetch = Callable[[str], bytes]
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
# SNS tries again for some hours; nothing that is older, or dated ahead of us, is believed
_OLDEST, _AHEAD = timedelta(hours=6), timedelta(minutes=5)
_LARGEST, _SECONDS, _KEPT = 64 << 10, 5.0, 8


def fetched(url: str) -> bytes:
    """What stands at an https address of Amazon, without following it elsewhere. Raises Refused."""
    import httpx  # takes time to load, and is needed once for each certificate

    try:
        with httpx.stream("GET", url, follow_redirects=False, timeout=_SECONDS) as answer:
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    break
    except httpx.HTTPError as error:
        raise Refused(f"{url} cannot be fetched: {type(error).__name__}") from None
    if answer.status_code != 200 or len(body) > _LARGEST:
        raise Refused(f"{url} answered {answer.status_code}")
    return body


class Verifier:
    """Believes what is signed for one topic. `fetch` gets certificates, of which a few are kept."""

    def __init__(self, topic: str, fetch: Fetch = fetched) -> None:
        self._topic, self._fetch = topic, fetch
        self._certificates: dict[str, x509.Certificate] = {}
        self._turn = threading.Lock()
        _, partition, _, region, *_ = topic.split(":")
        self._host = f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"

    def verify(self, message: Mapping[str, str], now: datetime) -> None:
        """Raises Refused for a message that is not signed, not for this topic, or too old."""
        if message.get("TopicArn") != self._topic:
            raise Refused("another topic")
        self._check_time(message.get("Timestamp", ""), now)
        names = _SIGNED.get(message.get("Type", ""), ())
        if not names:
            raise Refused("an unknown type of message")
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        algorithm: hashes.HashAlgorithm = hashes.SHA1()
        if message.get("SignatureVersion") == "2":
            algorithm = hashes.SHA256()
        elif message.get("SignatureVersion") != "1":
            raise Refused("an unknown version of the signature")
        key = self._key(message.get("SigningCertURL", ""), now)
        try:
            key.verify(b64decode(message.get("Signature", "")), signed.encode(), PKCS1v15(), algorithm)
        except (InvalidSignature, ValueError):
            raise Refused("the signature is not right") from None

    def confirm(self, message: Mapping[str, str]) -> None:
        """Say yes to a subscription of our topic, by the address in a verified message. Raises Refused."""
        url = message.get("SubscribeURL", "")
        self._check_address(url)
        self._fetch(url)

    def _check_time(self, text: str, now: datetime) -> None:
        try:
            at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            raise Refused("no time") from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if not now - _OLDEST <= at <= now + _AHEAD:
            raise Refused("too old, or dated ahead")

    def _check_address(self, url: str) -> None:
        """Only the host of our topic's region: whoever chooses the address would choose the key."""
        try:
            parts = urlsplit(url)
            good = parts.scheme == "https" and parts.netloc == self._host and parts.port is None
        except ValueError:
            good = False
        if not good or not re.fullmatch(r"[!-~]{1,2000}", url) or "\\" in url:
            raise Refused(f"expected an address of https://{self._host}/")

    def _key(self, url: str, now: datetime) -> RSAPublicKey:
        self._check_address(url)
        if not urlsplit(url).path.endswith(".pem"):
            raise Refused("not the address of a certificate")
        with self._turn:
            certificate = self._certificates.get(url)
            if certificate is None:
                certificate = _certificate(self._fetch(url))
                if len(self._certificates) >= _KEPT:
                    self._certificates.clear()
                self._certificates[url] = certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Refused("the certificate is not valid now")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise Refused("not the kind of key that Amazon has")
        return key


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise Refused("not a certificate") from None
