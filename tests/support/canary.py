"""Secrets that are planted to be looked for, and the look: in clear text and in every usual form.

`Canary.found_in` gives which secret is in a text and how it is written there. What is too short to
be told from chance is not looked for: every planted value has 20 characters or more.
"""

import base64
import html
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.certificates import KeyPair, make_pair

_LEAST = 20
_CORE = re.compile(rb"[A-Za-z0-9]{20,}")


def made_up(name: str, seed: int) -> str:
    """A distinctive text with characters that HTML, JSON, URLs and shells write differently."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    draw = random.Random(f"{name}/{seed}")
    ends = ["".join(draw.choices(letters, k=5)) for _ in range(2)]
    return "{}<&'\"é{}/+=~{}".format(ends[0], "".join(draw.choices(letters, k=24)), ends[1])


def forms(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """Every way a secret might be written down."""
    yield "as it is", secret
    yield from ((f"base64 at {n}", each) for n, each in enumerate(_in_base64(secret)))
    yield "hex", secret.hex().encode()
    yield "HEX", secret.hex().upper().encode()
    yield "UTF-16", secret.decode("latin-1").encode("utf-16-le")
    yield "backwards", secret[::-1]
    yield "bytes in Python", repr(secret)[2:-1].encode()
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    yield from _of_text(text)


def _of_text(text: str) -> Iterator[tuple[str, bytes]]:
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON in JSON", json.dumps(json.dumps(text))[3:-3].encode()
    yield "JSON with letters", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "text in Python", repr(text)[1:-1].encode()
    yield "HTML", html.escape(text).encode()
    yield "HTML, half", html.escape(text, quote=False).encode()
    yield "URL", quote(text, safe="").encode()
    yield "URL with slashes", quote(text).encode()
    yield "form", quote_plus(text).encode()
    yield "CSV", text.replace('"', '""').encode()
    yield "SQL", text.replace("'", "''").encode()


def _in_base64(secret: bytes) -> Iterator[bytes]:
    """Wherever in a longer value it begins: characters that depend on the neighbours are cut."""
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + secret)
        begins = 0 if not offset else 4
        ends = -4 if (offset + len(secret)) % 3 else None
        yield whole[begins:ends]
        yield whole[begins:ends].replace(b"+", b"-").replace(b"/", b"_")


@dataclass
class Canary:
    """Planted secrets by name, and where else a secret is known to lie and may (`allowed`)."""

    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)

    def plant(self, name: str, secret: str | bytes) -> None:
        """Look for this from now on."""
        value = secret.encode() if isinstance(secret, str) else secret
        assert len(value) >= _LEAST, f"{name} is too short to be looked for"
        self.secrets[name] = value
        # However the rest is escaped, and in whatever the escaped is packed: the core stays.
        for core in _CORE.findall(value):
            self.secrets.setdefault(f"core of {name}", core)
        self._patterns.cache_clear()

    def __hash__(self) -> int:
        return id(self)

    @cache  # noqa: B019 - a canary lives as long as its test
    def _patterns(self) -> tuple[re.Pattern[bytes], Mapping[bytes, str]]:
        named: dict[bytes, str] = {}
        for name, secret in self.secrets.items():
            for how, written in forms(secret):
                named.setdefault(written, f"{name} ({how})")
        ordered = sorted(named, key=len, reverse=True)
        return re.compile(b"|".join(map(re.escape, ordered))), named

    def found_in(self, where: str | bytes) -> set[str]:
        """Names of the secrets in it, each with how it is written."""
        data = where.encode("utf-8", "surrogateescape") if isinstance(where, str) else where
        pattern, named = self._patterns()
        # What is wrapped at the end of a line (PEM, e-mail) is read as one.
        unwrapped = re.sub(rb"=?\r?\n|\\n|\\r", b"", data)
        return {named[hit] for text in (data, unwrapped) for hit in pattern.findall(text)}


@cache
def key_pair() -> KeyPair:
    """The application's private key with its certificate."""
    return make_pair("canary")


def private_forms(pair: KeyPair) -> dict[str, bytes]:
    """What gives a private key away: its secret numbers, and its PEM's own lines."""
    numbers = pair.key.private_numbers()
    der = pair.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    found = {
        f"private key, {name}": number.to_bytes((number.bit_length() + 7) // 8)
        for name, number in (("d", numbers.d), ("p", numbers.p), ("q", numbers.q))
    }
    # The public modulus is in it too: only what comes after it is secret.
    lines = base64.b64encode(der).decode()
    half = len(lines) * 2 // 3 // 64 * 64
    return {**found, "private key, PEM": lines[half : half + 64].encode()}


def as_pfx(pair: KeyPair, passphrase: str) -> bytes:
    """A PFX file."""
    lock = serialization.BestAvailableEncryption(passphrase.encode())
    return pkcs12.serialize_key_and_certificates(b"x", pair.key, pair.certificate, None, lock)


def vault_key(name: str, seed: int) -> tuple[str, bytes]:
    """An entry of the key ring, and the key itself."""
    raw = random.Random(f"vault/{name}/{seed}").randbytes(32)
    return f"{name}:{base64.b64encode(raw).decode()}", raw
