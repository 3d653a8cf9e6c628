"""What the audit trail says of sign-ins, factors and passwords."""

from typing import Any

from allauth.account import signals as account
from allauth.core import context
from allauth.mfa.models import Authenticator
from django.db.models.signals import post_delete, post_init, post_save

from tenants.models import User
from tenants.services.audit import record
from tenants.sign_in.factors import name_owner
from tenants.sign_in.required import PROVED


def connect() -> None:
    """Listen, once, when the portal starts."""
    post_init.connect(name_owner, sender=Authenticator, dispatch_uid="factor_owner")
    post_save.connect(_added, sender=Authenticator, dispatch_uid="factor_added")
    post_delete.connect(_removed, sender=Authenticator, dispatch_uid="factor_removed")
    account.user_logged_in.connect(_signed_in, dispatch_uid="signed_in")
    account.password_changed.connect(_password, dispatch_uid="password_changed")
    account.password_reset.connect(_password, dispatch_uid="password_reset")


def _actor() -> User | None:
    person = getattr(context.request, "user", None)
    return person if isinstance(person, User) else None


def _added(instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        _record("factor.added", instance)


def _removed(instance: Authenticator, **_: Any) -> None:
    _record("factor.removed", instance)


def _record(action: str, factor: Authenticator) -> None:
    record(action, by=_actor(), customer=None, subject=factor.user, type=factor.type)


def _signed_in(request: Any, user: User, **told: Any) -> None:
    """Also keeps what Entra said of the second factor, for this session only."""
    login = told.get("sociallogin")
    if login is not None and login.account.extra_data.get("factor"):
        request.session[PROVED] = True
    methods = request.session.get("account_authentication_methods", [])
    used = [str(each.get("type") or each["method"]) for each in methods]
    record("signed_in", by=user, customer=None, subject=user, methods=used)


def _password(user: User, **_: Any) -> None:
    record("password.changed", by=user, customer=None, subject=user)
