"""Make the two roles of the portal on PostgreSQL: `manage.py database_roles | psql ...`."""

import os
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tenants import database_roles


class Command(BaseCommand):
    """Prints SQL for an administrator of the server; runs it only when told to."""

    help = "Print the SQL that makes the roles of DATABASE_URL and MIGRATION_DATABASE_URL."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Print, or run."""
        parser.add_argument(
            "--execute",
            action="store_true",
            help="run it, as who ADMIN_DATABASE_URL names, instead of printing it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or run; CommandError where a variable is missing."""
        application, owner = settings.DATABASES["default"], database_roles.owner()
        if not application["ENGINE"].endswith("postgresql"):
            raise CommandError("There are no roles in SQLite: set DATABASE_URL to a PostgreSQL.")
        if owner is None:
            raise CommandError(
                "Set MIGRATION_DATABASE_URL to the same database with the role that is to own it."
            )
        if owner["USER"] == application["USER"]:
            raise CommandError("DATABASE_URL and MIGRATION_DATABASE_URL name the same role.")
        script = database_roles.script(application, owner)
        if options["execute"]:
            self._execute(script)
        else:
            self.stdout.write(script)

    def _execute(self, script: str) -> None:
        url = os.environ.get("ADMIN_DATABASE_URL", "")
        if not url:
            raise CommandError(
                "Set ADMIN_DATABASE_URL to the same database and an administrator of the server."
            )
        try:
            with psycopg.connect(url) as connection:
                connection.execute(script.encode())
        except psycopg.Error as error:
            raise CommandError(f"The server refused: {error}") from error
        self.stdout.write("The roles are there. Now run: manage.py migrate")
