"""Whether the portal gets into a tenant: `manage.py try_connection TENANT --as EMAIL`."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from provisioning.services.connection import ConnectionRefused, try_connection
from tenants.domain.roles import Action
from tenants.management.base import OperatorCommand
from tenants.models import Tenant, User
from tenants.selectors import tenants_for


class Command(OperatorCommand):
    """Tests a tenant's connection, as the button does."""

    help = "Test a tenant's connection: token, permissions, service. Its calls are billed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Tenant, and who asks."""
        parser.add_argument("tenant", help="slug of the tenant")
        parser.add_argument(
            "--as",
            dest="person",
            metavar="EMAIL",
            default=os.environ.get("PORTAL_PERSON"),
            help="who asks (default: the variable PORTAL_PERSON)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Test, print each step, fail when one failed."""
        email = (options["person"] or "").strip().lower()
        person = User.objects.filter(email=email, is_active=True).first()
        if person is None:
            raise CommandError("The test is a person's: name yourself with --as EMAIL.")
        try:
            found = try_connection(tenant=self._tenant(options["tenant"], person), by=person)
        except ConnectionRefused as refused:
            raise CommandError(str(refused)) from refused
        for step in found.steps:
            self.stdout.write(f"{step['key']:12} {step['state']:8} {step['words']}")
            if step["detail"]:
                self.stdout.write(f"{'':21} {step['detail']}")
        self.stdout.write(f"{found.calls} calls")
        if not found.worked:
            raise CommandError(found.problem)

    def _tenant(self, slug: str, person: User) -> Tenant:
        known = tenants_for(person, Action.EDIT_TENANT).select_related("customer")
        tenant = known.filter(slug=slug).first()
        if tenant is None:
            names = ", ".join(known.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no tenant {slug!r} for you to test. Tenants: {names}.")
        return tenant
