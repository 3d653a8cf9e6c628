"""Add a person: `manage.py add_person EMAIL --role engineer [--customer SLUG | --except SLUG]`."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from tenants import services
from tenants.domain.reach import EVERYWHERE, Reach, Scope
from tenants.domain.roles import Role
from tenants.management.base import OperatorCommand
from tenants.management.passwords import ask_password
from tenants.models import Customer, User
from tenants.services import AccessRefused


class Command(OperatorCommand):
    """Adds a person, or gives an existing one a further role or more customers."""

    help = "Add a person who may sign in, in a role at all customers, some, or all but some."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """E-mail, role, customers and name."""
        parser.add_argument("email")
        parser.add_argument("--role", choices=[role.value for role in Role], required=True)
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--customer",
            action="append",
            default=[],
            metavar="SLUG",
            help="a customer; may be repeated; all customers without it",
        )
        which.add_argument(
            "--except",
            action="append",
            default=[],
            dest="without",
            metavar="SLUG",
            help="all customers but this one; may be repeated",
        )
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the password (or read it from standard input) and add the person."""
        role = Role(options["role"])
        email = options["email"].strip().lower()
        known = User.objects.filter(email=email).exists()
        reach = self._reach(options["customer"], options["without"])
        try:
            validate_email(email)
            user = services.add_person(
                email=email,
                name=options["name"],
                password=None if known else ask_password(),
                role=role,
                reach=reach,
                by=None,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except AccessRefused as error:
            raise CommandError(f"{error} On the command line: --customer.") from error
        grant = user.grants.get(role=role.value)
        self.stdout.write(f"{user.email}: {role.words.lower()} of {grant.where}")

    def _reach(self, listed: Sequence[str], without: Sequence[str]) -> Reach:
        if not listed and not without:
            return EVERYWHERE
        pks = frozenset(self._customer(slug).pk for slug in listed or without)
        return Reach(Scope.LISTED if listed else Scope.ALL_EXCEPT, pks)

    def _customer(self, slug: str) -> Customer:
        try:
            return Customer.objects.get(slug=slug)
        except Customer.DoesNotExist as error:
            known = ", ".join(Customer.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"No customer {slug!r}. Customers: {known}.") from error
