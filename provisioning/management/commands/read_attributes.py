"""Which custom security attributes a tenant has: `manage.py read_attributes TENANT --as EMAIL`."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from provisioning.domain.targets import Targets
from provisioning.management.people import named_tenant
from provisioning.scim.errors import ScimError
from provisioning.scim.transport import WrongHost
from provisioning.services.schema import read_targets
from tenants.domain.roles import Action
from tenants.management.base import OperatorCommand
from tenants.models import User
from tenants.tokens import NoToken


class Command(OperatorCommand):
    """Asks the tenant's directory once; what it says is kept for the tenant's profile."""

    help = "Read a tenant's custom security attributes, by one call that is billed like any other."

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
        """Read, keep, list."""
        email = (options["person"] or "").strip().lower()
        person = User.objects.filter(email=email, is_active=True).first()
        if person is None:
            raise CommandError("The call is a person's: name yourself with --as EMAIL.")
        tenant = named_tenant(options["tenant"], person, Action.EDIT_PROFILE)
        try:
            targets = read_targets(tenant=tenant, by=person)
        except (NoToken, ScimError, WrongHost) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(_lines(targets)))


def _lines(targets: Targets) -> list[str]:
    found = [f"{each.path}  {each.kind}{', list' * each.many}" for each in targets.custom]
    return found or ["The directory has no custom security attributes."]
