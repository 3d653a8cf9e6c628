"""Whether the portal gets into a tenant: `manage.py try_connection TENANT --as EMAIL`."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from provisioning.management.people import named_tenant
from provisioning.services.connection import ConnectionRefused, try_connection
from tenants.domain.roles import Action
from tenants.management.base import OperatorCommand
from tenants.models import User


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
        tenant = named_tenant(options["tenant"], person, Action.EDIT_TENANT)
        try:
            found = try_connection(tenant=tenant, by=person)
        except ConnectionRefused as refused:
            raise CommandError(str(refused)) from refused
        for step in found.steps:
            self.stdout.write(f"{step['key']:12} {step['state']:8} {step['words']}")
            if step["detail"]:
                self.stdout.write(f"{'':21} {step['detail']}")
        self.stdout.write(f"{found.calls} calls")
        if not found.worked:
            raise CommandError(found.problem)
