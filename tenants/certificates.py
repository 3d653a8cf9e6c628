"""Certificates that prove an application: read or made, checked, and sealed as one text."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from tenants.domain.secret import Secret, hides_frames

SIZES = (3072, 2048)  # bits; Entra takes RSA keys of 2048 or more
_PUBLIC = "-----BEGIN CERTIFICATE-----"
_PEM = serialization.Encoding.PEM


class BadCertificate(ValueError):
    """A certificate or its key cannot be used; str() is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A private key with its certificate (PEM); `thumbprint` is SHA-256 in hexadecimal."""

    private_key: Secret[str]
    public_certificate: str
    thumbprint: str
    subject: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Thumbprints:
    """Of one certificate: SHA-1 as the Entra admin center lists it, SHA-256, and SHA-1 in base64
    as Microsoft Graph gives it (`keyCredentials.customKeyIdentifier`)."""

    sha1: str
    sha256: str
    graph: str


@hides_frames
def read_certificate(
    file: str | bytes | Secret[bytes], passphrase: str | Secret[str], now: datetime
) -> Certificate:
    """Read a PFX, or a PEM text with private key and certificate. Raises BadCertificate."""
    given = file.reveal() if isinstance(file, Secret) else file
    password = Secret(passphrase).reveal()
    if isinstance(given, bytes) and b"-----BEGIN " not in given:
        key, found = _from_pfx(given, password)
    else:
        text = given if isinstance(given, str) else given.decode("utf-8-sig", "replace")
        found, key = _certificate(text), _private_key(text, password)
    _check_key(key)
    if key.public_key() != found.public_key():
        raise BadCertificate("The private key does not belong to the certificate.")
    if found.not_valid_after_utc <= now:
        raise BadCertificate(f"The certificate expired on {found.not_valid_after_utc:%Y-%m-%d}.")
    return _certificate_of(key, found)


def make_certificate(name: str, *, bits: int, days: int, now: datetime) -> Certificate:
    """A new RSA key with a certificate it has signed itself, valid from now on."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Entra's clock may be behind ours.
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _certificate_of(key, signed)


def thumbprints(pem: str) -> Thumbprints:
    """Of a certificate's public part."""
    found = x509.load_pem_x509_certificate(pem.encode())
    sha1 = found.fingerprint(hashes.SHA1())  # noqa: S303 - Entra names certificates by it
    return Thumbprints(
        sha1.hex().upper(),
        found.fingerprint(hashes.SHA256()).hex().upper(),
        b64encode(sha1).decode(),
    )


def as_der(pem: str) -> bytes:
    """A certificate's public part as a .cer file."""
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def _certificate_of(key: RSAPrivateKey, found: x509.Certificate) -> Certificate:
    private = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(
        private_key=Secret(private.decode()),
        public_certificate=found.public_bytes(_PEM).decode(),
        thumbprint=found.fingerprint(hashes.SHA256()).hex().upper(),
        subject=found.subject.rfc4514_string(),
        expires_at=found.not_valid_after_utc,
    )


def _from_pfx(given: bytes, password: str) -> tuple[RSAPrivateKey, x509.Certificate]:
    try:
        key, found, _ = pkcs12.load_key_and_certificates(given, password.encode() or None)
    except (ValueError, TypeError):
        # The library tells a wrong passphrase from a broken file by its message only.
        reason = "The passphrase is wrong, or the" if password else "It needs a passphrase, or the"
        raise BadCertificate(f"{reason} file is neither PFX nor PEM.") from None
    if key is None:
        raise BadCertificate(
            "There is no private key in this file: export the certificate with its private key."
        )
    if found is None:
        raise BadCertificate("There is no certificate in this file.")
    return key, found  # type: ignore[return-value]  # what kind of key it is, is looked at next


def _certificate(pem: str) -> x509.Certificate:
    if _PUBLIC not in pem:
        raise BadCertificate(f"There is no certificate in this text ({_PUBLIC}).")
    try:
        return x509.load_pem_x509_certificate(pem[pem.find(_PUBLIC) :].encode())
    except ValueError:
        raise BadCertificate("The certificate cannot be read; paste it whole, as PEM.") from None


def _private_key(pem: str, passphrase: str) -> RSAPrivateKey:
    if "PRIVATE KEY-----" not in pem:
        raise BadCertificate("There is no private key in this text (-----BEGIN PRIVATE KEY-----).")
    password = passphrase.encode() or None
    try:
        return serialization.load_pem_private_key(pem.encode(), password)  # type: ignore[return-value]
    except TypeError:
        wanted = "needs its passphrase" if password is None else "takes no passphrase"
        raise BadCertificate(f"The private key {wanted}.") from None
    except ValueError:
        reason = "The passphrase is wrong, or the" if password else "The"
        raise BadCertificate(f"{reason} private key cannot be read.") from None


def _check_key(key: object) -> None:
    if not isinstance(key, RSAPrivateKey):
        raise BadCertificate("Entra takes RSA keys only.")
    if key.key_size < min(SIZES):
        raise BadCertificate(f"The key has {key.key_size} bits; Entra takes {min(SIZES)} or more.")
