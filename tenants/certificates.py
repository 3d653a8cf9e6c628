"""Certificates that prove an application: read, checked, and sealed as one text."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_SMALLEST = 2048  # bits; Entra takes RSA keys of this size or more


class BadCertificate(ValueError):
    """A certificate or its key cannot be used; str() is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A private key with its certificate, both PEM; `thumbprint` is SHA-256 in hexadecimal."""

    private_key: str
    public_certificate: str
    thumbprint: str
    subject: str
    expires_at: datetime


def read_certificate(pem: str, passphrase: str, now: datetime) -> Certificate:
    """Read a PEM text that holds a private key and its certificate. Raises BadCertificate."""
    found, key = _certificate(pem), _private_key(pem, passphrase)
    if key.public_key() != found.public_key():
        raise BadCertificate("The private key does not belong to the certificate.")
    if found.not_valid_after_utc <= now:
        raise BadCertificate(f"The certificate expired on {found.not_valid_after_utc:%Y-%m-%d}.")
    return Certificate(
        private_key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        public_certificate=found.public_bytes(serialization.Encoding.PEM).decode(),
        thumbprint=found.fingerprint(hashes.SHA256()).hex().upper(),
        subject=found.subject.rfc4514_string(),
        expires_at=found.not_valid_after_utc,
    )


def _certificate(pem: str) -> x509.Certificate:
    start = pem.find("-----BEGIN CERTIFICATE-----")
    if start < 0:
        raise BadCertificate("There is no certificate in this text (-----BEGIN CERTIFICATE-----).")
    try:
        return x509.load_pem_x509_certificate(pem[start:].encode())
    except ValueError:
        raise BadCertificate("The certificate cannot be read; paste it whole, as PEM.") from None


def _private_key(pem: str, passphrase: str) -> RSAPrivateKey:
    if "PRIVATE KEY-----" not in pem:
        raise BadCertificate("There is no private key in this text (-----BEGIN PRIVATE KEY-----).")
    password = passphrase.encode() or None
    try:
        key = serialization.load_pem_private_key(pem.encode(), password)
    except TypeError:
        wanted = "needs its passphrase" if password is None else "takes no passphrase"
        raise BadCertificate(f"The private key {wanted}.") from None
    except ValueError:
        reason = "The passphrase is wrong, or the" if password else "The"
        raise BadCertificate(f"{reason} private key cannot be read.") from None
    if not isinstance(key, RSAPrivateKey):
        raise BadCertificate("Entra takes RSA keys only.")
    if key.key_size < _SMALLEST:
        raise BadCertificate(f"The key has {key.key_size} bits; Entra takes {_SMALLEST} or more.")
    return key
