"""Verify the audit trail: `manage.py verify_audit [--anchors DIR] [--resume --as EMAIL]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from tenants.management.base import OperatorCommand
from tenants.management.people import named_person
from tenants.services import audit_erasure, audit_watch
from tenants.services.audit_anchors import NoAnchor
from tenants.services.audit_checks import Walk
from tenants.services.audit_erasure import ErasureRefused

_SHOWN = 100


class Command(OperatorCommand):
    """Names everything that was changed, removed, inserted or moved; exit code 2 then."""

    help = (
        "Verify the audit trail against its chain and all anchors; exit code 2 if it was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the anchors are; whether to go on after the chain's end was changed."""
        parser.add_argument(
            "--anchors", type=Path, help="folder of exported anchors (default: AUDIT_ANCHOR_DIR)"
        )
        parser.add_argument(
            "--resume",
            action="store_true",
            help="continue the chain behind its last event, after its end was changed from outside",
        )
        parser.add_argument("--as", dest="person", metavar="EMAIL", help="who resumes it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, print, and end with 0 or 2."""
        if options["resume"]:
            self._resume(options["person"])
        folder, walk, found = options["anchors"] or settings.AUDIT_ANCHOR_DIR, Walk(), 0
        if options["anchors"] is not None and not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        try:
            for finding in audit_watch.findings_in(folder, walk):
                found += 1
                if found <= _SHOWN:
                    self.stdout.write(str(finding))
        except NoAnchor as error:
            raise CommandError(str(error)) from error
        if found > _SHOWN:
            self.stdout.write(f"... and {found - _SHOWN:,} more.")
        self.stdout.write(_summary(walk, found))
        if found:
            sys.exit(2)

    def _resume(self, email: str | None) -> None:
        if not email:
            raise CommandError("Name who resumes the chain with --as.")
        person = named_person(email)
        try:
            audit_erasure.require_eraser(person)
            audit_watch.resume(by=person)
        except (ErasureRefused, audit_watch.NothingToResume) as refused:
            raise CommandError(str(refused)) from refused


def _summary(walk: Walk, found: int) -> str:
    waiting = f", {walk.unlinked:,} not linked yet" if walk.unlinked else ""
    if walk.anchors:
        anchors = f"{walk.anchors:,} anchors, the last one at event {walk.last_anchor:,}"
    else:
        anchors = "no anchor yet: only the keyed end of the chain guards it"
    verdict = f"{found:,} problems" if found else "nothing was changed"
    return f"{walk.events:,} events{waiting}; {anchors}; {verdict}."
