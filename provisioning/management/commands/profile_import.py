"""A mapping profile from a file: `manage.py profile_import TENANT FILE --as EMAIL [--publish]`."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from provisioning.domain.profile_yaml import FileError, decode, from_yaml
from provisioning.management.people import named_tenant
from provisioning.management.sources import add_source_option, named_source
from provisioning.services import sharing
from provisioning.services.profiles import publish
from provisioning.services.sharing import DraftWaits, SharingRefused
from tenants.domain.roles import Action
from tenants.management.base import OperatorCommand
from tenants.models import Tenant, User


class Command(OperatorCommand):
    """Checks a file whole, and makes it the tenant's draft or its next version."""

    help = "Make a YAML file a tenant's draft, or publish it as the next version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Tenant, file, who asks, and what was decided beforehand."""
        parser.add_argument("tenant", help="slug of the tenant")
        add_source_option(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--as",
            dest="person",
            metavar="EMAIL",
            default=os.environ.get("PORTAL_PERSON"),
            help="who asks (default: the variable PORTAL_PERSON)",
        )
        parser.add_argument("--publish", action="store_true", help="publish it at once")
        parser.add_argument(
            "--param",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="value of a parameter of the file; may be given several times",
        )
        parser.add_argument(
            "--replace-draft", action="store_true", help="also when a draft waits, which is lost"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, keep."""
        person = self._person(options["person"])
        tenant = named_tenant(options["tenant"], person, Action.EDIT_PROFILE)
        self._source = named_source(tenant, options["source"])
        values = dict(self._parameter(each) for each in options["param"])
        try:
            text = decode(options["file"].read_bytes())
            if options["publish"]:
                self._publish(tenant, text, values, person, options["file"].name)
            else:
                self._draft(tenant, text, values, person, replace=options["replace_draft"])
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        except FileError as error:
            raise CommandError("\n".join(self._lines(options["file"], error))) from error
        except DraftWaits as error:
            raise CommandError(f"{error} On the command line: --replace-draft.") from error
        except SharingRefused as error:
            raise CommandError(str(error)) from error

    def _publish(
        self, tenant: Tenant, text: str, values: dict[str, str], person: User, name: str
    ) -> None:
        definition = from_yaml(text, values, parse=sharing.parse_for(tenant)).definition
        note = f"From {name}"[:300]
        version = publish(
            tenant=tenant, definition=definition, by=person, note=note, source=self._source
        )
        pilot = " It may be used for a pilot only, until one has finished."
        self.stdout.write(
            f"{tenant}: version {version.number} is current.{pilot if version.needs_pilot else ''}"
        )

    def _draft(
        self, tenant: Tenant, text: str, values: dict[str, str], person: User, *, replace: bool
    ) -> None:
        profile = sharing.profile_of(tenant, self._source)
        profile = sharing.import_profile(
            tenant=tenant,
            text=text,
            by=person,
            values=values,
            replaces=profile.draft_revision if profile and replace else None,
            source=self._source,
        )
        self.stdout.write(f"{tenant}: the file is the draft, revision {profile.draft_revision}.")

    def _lines(self, path: Path, error: FileError) -> list[str]:
        found = []
        for problem in error.problems:
            said = f"{problem.target}: {problem.message}" if problem.target else problem.message
            found.append(f"{path}:{problem.line}:{problem.column}: {said}")
        return found

    def _parameter(self, text: str) -> tuple[str, str]:
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise CommandError(f"--param {text}: write NAME=VALUE.")
        return name.strip(), value.strip()

    def _person(self, email: str | None) -> User:
        if not email:
            raise CommandError("A profile is changed by a person: name yourself with --as EMAIL.")
        person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if person is None:
            raise CommandError(f"No person signs in as {email!r}. Add one with add_person.")
        return person
