"""The DKIM key (RFC 6376, RFC 8463): read from its file, and the record that DNS must hold for it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from publisher.config.mail import Dkim
from publisher.errors import ConfigError, Problem
from publisher.messages import Signer

_SHORTEST = 1024
_WANTED = "expected a private key in PEM, RSA of 2048 bit or Ed25519, without a password"
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
_DER = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Key:
    """A signer, the TXT record at SELECTOR._domainkey.DOMAIN by which others verify, and its strength."""

    signer: Signer
    record: str
    bits: int


def load(dkim: Dkim) -> Key:
    """Read the key. Raises ConfigError for a file that is not there or holds no key that can sign."""
    key = _private(dkim)
    sign: Callable[[bytes], bytes]
    if isinstance(key, RSAPrivateKey):
        sign, name, public, bits = _rsa(key), "rsa", key.public_key().public_bytes(*_DER), key.key_size
        signer = Signer(dkim.domain, dkim.selector, "rsa-sha256", sign)
    else:
        sign, name, public, bits = _ed25519(key), "ed25519", key.public_key().public_bytes(*_RAW), 256
        signer = Signer(dkim.domain, dkim.selector, "ed25519-sha256", sign)
    return Key(signer, f"v=DKIM1; k={name}; p={b64encode(public).decode()}", bits)


def _private(dkim: Dkim) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(dkim.key_file.read_bytes(), password=None)
    except OSError as error:
        raise _problem(f"{dkim.key_file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _problem(f"{dkim.key_file}: {_WANTED}") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise _problem(f"{dkim.key_file}: {_WANTED}")
    if isinstance(key, RSAPrivateKey) and key.key_size < _SHORTEST:
        raise _problem(f"{dkim.key_file}: {_WANTED}, got RSA of {key.key_size} bit")
    return key


def _rsa(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    padding, algorithm = PKCS1v15(), hashes.SHA256()
    return lambda signed: key.sign(signed, padding, algorithm)


def _ed25519(key: Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    # RFC 8463 section 3: what Ed25519 signs is the SHA-256 of the data
    return lambda signed: key.sign(sha256(signed).digest())


def _problem(message: str) -> ConfigError:
    return ConfigError([Problem("mail.dkim.key_file", message)])
