"""`manage.py sandbox`: serve the stand-in for Entra's SCIM API."""

from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from msp_portal.sandbox.errors import StartError
from msp_portal.sandbox.server import Options, run


class Command(BaseCommand):
    """Parses arguments; everything else is in msp_portal.sandbox."""

    help = "Serves the Entra sandbox: token endpoint, SCIM API and control API on one port."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
        parser.add_argument(
            "--host",
            default="127.0.0.1",
            help="where to listen (default: %(default)s); the control side answers loopback only",
        )
        parser.add_argument(
            "--state",
            type=Path,
            default=settings.VAR_DIR / "sandbox" / "state.jsonl",
            help="journal of directories and counts (default: %(default)s)",
        )
        parser.add_argument(
            "--static-token",
            metavar="TOKEN",
            help="bearer token that opens the directory 00000000-0000-0000-0000-000000000000,"
            " for SCIM clients that cannot ask for tokens",
        )
        parser.add_argument(
            "--throttle",
            action=BooleanOptionalAction,
            default=False,
            help="enforce Entra's quotas (a setting of a directory overrides this)",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Serve until told to stop; exit status 1 with one line when that cannot begin."""
        try:
            run(
                Options(
                    port=options["port"],
                    host=options["host"],
                    state=options["state"],
                    static_token=options["static_token"],
                    throttle=options["throttle"],
                )
            )
        except StartError as error:
            raise CommandError(str(error)) from error
