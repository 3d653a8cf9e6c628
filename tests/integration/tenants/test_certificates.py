"""Certificates as people have them: PFX and PEM files, with passphrase and without, and wrong."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from tenants.certificates import (
    BadCertificate,
    as_der,
    make_certificate,
    read_certificate,
    thumbprints,
)
from tests.support.certificates import make_pair

NOW = datetime.now(UTC)
PASSPHRASE = "Open-5esame"


@cache
def pair(bits=2048, days=(-1, 30)):
    return make_pair("portal", bits=bits, days=days)


@cache
def other():
    return make_pair("other")


def locked(passphrase=PASSPHRASE):
    return serialization.BestAvailableEncryption(passphrase.encode())


def pfx(found=None, passphrase=PASSPHRASE, key=True, certificate=True):
    found = found or pair()
    lock = locked(passphrase) if passphrase else serialization.NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"portal",
        found.key if key else None,
        found.certificate if certificate else None,
        None,
        lock,
    )


def pem(found=None, passphrase="", certificate=None):
    found = found or pair()
    lock = locked(passphrase) if passphrase else serialization.NoEncryption()
    key = found.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    )
    return key + (certificate or found).certificate_pem.encode()


@pytest.mark.parametrize(
    ("given", "passphrase"),
    [
        (pfx, PASSPHRASE),
        (lambda: pfx(passphrase=""), ""),
        (pem, ""),
        (lambda: pem(passphrase=PASSPHRASE), PASSPHRASE),
        (lambda: b"\xef\xbb\xbf" + pem().replace(b"\n", b"\r\n"), ""),  # saved on Windows
        (lambda: b"Bag Attributes\n  friendlyName: portal\n" + pem(), ""),  # as openssl writes it
        (lambda: pair().certificate_pem.encode() + pem(), ""),  # the certificate first
    ],
    ids=["pfx", "open pfx", "pem", "locked pem", "windows", "attributes", "order"],
)
def test_each_form_gives_the_same(given, passphrase):
    found = read_certificate(given(), passphrase, NOW)
    assert found.public_certificate == pair().certificate_pem
    assert found.private_key.reveal() == pair().key_pem
    assert found.expires_at == pair().certificate.not_valid_after_utc
    assert found.thumbprint == pair().certificate.fingerprint(hashes.SHA256()).hex().upper()


def elliptic():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(NOW - timedelta(1))
        .not_valid_after(NOW + timedelta(1))
        .sign(key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(b"x", key, signed, None, locked())


WRONG = {
    "wrong passphrase of a pfx": (pfx, "no", "passphrase is wrong"),
    "no passphrase for a pfx": (pfx, "", "needs a passphrase"),
    "wrong passphrase of a pem": (lambda: pem(passphrase=PASSPHRASE), "no", "passphrase is wrong"),
    "no passphrase for a pem": (lambda: pem(passphrase=PASSPHRASE), "", "needs its passphrase"),
    "a passphrase for an open key": (pem, PASSPHRASE, "takes no passphrase"),
    "public part only": (lambda: pair().certificate_pem.encode(), "", "no private key"),
    "a pfx without its key": (lambda: pfx(key=False), PASSPHRASE, "with its private key"),
    "a pfx without a certificate": (lambda: pfx(certificate=False), PASSPHRASE, "no certificate"),
    "a key only": (lambda: pair().key_pem.encode(), "", "no certificate"),
    "somebody else's key": (lambda: pem(certificate=other()), "", "does not belong"),
    "expired": (lambda: pem(pair(2048, (-20, -10))), "", "expired on"),
    "elliptic curve": (elliptic, PASSPHRASE, "RSA keys only"),
    "too short": (lambda: pem(pair(1024)), "", "1024 bits"),
    "a photograph": (lambda: b"\xff\xd8\xff\xe0 JFIF", "", "neither PFX nor PEM"),
    "an empty file": (lambda: b"", "", "neither PFX nor PEM"),
    "DER of the public part": (lambda: as_der(pair().certificate_pem), "", "neither PFX nor PEM"),
    "a cut pem": (lambda: pem()[:-300], "", "cannot be read"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_without_the_passphrase_or_the_key(name):
    given, passphrase, words = WRONG[name]
    with pytest.raises(BadCertificate, match=words) as refused:
        read_certificate(given(), passphrase, NOW)
    assert PASSPHRASE not in str(refused.value)
    assert "MII" not in str(refused.value)


@pytest.mark.parametrize(("bits", "days"), [(2048, 365), (3072, 730)])
def test_a_certificate_that_is_made_here(bits, days):
    found = make_certificate("MSP portal calm", bits=bits, days=days, now=NOW)
    read = x509.load_pem_x509_certificate(found.public_certificate.encode())
    key = serialization.load_pem_private_key(found.private_key.reveal().encode(), None)
    assert read.public_key() == key.public_key()
    assert key.key_size == bits
    read.verify_directly_issued_by(read)
    assert read.subject.rfc4514_string() == "CN=MSP portal calm"
    assert read.not_valid_before_utc < NOW < read.not_valid_after_utc
    assert abs(read.not_valid_after_utc - NOW - timedelta(days=days)) < timedelta(seconds=2)
    assert read_certificate(
        found.private_key.reveal() + found.public_certificate, "", NOW
    ).thumbprint == found.thumbprint  # fmt: skip


def test_two_that_are_made_have_two_keys():
    first, second = (make_certificate("x", bits=2048, days=365, now=NOW) for _ in "12")
    assert first.private_key.reveal() != second.private_key.reveal()
    assert first.thumbprint != second.thumbprint


def test_thumbprints_are_those_that_entra_and_graph_show():
    found = thumbprints(pair().certificate_pem)
    sha1 = pair().certificate.fingerprint(hashes.SHA1())
    assert found.sha1 == sha1.hex().upper()
    assert re.fullmatch("[0-9A-F]{40}", found.sha1)
    assert re.fullmatch("[0-9A-F]{64}", found.sha256)
    assert x509.load_der_x509_certificate(as_der(pair().certificate_pem)) == pair().certificate
