"""Tokens of the API: made, revoked, used."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from tenants.domain.api_tokens import MAX_DAYS, is_well_formed, new_token
from tenants.domain.expiry import threshold
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import Action
from tenants.domain.secret import Secret, hides_frames
from tenants.models import ApiToken, Customer, User
from tenants.selectors import reach_of
from tenants.services.audit import record
from tenants.services.invitations import digest_of


class TokenRefused(Exception):
    """This token cannot be made; str() says why."""


@hides_frames
@transaction.atomic
def create_token(
    *, name: str, reach: Reach, expires_at: datetime, by: User
) -> tuple[ApiToken, Secret[str]]:
    """Make a token; gives its row, and the token itself, which is kept nowhere.

    Raises TokenRefused for customers at which its maker may not bill, and for an end that is past
    or further away than a year.
    """
    now = timezone.now()
    if not now < expires_at <= now + timedelta(days=MAX_DAYS):
        raise TokenRefused("A token expires within a year.")
    own = reach_of(by, Action.BILL)
    if reach.scope is Scope.ALL_EXCEPT or (reach.scope is Scope.ALL and own != EVERYWHERE):
        raise TokenRefused("Only who bills all customers makes a token for all: list some.")
    if reach.scope is Scope.LISTED and not reach.customers:
        raise TokenRefused("Choose at least one customer.")
    if reach & own != reach:
        raise TokenRefused("You may bill some of these customers only.")
    token = new_token()
    row = ApiToken.objects.create(
        name=name,
        digest=digest_of(token),
        scope=reach.scope.value,
        created_by=by,
        expires_at=expires_at,
        # What lives for some days only is not told of at once.
        warned_days=threshold(expires_at, now),
    )
    row.customers.set(reach.customers)
    _record("api_token.created", row, by, expires=expires_at)
    return row, Secret(token)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None) -> bool:
    """End a token for ever; False when it was ended already."""
    rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    if not rows.update(revoked_at=timezone.now()):
        return False
    _record("api_token.revoked", token, by)
    return True


def revoke_tokens_of(*, person: User, by: User | None) -> int:
    """End all tokens a person has made; gives how many."""
    return sum(revoke_token(token=row, by=by) for row in person.api_tokens.filter(revoked_at=None))


@hides_frames
def token_of(given: Secret[str]) -> ApiToken | None:
    """The row of a token that works: known, not expired or revoked, of somebody who is active."""
    if not is_well_formed(given.reveal()):
        return None
    valid = ApiToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
    found = valid.filter(digest=digest_of(given.reveal()), created_by__is_active=True)
    return found.select_related("created_by").first()


def note_use(token: ApiToken) -> None:
    """Note the day a token was used; a write a day, however often it is used."""
    today = timezone.now().astimezone(UTC).date()
    if token.last_used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=today)


def _record(action: str, row: ApiToken, by: User | None, **detail: object) -> None:
    """Audit; the row belongs to a customer where the token is about one only."""
    listed = row.reach.customers
    customers = list(Customer.objects.filter(pk__in=listed).order_by("slug"))
    record(
        action,
        by=by,
        customer=customers[0] if len(listed) == len(customers) == 1 else None,
        subject=row,
        scope=row.scope,
        customers=[each.slug for each in customers],
        made_by=row.created_by.email,
        **detail,
    )
