"""Print the token that the first-run page asks for: `manage.py first_run_token`."""

from typing import Any

from django.core.management.base import CommandError

from tenants.management.base import OperatorCommand
from tenants.services.first_run import TOKEN_SECONDS, first_run_open, first_run_token


class Command(OperatorCommand):
    """Proves to the page that somebody may run commands on the server."""

    help = "Print the token that /first-run/ asks for."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it; CommandError once there is an administrator."""
        if not first_run_open():
            raise CommandError("There is an administrator already; see manage.py createadmin.")
        self.stdout.write(first_run_token())
        self.stderr.write(f"Valid for {TOKEN_SECONDS // 60} minutes, at /first-run/.")
