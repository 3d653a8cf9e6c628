"""Second factors at rest: seeds are sealed by the vault, bound to the person they belong to.

allauth asks to encrypt and decrypt a text without saying whose it is. A new one belongs to whoever
is signed in; one that was read carries the owner of the row it was read from, so that a seed moved
to another person's row does not open.
"""

from base64 import b64decode, b64encode
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from tenants import vault
from tenants.models import User
from tenants.sealed import Wrapping

# Where each kind of factor keeps what must not be read; a passkey has its public key only.
SEALED = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class OwnedText(str):
    """A sealed text that knows the person (pk) whose row it was read from."""

    __slots__ = ("owner",)
    owner: int


def owned(text: str, owner: int) -> OwnedText:
    """Name the owner of a sealed text."""
    found = OwnedText(text)
    found.owner = owner
    return found


def seal_for(owner: int, plain: str) -> str:
    """Seal with the first key of the ring, for the row of this person only."""
    return b64encode(vault.seal(plain.encode(), _binding(owner))).decode()


def unseal_for(owner: int, sealed: str) -> str:
    """Open; raises VaultError for another person's seed, a changed one, or without its key."""
    return vault.unseal(b64decode(sealed), _binding(owner)).decode()


def name_owner(instance: Authenticator, **_: Any) -> None:
    """A receiver of `post_init`: what a row holds knows whose row it is."""
    key = SEALED.get(instance.type)
    if key and key in instance.data:
        instance.data[key] = owned(instance.data[key], instance.user_id)


class SealedFactorsAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals what allauth stores."""

    def encrypt(self, text: str) -> str:
        """A seed of who is signed in."""
        person = context.request.user
        return seal_for(person.pk, text)

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """What a passkey is called until its person says better."""
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def decrypt(self, encrypted_text: str) -> str:
        """A seed out of a row; VaultError where it does not belong there."""
        if not isinstance(encrypted_text, OwnedText):
            raise vault.NotAuthentic("Nobody knows whose factor this is.")
        return unseal_for(encrypted_text.owner, encrypted_text)


def place(factor: Authenticator) -> bytes:
    """What a factor's seed is bound to."""
    return _binding(factor.user_id)


def _read(data: dict[str, Any]) -> bytes:
    texts = [data[key] for key in SEALED.values() if key in data]
    return b64decode(texts[0]) if texts else b""


def _write(data: dict[str, Any], sealed: bytes) -> dict[str, Any]:
    text = b64encode(sealed).decode()
    return data | {key: text for key in SEALED.values() if key in data}


WRAPPING = Wrapping(_read, _write)
"""How a seed lies in allauth's JSON; a passkey has none."""


def _binding(owner: int) -> bytes:
    return f"person:{owner}/mfa.Authenticator.data/0".encode()
