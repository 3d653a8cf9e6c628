"""The main job from the command line: `manage.py sync TENANT [--file people.csv] [--apply]`."""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from billing.domain.pricing import show
from billing.selectors import job_cost
from provisioning.domain.attributes import USER_NAME
from provisioning.domain.records import fold_key
from provisioning.domain.redaction import shown_state, shown_text
from provisioning.management.people import named_tenant
from provisioning.management.sources import add_source_option, named_source
from provisioning.models import Job, Lane, Operation, Source
from provisioning.selectors import JobCounts, adoptions_of, counts_of, redacted_paths, way_in_of
from provisioning.selectors.reports import report_of
from provisioning.services import approval
from provisioning.services.decisions import DecisionRefused
from provisioning.services.estimates import calls_range, price_range, why_differs
from provisioning.services.on_demand import person_named, send_on_demand
from provisioning.services.queueing import QueueRefused, queue_from_snapshot
from provisioning.services.uploads import accept_upload
from tenants.domain.roles import Action
from tenants.management.base import OperatorCommand
from tenants.models import Tenant, User

_POLL_SECONDS = 0.2
_TELL_SECONDS = 3.0
_PATIENCE_SECONDS = 20.0
_SHOWN = 20

_INCLUDED = ("include_withheld", "include_adoptions", "include_transfers", "include_deletes")


def _wrong_arguments(parser: CommandParser, message: str) -> NoReturn:
    parser.print_usage(sys.stderr)
    parser.exit(1, f"{parser.prog}: error: {message}\n")


