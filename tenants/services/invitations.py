"""Links that work once: the way to a first password, or to a Microsoft identity."""

import secrets
from datetime import timedelta
from hashlib import sha256

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tenants.models import Invitation, User
from tenants.services.audit import record
from tenants.services.sessions import end_sessions


class InvitationOver(Exception):
    """A link that opens nothing (any more); str() is for people."""


def digest_of(key: str) -> str:
    """What is stored of a key."""
    return sha256(key.encode()).hexdigest()


@transaction.atomic
def invite(*, person: User, by: User | None) -> str:
    """Give a person a key that works once, for INVITATION_HOURS; earlier ones end. Returns it."""
    key = secrets.token_urlsafe(32)
    now = timezone.now()
    person.invitations.filter(used_at=None).delete()
    Invitation.objects.create(
        person=person,
        digest=digest_of(key),
        created_by=by,
        expires_at=now + timedelta(hours=settings.INVITATION_HOURS),
    )
    record("person.invited", by=by, customer=None, subject=person)
    return key


def open_invitation(digest: str) -> Invitation:
    """The invitation of a digest; raises InvitationOver when it is used, too old or unknown."""
    valid = Invitation.objects.filter(used_at=None, expires_at__gt=timezone.now())
    found = valid.filter(digest=digest, person__is_active=True).select_related("person").first()
    if found is None:
        raise InvitationOver(
            "This invitation was used already, or it is too old. Ask for a new one."
        )
    return found


@transaction.atomic
def set_first_password(*, digest: str, password: str) -> User:
    """Use an invitation up for a password; raises InvitationOver."""
    person = _use(digest)
    person.set_password(password)
    person.save(update_fields=["password"])
    end_sessions(person)
    record("password.changed", by=person, customer=None, subject=person, by_invitation=True)
    return person


@transaction.atomic
def bind_identity(*, digest: str, account: SocialAccount) -> User:
    """Use an invitation up for an identity nobody has yet; raises InvitationOver."""
    taken = SocialAccount.objects.filter(provider=account.provider, uid=account.uid).exists()
    if taken:
        raise InvitationOver(
            "This Microsoft account signs in here already, so the invitation is not for it. Sign in"
            " with it, or open the invitation again and choose another account."
        )
    person = _use(digest)
    account.user = person
    account.save()
    record("identity.bound", by=person, customer=None, subject=person, uid=account.uid)
    return person


def _use(digest: str) -> User:
    """Mark it used; of two at once one gets it."""
    found = open_invitation(digest)
    marked = Invitation.objects.filter(pk=found.pk, used_at=None).update(used_at=timezone.now())
    if not marked:
        raise InvitationOver("This invitation was used already.")
    return found.person
