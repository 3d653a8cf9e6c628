"""Export an anchor of the audit trail: `manage.py export_anchor [--to DIR]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from tenants.management.base import OperatorCommand
from tenants.services.audit_anchors import NoAnchor, export_anchor
from tenants.services.audit_links import HeadBroken


class Command(OperatorCommand):
    """Writes how many events the chain has and its last link, sealed, to a file."""

    help = "Export an anchor of the audit trail; beat does it daily."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the file goes."""
        parser.add_argument("--to", type=Path, help="folder (default: AUDIT_ANCHOR_DIR)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say where to."""
        folder = options["to"] or settings.AUDIT_ANCHOR_DIR
        try:
            anchor, path = export_anchor(folder, timezone.now())
        except (NoAnchor, HeadBroken) as error:
            raise CommandError(f"{error} `manage.py verify_audit` says more.") from error
        self.stdout.write(f"{anchor.events:,} events, last link {anchor.link[:16]}…: {path}")
