"""Add an administrator: `manage.py createadmin EMAIL [--link]`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email
from django.urls import reverse

from tenants.management.base import OperatorCommand
from tenants.management.passwords import ask_password
from tenants.models import User
from tenants.services.first_run import add_administrator
from tenants.services.invitations import invite


class Command(OperatorCommand):
    """Adds an administrator of everything, or makes a person one."""

    help = "Add an administrator; asks for a password, or prints a link to set one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """E-mail, name, and whether to print a link."""
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--link",
            action="store_true",
            help="print a one-time link to set a password, or to bind a Microsoft account",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the password (or read it from standard input) unless there is one, or a link."""
        email, link = options["email"].strip().lower(), options["link"]
        known = User.objects.filter(email=email).exists()
        try:
            validate_email(email)
            password = None if known or link else ask_password()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        person = add_administrator(email=email, name=options["name"], password=password)
        self.stdout.write(f"{person.email}: administrator of all customers")
        if link:
            origin = [*settings.CSRF_TRUSTED_ORIGINS, "http://localhost:8000"][0]
            path = reverse("invitation", args=[invite(person=person, by=None)])
            self.stdout.write(f"{origin.rstrip('/')}{path}")