class Command(OperatorCommand):
    """Plans a file and prints the plan with its price; applies it only when told to."""

    help = "Plan the people of a CSV file, or of the last one; with --apply, apply the plan."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Wrong arguments end with status 1: 2 says that a job did not come to its end."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if parser.called_from_command_line:
            parser.error = partial(_wrong_arguments, parser)  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Tenant, file, who asks, and what was decided beforehand."""
        parser.add_argument("tenant", help="slug of the tenant")
        add_source_option(parser)
        parser.add_argument(
            "--file", type=Path, help="CSV file (default: the last read that is kept)"
        )
        parser.add_argument(
            "--pilot", type=int, metavar="N", help="only the first N people; nobody is disabled"
        )
        parser.add_argument(
            "--person", metavar="KEY", dest="subject", help="one person on demand, by key or name"
        )
        parser.add_argument(
            "--as",
            dest="person",
            metavar="EMAIL",
            default=os.environ.get("PORTAL_PERSON"),
            help="who asks; needed for --apply (default: the variable PORTAL_PERSON)",
        )
        self._add_decisions(parser)
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--timeout", type=float, default=3600.0, help="seconds to wait for the worker"
        )

    def _add_decisions(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="approve the plan and apply it")
        parser.add_argument(
            "--accept-loss", action="store_true", help="plan although the guard stops the file"
        )
        parser.add_argument(
            "--include-withheld",
            action="store_true",
            help="also carry out changes in doubt: people and members who may be missing only"
            " because a key was unreadable, groups whose earlier creation ended unknown",
        )
        parser.add_argument(
            "--include-adoptions",
            action="store_true",
            help="also take over existing accounts that the profile's matching finds",
        )
        parser.add_argument(
            "--adopt",
            action="append",
            default=[],
            metavar="KEY",
            help="take over the existing account of this person only; may be repeated",
        )
        parser.add_argument(
            "--include-deletes",
            action="store_true",
            help="also delete accounts that were outside the profile's scope for long enough",
        )
        parser.add_argument(
            "--include-transfers",
            action="store_true",
            help="also take over accounts of other sources whose person has changed to this one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Upload, follow the planning, and perhaps approve and follow the applying."""
        person = self._person(options["person"]) if options["person"] else None
        if person is None and (options["apply"] or options["accept_loss"]):
            raise CommandError("An approval is a person's: name yourself with --as EMAIL.")
        tenant = named_tenant(options["tenant"], person, *self._asked(options))
        source = named_source(tenant, options["source"])
        self._until = time.monotonic() + options["timeout"]
        try:
            job = self._queue(tenant, source, options, person)
            job = self._plan(job, person, accept_loss=options["accept_loss"])
            if person and options["apply"] and job.state == Job.State.PLANNED:
                included = {name: options[name] for name in _INCLUDED}
                adopt = self._adoptions(job, options["adopt"])
                approval.approve(job=job, by=person, **included, adopt=adopt)
            job = self._follow(job, {Job.State.APPLYING})
        except (QueueRefused, DecisionRefused) as error:
            raise CommandError(str(error)) from error
        self._print(job, as_json=options["json"])
        if job.failed or job.state not in (Job.State.PLANNED, Job.State.FINISHED):
            raise CommandError(self._complaint(job), returncode=2)

    def _asked(self, options: dict[str, Any]) -> list[Action]:
        """What the person has to be allowed, so that nothing is queued that they cannot end."""
        decides = options["apply"] or options.get("accept_loss")
        return [Action.UPLOAD, Action.APPROVE] if decides else [Action.UPLOAD]

    def _person(self, email: str) -> User:
        person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if person is None:
            raise CommandError(f"No person signs in as {email!r}. Add one with add_person.")
        return person

    def _adoptions(self, job: Job, keys: Sequence[str]) -> list[int]:
        """Operations of the people named by their source keys."""
        wanted = {fold_key(key): key for key in keys}
        found = adoptions_of(job).filter(folded_key__in=wanted)
        pks = dict(found.values_list("folded_key", "pk"))
        missing = [key for folded, key in wanted.items() if folded not in pks]
        if missing:
            raise CommandError(
                f"The plan adopts no account for {', '.join(missing)}. It waits; see job {job.pk}."
            )
        return list(pks.values())

    def _queue(
        self, tenant: Tenant, source: Source | None, options: dict[str, Any], person: User | None
    ) -> Job:
        path: Path | None = options["file"]
        pilot: int | None = options["pilot"]
        if options["subject"] is not None:
            if path or pilot:
                raise CommandError("--person sends one of the last read: no --file, no --pilot.")
            key = person_named(tenant, options["subject"], source).key
            return send_on_demand(tenant=tenant, key=key, by=person, source=source)
        if path is None:
            kind = Job.Kind.SYNC if pilot is None else Job.Kind.PILOT
            return queue_from_snapshot(
                tenant=tenant, kind=kind, size=pilot, by=person, source=source
            )
        try:
            with path.open("rb") as file:
                return accept_upload(
                    tenant=tenant,
                    file=file,
                    file_name=path.name,
                    by=person,
                    pilot_size=pilot,
                    source=source,
                )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from error

    def _plan(self, job: Job, person: User | None, *, accept_loss: bool) -> Job:
        if person and job.state == Job.State.STOPPED and accept_loss:
            approval.accept_loss(job=job, by=person)
        return self._follow(job, {Job.State.PLANNING})

    def _follow(self, job: Job, busy: set[Job.State]) -> Job:
        """Wait while the worker is on it; a problem that lasts ends the waiting, not the job."""
        well_at = told_at = time.monotonic()
        while True:
            job = Job.objects.select_related("tenant", "customer").get(pk=job.pk)
            if job.state not in busy:
                return job
            now = time.monotonic()
            well_at = well_at if job.problem else now
            if now - well_at > _PATIENCE_SECONDS:
                raise CommandError(f"Job {job.pk} waits: {job.problem} It goes on by itself then.")
            if now > self._until:
                raise CommandError(
                    f"Job {job.pk} still runs; nothing is lost. Is a worker running?"
                )
            if now - told_at > _TELL_SECONDS:
                told_at = now
                self.stderr.write(self._progress(job))
            time.sleep(_POLL_SECONDS)

    def _progress(self, job: Job) -> str:
        if job.problem:
            return f"{job}: {job.problem}"
        if Lane.objects.filter(tenant=job.tenant, holder="", wake_at__lt=timezone.now()).exists():
            return f"{job}: waiting for a worker to take it. Is one running?"
        if job.state == Job.State.APPLYING:
            return f"{job}: {job.settled} of {job.total}"
        return f"{job}: {job.get_state_display().lower()}"

    def _print(self, job: Job, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report_of(job), indent=2, ensure_ascii=False))
            return
        lines = self._plan_lines(job) if job.state == Job.State.PLANNED else self._report_lines(job)
        self.stdout.write("\n".join([f"{job}: {job.get_state_display()}", *lines]))

    def _plan_lines(self, job: Job) -> list[str]:
        counts = counts_of(job)
        lines = [f"  {job.title.lower()}"] if job.kind != Job.Kind.SYNC else []
        lines += [
            f"  read {job.people}, held {job.held}, unchanged {job.unchanged},"
            f" inactive without an account {job.inactive}, out of scope {job.out_of_scope}",
            f"  create {counts.create}, update {counts.update}, disable {counts.disable},"
            f" enable {counts.enable}, leave alone {counts.leave}",
        ]
        lines += self._group_lines(counts)
        lines.append(f"  {job.planned_calls} calls, {self._price(job)}")
        lines += self._range_lines(job)
        if job.first_approved_by:
            lines.append(f"  approved by {job.first_approved_by}; deletes take a second person")
        if job.approval:
            lines += [f"  needs a person: {reason}" for reason in job.approval["reasons"]]
        lines += self._withheld_lines(counts)
        lines += [
            f"  changes although nothing in the source did: {path} ({number} people)"
            for path, number in job.flapping.items()
        ]
        if counts.create:
            lines.append(f"  new accounts: {way_in_of(job)}")
        lines += [
            f"  held: line {row.line}: {row.message}" for row in job.held_records.all()[:_SHOWN]
        ]
        redacted = redacted_paths(job)
        lines += [self._line(operation, redacted) for operation in job.operations.all()[:_SHOWN]]
        if job.operations.count() > _SHOWN:
            lines.append(f"  ... {job.operations.count() - _SHOWN} more (--json prints all)")
        return lines

    def _group_lines(self, counts: JobCounts) -> list[str]:
        if not (counts.on_groups or counts.group_leave):
            return []
        return [
            f"  groups: create {counts.group_create}, adopt {counts.group_adopt}, change"
            f" {counts.group_change}, add members {counts.member_add} calls, remove members"
            f" {counts.member_remove}, delete {counts.group_delete}, leave alone"
            f" {counts.group_leave}"
        ]

    def _withheld_lines(self, counts: JobCounts) -> list[str]:
        """What needs a yes of its own, each with the switch that says it."""
        needs = (
            (counts.doubtful, "changes in doubt need --include-withheld"),
            (counts.adopt, "existing accounts need --include-adoptions or --adopt KEY"),
            (counts.transfer, "accounts of other sources need --include-transfers"),
            (counts.deletes, "deletions need --include-deletes"),
        )
        return [f"  {number} {what}" for number, what in needs if number]

    def _line(self, operation: Operation, redacted: frozenset[str]) -> str:
        before = shown_state(operation.before, redacted)
        changes = "; ".join(
            f"{path}: {before.get(path)!r} -> {value!r}"
            for path, value in shown_state(operation.after, redacted).items()
            if operation.kind != Operation.Kind.CREATE
        )
        reason = shown_text(operation.reason, (operation.before, operation.after), redacted)
        return f"  {operation.kind:8} {self._name(operation, redacted)}  {changes or reason}"

    def _name(self, operation: Operation, redacted: frozenset[str]) -> str:
        if operation.on_group:
            members = ", ".join(key or entra_id for key, entra_id in operation.members)
            return f"{operation.person}: {members}" if members else operation.person
        return operation.key if USER_NAME in redacted else operation.user_name

    def _failure(self, operation: Operation, redacted: frozenset[str]) -> str:
        states = (operation.before, operation.after)
        told = shown_text(f"{operation.message} {operation.detail}", states, redacted)
        return f"  failed: {self._name(operation, redacted)}: {told}"

    def _price(self, job: Job) -> str:
        if job.unit_price is None:
            return "no price"
        return show(job.currency, job.planned_calls * job.unit_price)

    def _range_lines(self, job: Job) -> list[str]:
        """What to reckon with, without what needs a yes of its own."""
        if job.expected_calls is None:
            return []
        lines = [f"  predicted calls: {calls_range(job)}; {price_range(job)}"]
        return lines + [f"    {_moves(reason)}: {reason['text']}" for reason in job.reasons]

    def _made_lines(self, job: Job, calls: int) -> list[str]:
        made = job.since_plan(calls)
        if job.expected_calls is None or made is None or not job.approved_at:
            return []
        outside = why_differs(job, made)
        verdict = f"outside. {outside}" if outside else "inside"
        return [f"  predicted calls: {calls_range(job)}; made {made:,}: {verdict}"]

    def _report_lines(self, job: Job) -> list[str]:
        cost = job_cost(job.tenant, job.label)
        amounts = ", ".join(show(*item) for item in cost.amounts.items()) or "nothing to pay"
        lines = [
            f"  read {job.people}, held {job.held}, unchanged {job.unchanged}",
            f"  created {job.created}, updated {job.updated}, disabled {job.disabled},"
            f" enabled {job.enabled}, adopted {job.adopted}, deleted {job.deleted},"
            f"{f' transferred {job.transferred},' if job.transferred else ''}"
            f" failed {job.failed}, skipped {job.skipped}",
            f"  groups created {job.groups_created}, changed {job.groups_changed}, deleted"
            f" {job.groups_deleted}; members added {job.members_added}, removed"
            f" {job.members_removed}",
            f"  {cost.calls} calls, {cost.billable} billable, {cost.uncertain} uncertain,"
            f" {amounts}",
        ]
        lines += self._made_lines(job, cost.calls)
        if job.state == Job.State.STOPPED and job.comparison:
            lines += [f"  {reason}" for reason in job.comparison["reasons"]]
        failed = job.operations.filter(state=Operation.State.FAILED)[:_SHOWN]
        redacted = redacted_paths(job)
        return lines + [self._failure(operation, redacted) for operation in failed]

    def _complaint(self, job: Job) -> str:
        if job.state == Job.State.STOPPED:
            return "The guard stopped this file; --accept-loss plans it nevertheless."
        if job.failed:
            return f"{job.failed} operation{'' if job.failed == 1 else 's'} failed."
        return f"The job is {job.get_state_display().lower()}. {job.problem}"


def _moves(reason: dict[str, Any]) -> str:
    """How far a reason moves the calls: "-2 to +5"."""
    moves = [f"-{reason['fewer']}"] if reason["fewer"] else []
    moves += [f"+{reason['more']}"] if reason["more"] else []
    return " to ".join(moves)
