"""Writes about people of ours: who there is, in which role, at which customers."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tenants.domain.reach import Reach, Scope
from tenants.domain.roles import CUSTOMERS_OWN, Action, Role
from tenants.models import AccessGrant, Customer, User
from tenants.selectors import administrators, may
from tenants.services.api_tokens import revoke_tokens_of
from tenants.services.audit import record
from tenants.services.sessions import end_sessions


class AccessRefused(Exception):
    """This change of a person's access is not possible; str() says why."""


@transaction.atomic
def add_person(
    *, email: str, name: str, password: str | None, role: Role, reach: Reach, by: User | None
) -> User:
    """Add a person, or give an existing one a further role or more customers in it.

    An existing password stays, and nothing is taken away. Raises AccessRefused.
    """
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
        record("person.added", by=by, customer=None, subject=user, email=user.email)
    known = user.grants.filter(role=role.value).first()
    give_role(user=user, role=role, reach=known.reach | reach if known else reach, by=by)
    return user


@transaction.atomic
def give_role(*, user: User, role: Role, reach: Reach, by: User | None) -> None:
    """Let a person hold a role at these customers, and in this role at no others.

    Raises AccessRefused.
    """
    had = _guard(user, by)
    if role in CUSTOMERS_OWN and reach.scope is not Scope.LISTED:
        raise AccessRefused(f"A {role.words.lower()} belongs to customers: list them.")
    if reach.scope is not Scope.ALL and not reach.customers:
        raise AccessRefused("Choose at least one customer.")
    grant = user.grants.filter(role=role.value).first()
    before = _told(grant)
    if grant is None:
        grant = AccessGrant(user=user, role=role.value)
    elif grant.reach == reach:
        return
    grant.scope = reach.scope.value
    grant.save()
    grant.customers.set(reach.customers)
    _keep_an_administrator(had)
    action = "access.changed" if before else "access.granted"
    _record(action, user, role, by, before=before, after=_told(grant))


@transaction.atomic
def take_role(*, user: User, role: Role, by: User | None) -> None:
    """Take a role away, everywhere. Raises AccessRefused."""
    had = _guard(user, by)
    grant = user.grants.filter(role=role.value).first()
    if grant is None:
        return
    before = _told(grant)
    grant.delete()
    _keep_an_administrator(had)
    _record("access.revoked", user, role, by, before=before, after=None)


@transaction.atomic
def deactivate(*, user: User, by: User | None) -> None:
    """Let a person sign in no more, end their sessions and tokens; what they hold stays noted.

    Raises AccessRefused.
    """
    had = _guard(user, by)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        return
    _keep_an_administrator(had)
    ended = {
        "sessions_ended": end_sessions(user),
        "api_tokens_revoked": revoke_tokens_of(person=user, by=by),
    }
    values = {"before": {"active": True}, "after": {"active": False}, **ended}
    record("person.deactivated", by=by, customer=None, subject=user, **values)


@transaction.atomic
def reactivate(*, user: User, by: User | None) -> None:
    """Let a person sign in again, with the roles they hold. Raises AccessRefused."""
    _guard(user, by)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        values = {"before": {"active": False}, "after": {"active": True}}
        record("person.reactivated", by=by, customer=None, subject=user, **values)


def _guard(user: User, by: User | None) -> bool:
    """Ask the table about `by` (None: who runs the portal); whether there is an administrator.

    Administrators are locked first, so that two of them cannot unmake each other.
    """
    locked = User.objects.select_for_update().filter(pk__in=administrators().values("pk"))
    had = bool(locked.order_by("pk"))
    if by is None:
        return had
    if by == user:
        raise AccessRefused("Nobody changes their own access: ask another administrator.")
    acting = User.objects.filter(pk=by.pk, is_active=True).first()
    if acting is None or not may(acting, Action.EDIT_PEOPLE):
        raise AccessRefused(f"{by.email} may not {Action.EDIT_PEOPLE.words}.")
    return had


def _keep_an_administrator(had: bool) -> None:
    """A portal that had an active administrator over all customers keeps one."""
    if had and not administrators().exists():
        raise AccessRefused("This is the last administrator of all customers.")


def _told(grant: AccessGrant | None) -> Mapping[str, Any] | None:
    if grant is None:
        return None
    slugs = sorted(grant.customers.values_list("slug", flat=True))
    return {"scope": grant.scope, "customers": slugs}


def _record(action: str, user: User, role: Role, by: User | None, **sides: Any) -> None:
    """Audit; the row belongs to a customer where the grant is about one only."""
    named = {slug for side in sides.values() if side for slug in side["customers"]}
    listed = all(side["scope"] == Scope.LISTED for side in sides.values() if side)
    customer = Customer.objects.get(slug=named.pop()) if listed and len(named) == 1 else None
    record(action, by=by, customer=customer, subject=user, role=role.value, **sides)
