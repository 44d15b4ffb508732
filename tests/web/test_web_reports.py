"""Signed webhooks: what Amazon did not sign and what does not know the secret changes nothing."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from starlette.applications import Starlette

from publisher import cutting, delivering, gathering, links
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.errors import ConfigError, Refused
from publisher.store import ledger, subscribers
from publisher.web import sns
from publisher.web.public import application
from publisher.web.reports import Reports

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "https://sns.eu-west-1.amazonaws.com"
SECRET = "a long secret"
NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@dataclass
class Http:
    """Asks an application, without a socket between."""

    application: Any

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url="https://courier.example") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


@dataclass
class Amazon:
    """Signs as SNS does; its certificate is at its address, and what else is asked for is kept."""

    key: rsa.RSAPrivateKey
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if not url.endswith(".pem"):
            return b"<ConfirmSubscriptionResponse/>"
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def message(self, said: Any, version: str = "1", **changed: str) -> dict[str, str]:
        one = {"Type": "Notification", "MessageId": "id-1", "TopicArn": TOPIC, "Message": json.dumps(said)}
        one |= {"Timestamp": "2026-11-21T06:00:00.123Z", "SignatureVersion": version}
        one |= {"SigningCertURL": f"{HOST}/SimpleNotificationService-1.pem"} | changed
        text = "".join(f"{name}\n{one[name]}\n" for name in SIGNED if name in one)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        return one | {"Signature": b64encode(self.key.sign(text.encode(), PKCS1v15(), algorithm)).decode()}


@dataclass
class Site:
    """A publication of which one edition was sent to Ada, and its webhooks."""

    p: Publisher
    amazon: Amazon
    http: Http

    def ses(self, message: Any) -> httpx.Response:
        return self.http.post(
            "/webhooks/ses", content=json.dumps(message), headers={"Content-Type": "text/plain"}
        )

    def postmark(self, payload: Any, **headers: str) -> httpx.Response:
        return self.http.post(
            "/webhooks/postmark", json=payload, headers=headers or {"X-Postmark-Token": SECRET}
        )

    def suppressed(self) -> dict[str, str]:
        with self.p.store.read() as tx:
            return {address: reason for address, reason, _ in subscribers.suppressed(tx)}

    def status(self) -> str:
        with self.p.store.read() as tx:
            (row,) = ledger.rows(tx, 1)
        return str(row.status)

    @property
    def verp(self) -> str:
        return links.verp("bounces@courier.example", self.p.keys, 1, 1)


@pytest.fixture(scope="module")
def amazon_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def site(
    publication: Callable[..., Publisher],
    post: Any,
    subscribe: Any,
    clock: Any,
    tmp_path: Path,
    amazon_key: Any,
) -> Site:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    hooks = {"ses": {"topic": TOPIC}, "postmark": {"token_file": "secret"}}
    p = publication(articles={"a.md": post("Tides")}, web={"webhooks": hooks})
    subscribe(p, "ada@example.org")
    gathering.gather(p.store, p.config, clock())
    asked = cutting.asked(p.config, "daily", "", clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, asked, clock()).edition
    assert edition
    opening.open_edition(p.store, edition, clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, clock)
    amazon = Amazon(amazon_key)
    reports = Reports(p, {}, amazon.fetch)
    return Site(p, amazon, Http(Starlette(routes=reports.routes)))


def bounce(site: Site, **changed: Any) -> dict[str, Any]:
    recipient = {"emailAddress": "ada@example.org", "action": "failed", "status": "5.1.1"}
    recipient |= {"diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    said = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [recipient]} | changed
    return {"notificationType": "Bounce", "bounce": said, "mail": {"source": site.verp, "messageId": "0102"}}


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_signed_bounce_counts_once(site: Site, version: str) -> None:
    message = site.amazon.message(bounce(site), version, Subject="Amazon SES Email Event Notification")
    assert (site.ses(message).status_code, site.ses(message).text) == (200, "repeated\n")
    assert site.status() == "bounced"
    assert site.suppressed() == {"ada@example.org": "hard bounce"}
    assert len(site.amazon.asked) == 1, "a certificate is fetched once"


def test_what_is_not_signed_for_our_topic_changes_nothing(site: Site) -> None:
    good = site.amazon.message(bounce(site))
    stranger = Amazon(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    other = TOPIC.replace("123456789012", "999999999999")
    forged = [
        stranger.message(bounce(site)),
        good | {"Message": good["Message"].replace("ada", "ben")},
        good | {"Signature": ""},
        good | {"Signature": "AAAA"},
        good | {"Subject": "added"},
        good | {"SignatureVersion": "2"},
        good | {"SignatureVersion": "0"},
        good | {"Type": "Other"},
        {name: value for name, value in good.items() if name != "SigningCertURL"},
        site.amazon.message(bounce(site), TopicArn=other),
        site.amazon.message(bounce(site), Timestamp="2026-11-20T23:59:00Z"),
        site.amazon.message(bounce(site), Timestamp="2026-11-21T06:06:00Z"),
        site.amazon.message(bounce(site), Timestamp="soon"),
    ]
    assert [site.ses(message).status_code for message in forged] == [403] * len(forged)
    assert site.status() == "sent"
    assert site.suppressed() == {}
    assert site.ses(good).text == "done\n"


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:444/x.pem",
        "https://sns.us-east-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.example/x.pem",
        "https://SNS.eu-west-1.amazonaws.com#.evil.example/x.pem",
        "https://evilsns.eu-west-1.amazonaws.com/x.pem",
        f"{HOST}/x.pem\n",
        f"{HOST}/certificate",
        "file:///etc/x.pem",
        "https://[/x.pem",
        "",
    ],
)
def test_a_certificate_comes_from_amazon_alone(site: Site, url: str) -> None:
    assert site.ses(site.amazon.message(bounce(site), SigningCertURL=url)).status_code == 403
    assert site.amazon.asked == []


def test_a_subscription_is_confirmed_at_amazon_alone(site: Site) -> None:
    asked = {
        "Type": "SubscriptionConfirmation",
        "Token": "t",
        "SubscribeURL": f"{HOST}/?Action=ConfirmSubscription",
    }
    assert site.ses(site.amazon.message("hello", **asked)).status_code == 200
    assert site.amazon.asked[-1] == asked["SubscribeURL"]
    asked["SubscribeURL"] = "https://evil.example/?Action=ConfirmSubscription"
    assert site.ses(site.amazon.message("hello", **asked)).status_code == 403
    good = site.amazon.message("hello", **(asked | {"SubscribeURL": f"{HOST}/?a"}))
    assert site.ses(good | {"SubscribeURL": f"{HOST}/?b"}).status_code == 403
    assert len(site.amazon.asked) == 2


def test_the_bounces_and_complaints_of_ses(site: Site) -> None:
    away = bounce(site, bounceType="Transient", bouncedRecipients=[{"emailAddress": "ada@example.org"}])
    assert site.ses(site.amazon.message(away, MessageId="1")).text == "ignored\n"
    blocked = bounce(site, bounceType="Transient", bounceSubType="ContentRejected")
    blocked["bounce"]["bouncedRecipients"][0] |= {"status": "5.7.1", "diagnosticCode": "smtp; 550 5.7.1 spam"}
    assert site.ses(site.amazon.message(blocked, MessageId="2")).text == "done\n"
    assert (site.status(), site.suppressed()) == ("bounced", {})
    complaint = {
        "complainedRecipients": [{"emailAddress": "ada@example.org"}],
        "complaintFeedbackType": "abuse",
    }
    said = {"eventType": "Complaint", "complaint": complaint, "mail": {"source": "other@courier.example"}}
    said["mail"]["headers"] = [{"name": "Return-Path", "value": f"<{site.verp}>"}]  # type: ignore[index]
    assert site.ses(site.amazon.message(said, MessageId="3")).text == "done\n"
    assert site.suppressed() == {"ada@example.org": "complaint"}
    for odd in (
        {"notificationType": "Delivery"},
        {"notificationType": "Bounce", "bounce": [1]},
        [1],
        "words",
        None,
    ):
        assert site.ses(site.amazon.message(odd, MessageId="4")).status_code == 200


def test_postmark_knows_the_secret(site: Site) -> None:
    said = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1, "Email": "ada@example.org"}
    said |= {"BouncedAt": "2026-11-21T05:59:00.0000000+00:00", "Details": "smtp;550 5.1.1 unknown"}
    wrong = b64encode(b"postmark:wrong").decode()
    for headers in (
        {"X-Postmark-Token": "wrong"},
        {"Authorization": f"Basic {wrong}"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Bearer"},
        {"X-Other": SECRET},
    ):
        assert site.postmark(said, **headers).status_code == 401
    assert site.postmark(said | {"BouncedAt": "2026-11-19T00:00:00Z"}).status_code == 400
    assert site.postmark({"RecordType": "Bounce"}).status_code == 400
    assert (site.status(), site.suppressed()) == ("sent", {})
    basic = b64encode(f"postmark:{SECRET}".encode()).decode()
    assert site.postmark(said, Authorization=f"Basic {basic}").text == "done\n"
    assert site.postmark(said).text == "repeated\n"
    assert site.suppressed() == {"ada@example.org": "hard bounce"}
    assert site.status() == "bounced", "only one delivery can be meant"


def test_an_address_that_nobody_has_is_not_suppressed(site: Site) -> None:
    said = {
        "RecordType": "SpamComplaint",
        "ID": 2,
        "Email": "eve@example.org",
        "BouncedAt": "2026-11-21T05:00:00Z",
    }
    assert site.postmark(said).text == "unmatched\n"
    assert site.suppressed() == {}
    assert site.postmark(said | {"ID": 3, "Email": "Ada@Example.org"}).text == "done\n"
    assert site.suppressed() == {"ada@example.org": "complaint"}
    assert site.status() == "sent"


def test_what_is_no_message_and_what_is_too_large(site: Site) -> None:
    for body in (b"", b"[]", b"null", b"\xff", b"[" * 100_000):
        assert site.http.post("/webhooks/ses", content=body).status_code == 400
    assert site.http.post("/webhooks/ses", content=b" " * 1_100_000).status_code == 413
    assert site.http.request("GET", "/webhooks/ses").status_code == 405


def test_who_is_not_configured_has_no_door(publication: Callable[..., Publisher]) -> None:
    http = Http(application(publication()))
    for path in ("/webhooks/ses", "/webhooks/postmark"):
        assert http.post(path, json={}).status_code in (404, 405)
    hooks = {"postmark": {"token_env": "NOT_SET"}}
    with pytest.raises(ConfigError, match=r"web\.webhooks\.postmark\.token_env"):
        Reports(publication(web={"webhooks": hooks}), {})


def test_fetching_follows_nobody_and_reads_no_more_than_a_certificate() -> None:
    with pytest.raises(Refused, match="cannot be fetched"):
        sns.fetched("https://127.0.0.1:1/x.pem")
