"""The first administrator, who has nobody to be invited by."""

from django.core import signing
from django.db import IntegrityError, transaction

from tenants.domain.reach import EVERYWHERE
from tenants.domain.roles import Role
from tenants.models import FirstRun, User
from tenants.selectors import has_administrator
from tenants.services.audit import record
from tenants.services.people import add_person

_SALT = "tenants.first_run"
TOKEN_SECONDS = 3600


class FirstRunOver(Exception):
    """There is an administrator, or was one; str() is for people."""


def first_run_token() -> str:
    """What proves for an hour that somebody may run commands on the server."""
    return signing.TimestampSigner(salt=_SALT).sign("administrator")


def is_first_run_token(token: str) -> bool:
    """Whether a token was given out here within the last hour."""
    try:
        signing.TimestampSigner(salt=_SALT).unsign(token.strip(), max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return False
    return True


def first_run_open() -> bool:
    """Whether nobody administrates this portal, and nobody ever did."""
    return not FirstRun.objects.exists() and not has_administrator()


@transaction.atomic
def add_first_administrator(*, email: str, name: str, password: str) -> User:
    """Add the one; of several at once one succeeds, the others get FirstRunOver."""
    if not first_run_open() or User.objects.filter(email=email.strip().lower()).exists():
        raise FirstRunOver("There is an administrator already: sign in, or ask for an invitation.")
    try:
        with transaction.atomic():
            first = FirstRun.objects.create()
    except IntegrityError as error:
        raise FirstRunOver("Somebody else was faster: there is an administrator now.") from error
    person = add_person(
        email=email, name=name, password=password, role=Role.ADMIN, reach=EVERYWHERE, by=None
    )
    _close(first, person)
    return person


@transaction.atomic
def add_administrator(*, email: str, name: str, password: str | None) -> User:
    """Add an administrator by command, or make a person one; the first run is over by that."""
    person = add_person(
        email=email, name=name, password=password, role=Role.ADMIN, reach=EVERYWHERE, by=None
    )
    first, created = FirstRun.objects.get_or_create(pk=1)
    if created:
        _close(first, person)
    return person


def _close(first: FirstRun, person: User) -> None:
    first.person = person
    first.save(update_fields=["person"])
    record("administrator.first", by=None, customer=None, subject=person)
