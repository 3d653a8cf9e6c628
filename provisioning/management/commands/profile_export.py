"""A mapping profile as a file: `manage.py profile_export TENANT [--version N] > people.yaml`."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from provisioning.management.sources import add_source_option, named_source
from provisioning.services import sharing
from provisioning.services.sharing import SharingRefused
from tenants.management.base import OperatorCommand
from tenants.models import Tenant


class Command(OperatorCommand):
    """Prints a published version as YAML."""

    help = "Print a tenant's mapping profile as YAML."

    def add_arguments(self, parser: CommandParser) -> None:
        """The tenant, and which version of its profile."""
        parser.add_argument("tenant", help="slug of the tenant")
        add_source_option(parser)
        parser.add_argument(
            "--version", dest="number", type=int, help="number of a version; default: the current"
        )

    def add_base_argument(self, parser: CommandParser, *args: Any, **kwargs: Any) -> None:
        """Django's own --version gives way to that of the profile."""
        if "--version" not in args:
            super().add_base_argument(parser, *args, **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the file."""
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r} here.")
        source = named_source(tenant, options["source"])
        try:
            self.stdout.write(sharing.export(tenant, options["number"], source), ending="")
        except SharingRefused as error:
            raise CommandError(str(error)) from error
