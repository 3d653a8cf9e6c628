"""Keyed seals on what anybody with access to the database could otherwise write themselves.

The key is derived from the vault's first key and named in the seal. While VAULT_KEYS holds that
key a seal can be checked; once it is gone the answer is "unknown key", neither right nor wrong. The
head is sealed anew with each event, so only anchors older than a rotation keep an old key's seal.
"""

import hmac
from enum import Enum

from tenants import vault
from tenants.domain.audit_chain import canonical

_PURPOSE = "audit trail"


class Verdict(Enum):
    """What a seal says of the values beside it."""

    GENUINE = "genuine"
    FORGED = "forged"
    UNKNOWN_KEY = "sealed with a key that VAULT_KEYS does not hold any more"


def seal(*parts: object) -> str:
    """A seal over plain values: key id and HMAC-SHA256 in hex."""
    name, key = next(iter(vault.derived_keys(_PURPOSE).items()))
    return f"{name}:{_mac(key, parts)}"


def check(sealed: str, *parts: object) -> Verdict:
    """Whether a seal belongs to these values."""
    name, _, mac = sealed.rpartition(":")
    key = vault.derived_keys(_PURPOSE).get(name)
    if key is None:
        return Verdict.UNKNOWN_KEY if name and mac else Verdict.FORGED
    return Verdict.GENUINE if hmac.compare_digest(mac, _mac(key, parts)) else Verdict.FORGED


def _mac(key: bytes, parts: tuple[object, ...]) -> str:
    return hmac.digest(key, canonical(*parts), "sha256").hex()
