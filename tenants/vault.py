"""Secrets and snapshots at rest: AES-256-GCM, bound to the place they belong to.

A sealed value is `version | key id length | key id | nonce (12) | ciphertext and tag`. The binding
(tenant, model, field) is associated data: a ciphertext moved to another row does not open.

    VaultError
    +-- UnknownKey      the key ring lost the key this value was sealed with
    +-- NotAuthentic    wrong binding, or the bytes were changed
"""

import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_VERSION = b"\x01"
_NONCE = 12


class VaultError(Exception):
    """A sealed value cannot be opened."""


class UnknownKey(VaultError):
    """The key ring does not hold the key this value was sealed with."""


class NotAuthentic(VaultError):
    """Wrong binding, or the sealed bytes were changed."""


@lru_cache(maxsize=4)
def _ring(text: str) -> dict[str, AESGCM]:
    ring = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, encoded = entry.partition(":")
        try:
            ring[name] = AESGCM(b64decode(encoded, validate=True))
        except (Base64Error, ValueError) as error:
            raise ImproperlyConfigured(
                f"VAULT_KEYS: key {name!r} is not 32 bytes in base64."
            ) from error
    if not ring:
        raise ImproperlyConfigured("VAULT_KEYS holds no key.")
    return ring


def binding(tenant_id: int, model: str, field: str, part: int = 0) -> bytes:
    """Associated data naming the place a sealed value belongs to."""
    return f"tenant:{tenant_id}/{model}.{field}/{part}".encode()


def seal(plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt with the first key of the ring."""
    name, key = next(iter(_ring(settings.VAULT_KEYS).items()))
    nonce = secrets.token_bytes(_NONCE)
    head = _VERSION + bytes([len(name)]) + name.encode()
    return head + nonce + key.encrypt(nonce, plain, head + bound_to)


def unseal(sealed: bytes | memoryview, bound_to: bytes) -> bytes:
    """Decrypt; raises VaultError when the key is unknown or the place is not the sealed one."""
    sealed = bytes(sealed)
    end = 2 + sealed[1]
    head, nonce, body = sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
    key = _ring(settings.VAULT_KEYS).get(head[2:].decode())
    if key is None:
        raise UnknownKey(f"VAULT_KEYS lacks the key {head[2:].decode()!r}.")
    try:
        return key.decrypt(nonce, body, head + bound_to)
    except InvalidTag as error:
        raise NotAuthentic("This ciphertext does not belong here, or was changed.") from error
