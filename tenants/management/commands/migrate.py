"""`manage.py migrate`: Django's own, as the owner of the tables and over all customers."""

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from tenants import database_roles
from tenants.row_security import everything


class Command(MigrateCommand):
    """Under forced row-level security a data migration without a scope would change no row."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, and let the application use what there is now."""
        connection = connections[options["database"]]
        with database_roles.as_owner(connection), everything():
            super().handle(*args, **options)
            database_roles.grant(connection)
