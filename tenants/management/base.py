"""What commands of the portal have in common."""

from typing import Any

from django.core.management.base import BaseCommand

from tenants.row_security import everything


class OperatorCommand(BaseCommand):
    """A command of who runs the portal: it sees all customers, whoever it acts for.

    A command that is not one sees no row of a customer on PostgreSQL.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run within the scope of all customers."""
        with everything():
            return super().execute(*args, **options)
