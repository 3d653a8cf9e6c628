"""Add a person who may sign in: `manage.py add_person EMAIL --role engineer [--customer SLUG]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from tenants import services
from tenants.domain.roles import Role
from tenants.management.base import OperatorCommand
from tenants.management.passwords import ask_password
from tenants.models import Customer, User


class Command(OperatorCommand):
    """Adds a person, or gives an existing one a further role."""

    help = "Add a person who may sign in, in a role at one customer or at all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """E-mail, role, customer and name."""
        parser.add_argument("email")
        parser.add_argument("--role", choices=[role.value for role in Role], required=True)
        parser.add_argument("--customer", help="slug of the customer; all customers without it")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the password (or read it from standard input) and add the person."""
        role, customer = Role(options["role"]), self._customer(options["customer"])
        if role is Role.VIEWER and customer is None:
            raise CommandError("A viewer belongs to a customer: name it with --customer.")
        email = options["email"].strip().lower()
        known = User.objects.filter(email=email).exists()
        try:
            validate_email(email)
            password = None if known else ask_password()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user = services.add_person(
            email=email,
            name=options["name"],
            password=password,
            role=role,
            customer=customer,
            by=None,
        )
        self.stdout.write(f"{user.email}: {role.value} of {customer or 'all customers'}")

    def _customer(self, slug: str | None) -> Customer | None:
        if slug is None:
            return None
        try:
            return Customer.objects.get(slug=slug)
        except Customer.DoesNotExist as error:
            known = ", ".join(Customer.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"No customer {slug!r}. Customers: {known}.") from error
