"""Secrets and snapshots at rest: AES-256-GCM, bound to the place they belong to.

A sealed value is `version | key id length | key id | nonce (12) | ciphertext and tag`. The binding
(tenant, model, field) is associated data: a ciphertext moved to another row does not open. Where
sealed values are stored is said in `tenants/sealed.py`, so that keys can be rotated.

    VaultError
    +-- UnknownKey      the key ring lost the key this value was sealed with
    +-- NotAuthentic    wrong binding, or the bytes were changed
"""

import hmac
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tenants.domain.secret import hides_frames

_VERSION = b"\x01"
_NONCE, _TAG = 12, 16
_KEY_BYTES, _LONGEST_NAME = 32, 255
_NOT_HERE = "This ciphertext does not belong here, or was changed."


class VaultError(Exception):
    """A sealed value cannot be opened."""


class UnknownKey(VaultError):
    """The key ring does not hold the key this value was sealed with."""


class NotAuthentic(VaultError):
    """Wrong binding, or the sealed bytes were changed."""


@lru_cache(maxsize=4)
def _ring(text: str) -> dict[str, AESGCM]:
    return {name: AESGCM(key) for name, key in _keys(text).items()}


@lru_cache(maxsize=4)
def _derived(text: str, purpose: str) -> dict[str, bytes]:
    label = f"portal/{purpose}".encode()
    return {name: hmac.digest(key, label, "sha256") for name, key in _keys(text).items()}


def _keys(text: str) -> dict[str, bytes]:
    entries = [part.strip() for part in text.split(",") if part.strip()]
    keys = dict(_key(entry) for entry in entries)
    if not keys:
        raise ImproperlyConfigured("VAULT_KEYS holds no key.")
    return keys


def _key(entry: str) -> tuple[str, bytes]:
    name, _, encoded = entry.partition(":")
    try:
        key = b64decode(encoded, validate=True)
    except Base64Error:
        key = b""
    if len(key) != _KEY_BYTES or not 0 < len(name.encode()) <= _LONGEST_NAME:
        raise ImproperlyConfigured(
            f"VAULT_KEYS: the entry named {name!r} is not a name and 32 bytes in base64."
        )
    return name, key


def binding(tenant_id: int, model: str, field: str, part: int = 0) -> bytes:
    """Associated data naming the place a sealed value belongs to."""
    return f"tenant:{tenant_id}/{model}.{field}/{part}".encode()


def derived_keys(purpose: str) -> Mapping[str, bytes]:
    """A key of 32 bytes from each of the ring, by name, the first one first, for a purpose."""
    return _derived(settings.VAULT_KEYS, purpose)


def key_names() -> list[str]:
    """Names of the ring's keys; the first one encrypts."""
    return list(_ring(settings.VAULT_KEYS))


def head_of(name: str) -> bytes:
    """What every value begins with that was sealed with the key of this name."""
    return _VERSION + bytes([len(name.encode())]) + name.encode()


@hides_frames
def seal(plain: bytes, bound_to: bytes, key_name: str = "") -> bytes:
    """Encrypt with the first key of the ring, or the named one."""
    ring = _ring(settings.VAULT_KEYS)
    name = key_name or next(iter(ring))
    nonce, head = secrets.token_bytes(_NONCE), head_of(name)
    return head + nonce + ring[name].encrypt(nonce, plain, head + bound_to)


@hides_frames
def unseal(sealed: bytes | memoryview, bound_to: bytes) -> bytes:
    """Decrypt; raises VaultError when the key is unknown or the place is not the sealed one."""
    head, nonce, body = _parts(bytes(sealed))
    try:
        name = head[2:].decode()
        key = _ring(settings.VAULT_KEYS).get(name)
        if key is None:
            raise UnknownKey(f"VAULT_KEYS lacks the key {name!r}.")
        return key.decrypt(nonce, body, head + bound_to)
    except (InvalidTag, UnicodeDecodeError) as error:
        raise NotAuthentic(_NOT_HERE) from error


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    end = 2 + sealed[1] if len(sealed) > 1 else 0
    if sealed[:1] != _VERSION or len(sealed) < end + _NONCE + _TAG:
        raise NotAuthentic(_NOT_HERE)
    return sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
