"""Reading a directory back from the command line: `manage.py reconcile TENANT [--sample N]`."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from billing.domain.pricing import show
from provisioning.domain.verification import share_interval
from provisioning.management.commands.sync import Command as SyncCommand
from provisioning.management.people import named_tenant
from provisioning.management.sources import add_source_option, named_source
from provisioning.models import Job
from provisioning.selectors import redacted_paths
from provisioning.selectors.reports import report_of
from provisioning.services import approval
from provisioning.services.decisions import DecisionRefused
from provisioning.services.queueing import QueueRefused
from provisioning.services.reconciling import forecast_of, price_of, queue_reconcile, source_for
from provisioning.templatetags.reconciling_ui import drift_label, drift_text, share

_SHOWN = 20


class Command(SyncCommand):
    """Says what reading takes, reads, and prints the drift; writes ours back only when told to."""

    help = "Read a tenant's directory back and print what drifted; with --apply, write ours back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Tenant, sample, who asks, and whether only the price is asked for."""
        parser.add_argument("tenant", help="slug of the tenant")
        add_source_option(parser)
        parser.add_argument("--sample", type=int, metavar="N", help="only N accounts at random")
        parser.add_argument("--price", action="store_true", help="only say what it would take")
        parser.add_argument(
            "--as", dest="person", metavar="EMAIL", help="who asks; needed for --apply"
        )
        parser.add_argument("--apply", action="store_true", help="write our values back")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--timeout", type=float, default=3600.0, help="seconds to wait for the worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Forecast, read, and perhaps approve and follow the applying."""
        person = self._person(options["person"]) if options["person"] else None
        if person is None and options["apply"]:
            raise CommandError("An approval is a person's: name yourself with --as EMAIL.")
        tenant = named_tenant(options["tenant"], person, *self._asked(options))
        self._until = time.monotonic() + options["timeout"]
        try:
            source = source_for(tenant, named_source(tenant, options["source"]))
            found = forecast_of(source, options["sample"])
            cost = price_of(tenant, found.calls, timezone.now())
            amount = ", ".join(show(*each) for each in cost.amounts.items()) or "no price"
            self.stderr.write(f"{found.calls} calls, {amount}")
            if options["price"]:
                return
            job = queue_reconcile(tenant=tenant, by=person, sample=options["sample"], source=source)
            job = self._follow(job, {Job.State.PLANNING})
            if person and options["apply"] and job.state == Job.State.PLANNED:
                approval.approve(job=job, by=person)
            job = self._follow(job, {Job.State.APPLYING})
        except (QueueRefused, DecisionRefused) as error:
            raise CommandError(str(error)) from error
        self._tell(job, as_json=options["json"])
        if job.failed or job.state not in (Job.State.PLANNED, Job.State.FINISHED):
            raise CommandError(self._complaint(job), returncode=2)

    def _complaint(self, job: Job) -> str:
        if job.state == Job.State.STOPPED and job.comparison:
            return " ".join([*job.comparison["reasons"], "Decide on the job's page."])
        return super()._complaint(job)

    def _tell(self, job: Job, *, as_json: bool) -> None:
        if as_json:
            drift = {"drift": self._rows(job, None), "reading": self._reading(job)}
            self.stdout.write(json.dumps(report_of(job) | drift, indent=2, ensure_ascii=False))
            return
        self._print(job, as_json=False)
        reading = self._reading(job)
        if reading:
            self.stdout.write(
                f"  drifted {reading['drifted']} of {reading['checked']}"
                f" ({share(reading['low'])} to {share(reading['high'])} of all),"
                f" missing {reading['missing']}, not managed {reading['unmanaged']},"
                f" groups {reading['groups_drifted']}"
            )
        for row in self._rows(job, _SHOWN):
            sides = f"{row['ours']!r} -> {row['theirs']!r}"
            self.stdout.write(f"  {row['kind']:10} {row['key']}  {row['what']}  {sides}")

    def _rows(self, job: Job, most: int | None) -> list[dict[str, Any]]:
        redacted = redacted_paths(job)
        return [
            {
                "kind": row.kind,
                "key": row.record_key or row.key or row.entra_id,
                "what": drift_label(row.path),
                "path": row.path,
                "ours": drift_text(row, "ours", redacted),
                "theirs": drift_text(row, "theirs", redacted),
                "decision": row.decision,
                "note": row.note,
            }
            for row in job.drift.all()[:most]
        ]

    def _reading(self, job: Job) -> dict[str, Any]:
        reading = job.reconciliation
        if reading.read_at is None:
            return {}
        low, high = share_interval(reading.drifted, reading.checked, reading.managed)
        names = ("users", "checked", "managed", "drifted", "missing", "returned", "unmanaged")
        figures = {name: getattr(reading, name) for name in (*names, "groups_drifted")}
        promised = {"promised_calls": reading.promised_calls}
        return figures | promised | {"low": low, "high": high}
