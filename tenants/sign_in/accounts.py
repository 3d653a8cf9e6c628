"""Accounts: who gets one, and what they are told about it by mail."""

from functools import partial
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an administrator; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Sign-up is closed."""
        return False

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Once the change is stored; it stays when the mail server does not answer."""
        transaction.on_commit(partial(super().send_notification_mail, *args, **kwargs), robust=True)
